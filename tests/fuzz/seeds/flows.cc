// Lives of single flows by every forwarding method, and of many.

#include "tests/fuzz/seeds/history.h"

namespace plenum::seeds {

namespace {

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
  tune(out, low | std::uint32_t{middle} << 8 | std::uint32_t{high} << 16);
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

}  // namespace

void write_flows(const std::filesystem::path& to, bool v6) {
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

}  // namespace plenum::seeds
