#include "tests/fuzz/seeds/history.h"

#include <fstream>

namespace plenum::seeds {

const net::Mac kDirector{{2, 0, 0, 0, 0, 1}}, kClient{{2, 0, 0, 0, 0, 2}};

net::Address ip(const char* text) { return net::Address::parse(text).value(); }

void write(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
}

void record(Bytes& history, What what, std::uint8_t how, View bytes) {
  history.insert(history.end(),
                 {what, how, static_cast<std::uint8_t>(bytes.size()), static_cast<std::uint8_t>(bytes.size() >> 8)});
  packet::append(history, bytes);
}

void tune(Bytes& history, std::uint32_t choice) {
  record(history, kTune, static_cast<std::uint8_t>(choice),
         Bytes{static_cast<std::uint8_t>(choice >> 8), static_cast<std::uint8_t>(choice >> 16)});
}

Bytes text(const std::string& from) { return {from.begin(), from.end()}; }

Frame request(bool v6, std::uint8_t protocol, std::uint16_t sport, std::uint16_t dport) {
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

net::Address vip(bool v6, int which) {
  return ip(((v6 ? "2001:db8:f::1" : "203.0.113.1") + std::to_string(which)).c_str());
}

net::Address client(bool v6, int host) {
  return ip(((v6 ? "2001:db8:c::" : "198.51.100.") + std::to_string(host)).c_str());
}

std::uint8_t trio(bool v6, int which) { return static_cast<std::uint8_t>((v6 ? 212 : 170) + 3 * which); }

}  // namespace plenum::seeds
