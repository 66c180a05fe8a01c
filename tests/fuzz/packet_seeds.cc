// Writes the seeds of director_fuzz and realserver_fuzz: packet_seeds DIRECTORY, which holds
// the corpora. Run by hand when the inputs' form or the worlds change.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/packet/frame.h"

namespace {

namespace fs = std::filesystem;
using namespace plenum;
using packet::Bytes;
using packet::Frame;
using packet::View;

enum What : std::uint8_t { kRaw, kRepaired, kTime, kChange, kAge, kAnswer, kError, kAgain, kTune, kPieces, kReturn };

const net::Mac kDirector{{2, 0, 0, 0, 0, 1}}, kClient{{2, 0, 0, 0, 0, 2}};

net::Address ip(const char* text) { return net::Address::parse(text).value(); }

void write(const fs::path& path, const Bytes& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
}

void record(Bytes& history, What what, std::uint8_t how, View bytes = {}) {
  history.insert(history.end(),
                 {what, how, static_cast<std::uint8_t>(bytes.size()), static_cast<std::uint8_t>(bytes.size() >> 8)});
  packet::append(history, bytes);
}

Frame request(bool v6, std::uint8_t protocol, std::uint16_t sport, std::uint16_t dport = 80) {
  Frame f;
  f.to_mac = kDirector;
  f.from_mac = kClient;
  f.from = ip(v6 ? "2001:db8:c::7" : "198.51.100.8");
  f.to = ip(v6 ? "2001:db8:f::10" : "203.0.113.10");
  f.protocol = protocol;
  f.sport = sport;
  f.dport = dport;
  if (protocol == packet::kTcp) f.flags = packet::kSyn;
  f.payload = protocol == packet::kSctp ? packet::chunk(packet::kInit, 16) : packet::hex("68656c6c6f");
  if (protocol == packet::kTcp) f.payload.clear();
  return f;
}

// One flow's life through one server: made, answered, complained about, closed.
Bytes life(bool v6, std::uint8_t protocol, std::uint16_t sport, std::uint16_t dport) {
  Bytes out;
  Frame f = request(v6, protocol, sport, dport);
  record(out, kRaw, 0, f.bytes());
  record(out, kAnswer, 1);
  record(out, kError, 0);
  record(out, kAgain, 0);
  record(out, kError, 10);
  record(out, kTime, 1);
  if (protocol == packet::kTcp) f.flags = packet::kAck;
  f.payload = protocol == packet::kSctp ? packet::chunk(packet::kData, 600) : Bytes(700, 0x55);
  record(out, kRaw, 0, f.bytes());
  record(out, kError, 2);
  if (protocol == packet::kTcp) f.flags = packet::kFin | packet::kAck;
  f.payload.clear();
  f.vlans = {7};
  record(out, kRaw, 1, f.bytes());
  record(out, kChange, static_cast<std::uint8_t>(sport), Bytes{0});
  record(out, kAgain, 0);
  record(out, kTime, 200, Bytes{1});
  record(out, kAge, 0);
  return out;
}

// More flows than the table holds.
Bytes crowd(bool v6) {
  Bytes out;
  for (std::uint16_t i = 0; i < 60; ++i) {
    record(out, kRaw, 0,
           request(v6, i % 3 == 0 ? packet::kUdp : packet::kTcp, static_cast<std::uint16_t>(5000 + i)).bytes());
    if (i % 16 == 15) record(out, kTime, 9);
  }
  return out;
}

Bytes oddities(bool v6) {
  Bytes out;
  Frame f = request(v6, packet::kUdp, 700);
  f.ttl = 1;
  record(out, kRaw, 0, f.bytes());
  f.ttl = 64;
  f.vlans = {3, 4};
  record(out, kRaw, 0, f.bytes());
  f.vlans.clear();
  f.more_fragments = !v6;
  record(out, kRaw, 0, f.bytes());
  f.more_fragments = false;
  f.df = false;
  f.payload = Bytes(1460, 1);
  if (v6)
    f.extensions = {{packet::kHopByHop, Bytes(6, 0)}, {packet::kDestinationOptions, Bytes(14, 0)}};
  else
    f.options = packet::hex("01010101 94040000");
  record(out, kRaw, 0, f.bytes());
  f.udp_checksum = false;
  record(out, kRaw, 0, f.bytes());
  for (std::uint16_t port : {81, 82, 82, 82, 83}) {
    Frame g = request(v6, packet::kUdp, static_cast<std::uint16_t>(800 + port), port);
    g.payload = Bytes(900, 2);
    g.padded_to = 1100;
    record(out, kRaw, 0, g.bytes());
    record(out, kAnswer, 1);
  }
  Frame ping = request(v6, v6 ? packet::kIcmpv6 : packet::kIcmp, 0);
  ping.icmp_type = v6 ? 128 : 8;
  record(out, kRepaired, 0, ping.bytes());
  return out;
}

// Lives under other settings: all bits of tuning, synchronisation, dropping.
Bytes tuned(bool v6, std::uint8_t protocol, std::uint8_t low, std::uint8_t middle, std::uint8_t high) {
  Bytes out;
  record(out, kTune, low, Bytes{middle, high});
  packet::append(out, life(v6, protocol, 3000, 80));
  Frame stray = request(v6, protocol, 8080, 4000);
  stray.from = ip(v6 ? "2001:db8:1::b" : "10.0.0.11");
  stray.flags = packet::kAck;
  record(out, kRepaired, 0, stray.bytes());
  return out;
}

// Datagrams and segments in fragments: in order, the first one last, overlapping, twice, without a
// transport header; answers in fragments; and packets too large for the path.
Bytes in_fragments(bool v6, std::uint8_t protocol, std::uint16_t servers_before) {
  Bytes out;
  for (std::uint16_t skip = 0; skip < servers_before; ++skip)
    record(out, kRaw, 0, request(v6, protocol, static_cast<std::uint16_t>(100 + skip)).bytes());
  Frame f = request(v6, protocol, 2000);
  f.df = false;
  if (protocol == packet::kUdp) f.payload = Bytes(100, 3);
  record(out, kRaw, 0, f.bytes());
  if (protocol == packet::kTcp) f.flags = packet::kAck;
  f.payload = protocol == packet::kSctp ? packet::chunk(packet::kData, 100) : Bytes(100, 4);
  record(out, kRaw, 0, f.bytes());
  const Bytes orders[] = {
      {0, 6, 6, 4, 10, 0}, {10, 0, 6, 4, 0, 6}, {0, 6, 5, 0}, {0, 6, 0, 6, 6, 0, 6, 0}, {0, 1, 1, 0}, {6, 0, 0, 6},
  };
  std::uint8_t id = 1;
  for (const auto& order : orders) {
    record(out, kPieces, id++, order);
    record(out, kReturn, 0);
  }
  record(out, kAnswer, 0);
  record(out, kAgain, 0);
  for (const auto& order : orders) record(out, kPieces, id++, order);
  record(out, kReturn, 0);
  record(out, kTime, 4, Bytes{1});
  record(out, kPieces, 1, orders[0]);
  Frame large = request(v6, packet::kUdp, 2001, 82);
  large.df = false;
  large.payload = Bytes(1200, 5);
  for (int i = 0; i < 4; ++i) {
    large.sport = static_cast<std::uint16_t>(2001 + i);
    record(out, kRaw, 0, large.bytes());
    record(out, kPieces, static_cast<std::uint8_t>(50 + i), Bytes{0, 100, 100, 0});
  }
  return out;
}

void director(const fs::path& to) {
  for (const bool v6 : {false, true}) {
    const std::string family = v6 ? "v6" : "v4";
    for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp})
      for (std::uint16_t i = 0; i < 3; ++i) {
        // Schedulers begin with their first server: flows before it lead on to the next ones.
        Bytes history;
        for (std::uint16_t skip = 0; skip < i * 2; ++skip)
          record(history, kRaw, 0, request(v6, protocol, static_cast<std::uint16_t>(100 + skip)).bytes());
        packet::append(history, life(v6, protocol, static_cast<std::uint16_t>(1000 + i), 80));
        write(to / (family + "-" + std::to_string(protocol) + "-" + std::to_string(i)), history);
      }
    for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp}) {
      write(to / (family + "-tuned-" + std::to_string(protocol)), tuned(v6, protocol, 0xf4, 0xbf, 0));
      write(to / (family + "-dropped-" + std::to_string(protocol)), tuned(v6, protocol, 0x10, 0x20, 2));
    }
    for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp})
      for (std::uint16_t before = 0; before < 7; ++before)
        write(to / (family + "-fragments-" + std::to_string(protocol) + "-" + std::to_string(before)),
              in_fragments(v6, protocol, before));
    write(to / (family + "-crowd"), crowd(v6));
    write(to / (family + "-oddities"), oddities(v6));
  }
}

// Leaves of a TCP segment's checksum the sum of its pseudo header.
void partial(Bytes& packet, bool v6) {
  const std::size_t header = v6 ? 40 : 20, addresses = v6 ? 8 : 12;
  Bytes pseudo(packet.begin() + static_cast<std::ptrdiff_t>(addresses),
               packet.begin() + static_cast<std::ptrdiff_t>(header));
  packet::put16(pseudo, packet::kTcp);
  packet::put16(pseudo, static_cast<unsigned>(packet.size() - header));
  const unsigned sum = ~packet::internet_checksum({pseudo}) & 0xffffu;
  packet[header + 16] = static_cast<std::uint8_t>(sum >> 8);
  packet[header + 17] = static_cast<std::uint8_t>(sum);
}

// GRE, and checksums over all that is inside; "remote": GUE's option by which the inner one is
// still to be filled in, which the sum of the pseudo header stands for.
void checksums(const fs::path& to) {
  for (const bool outer6 : {false, true})
    for (const bool inner6 : {false, true})
      for (const char* kind : {"gre", "gre-sum", "gue-sum", "gue-remote"}) {
        const std::string name = kind;
        Frame inner = request(inner6, packet::kTcp, 901);
        Frame f;
        f.to_mac = kDirector;
        f.from_mac = kClient;
        f.from = ip(outer6 ? "2001:db8:1::1" : "10.0.0.1");
        f.to = ip(outer6 ? "2001:db8:1::a" : "10.0.0.10");
        if (name.starts_with("gre")) {
          f.protocol = packet::kGre;
          f.payload = packet::gre(inner6 ? 0x86dd : 0x0800, inner.packet(), name == "gre-sum");
        } else {
          Bytes header{0, inner6 ? packet::kIpv6 : packet::kIpIp, 0, 0};
          if (name == "gue-remote") {
            const std::uint8_t start = inner6 ? 40 : 20;
            header = {2, header[1], 0, 1, 0x80, 0, 0, 0, 0, start, 0, static_cast<std::uint8_t>(start + 16)};
          }
          Bytes carried = inner.packet();
          if (name == "gue-remote") partial(carried, inner6);
          f.payload = header;
          packet::append(f.payload, carried);
          f.protocol = packet::kUdp;
          f.sport = 40000;
          f.dport = 6080;
          f.udp_checksum = true;
        }
        Bytes input{11};
        packet::append(input, f.bytes());
        write(to / (std::string(outer6 ? "6" : "4") + (inner6 ? "6-" : "4-") + name), input);
      }
}

void realserver(const fs::path& to) {
  for (const bool outer6 : {false, true})
    for (const bool inner6 : {false, true})
      for (const bool in_udp : {false, true})
        for (const std::uint8_t tos : {0, 3}) {
          Frame inner = request(inner6, packet::kTcp, 900);
          inner.tos = 2;
          Frame f;
          f.to_mac = kDirector;
          f.from_mac = kClient;
          f.from = ip(outer6 ? "2001:db8:1::1" : "10.0.0.1");
          f.to = ip(outer6 ? "2001:db8:1::a" : "10.0.0.10");
          f.tos = tos;
          f.protocol = inner6 ? packet::kIpv6 : packet::kIpIp;
          f.payload = inner.packet();
          if (in_udp) {
            f.payload = packet::gue(f.protocol, f.payload);
            f.protocol = packet::kUdp;
            f.sport = 40000;
            f.dport = 6080;
            f.udp_checksum = tos != 0 || outer6;
          }
          Bytes input{3};
          packet::append(input, f.bytes());
          write(to / (std::string(outer6 ? "6" : "4") + (inner6 ? "6" : "4") + (in_udp ? "-gue-" : "-ip-") +
                      std::to_string(tos)),
                input);
        }
  checksums(to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: packet_seeds DIRECTORY\n";
    return 2;
  }
  director(fs::path(argv[1]) / "director_fuzz");
  realserver(fs::path(argv[1]) / "realserver_fuzz");
  return 0;
}
