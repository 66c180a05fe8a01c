// What a real server takes off: every tunnel, with and without checksums.

#include "tests/fuzz/seeds/history.h"

namespace plenum::seeds {

namespace {

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
void checksums(const std::filesystem::path& to) {
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

}  // namespace

void write_tunnels(const std::filesystem::path& to) {
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

}  // namespace plenum::seeds
