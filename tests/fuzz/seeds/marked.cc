// What netfilter marked, brought back by the device that is there for it: flows, fragments, errors by and
// about them, and frames on that device that are nothing of the kind.

#include "tests/fuzz/seeds/history.h"

namespace plenum::seeds {

namespace {

// Marks of DirectorWorld::add_persistent_services(), and one that no service is for.
constexpr std::uint8_t kPlain = 5, kPersistent = 6, kOnePacket = 7, kNobody = 9;
// The trio of kPlain.
constexpr int kPlainTrio = 10;
// Of records of frames: they come in by the port of marked packets.
constexpr std::uint8_t kAtThePort = 0x40;

// To a port of the marks' address that no rule of the file is about.
Frame fresh(bool v6, std::uint8_t protocol, int which, int host = 8) {
  Frame f = request(v6, protocol, static_cast<std::uint16_t>(20000 + which), 4000);
  f.from = client(v6, host);
  f.to = vip(v6, 2);
  return f;
}

// As it comes in, goes up, and comes back.
void come(Bytes& history, const Frame& f, std::uint8_t mark, View parts = {}) {
  record(history, kRaw, 0, f.bytes());
  record(history, kMarked, mark, parts);
}

// One flow for each server of a trio, with what servers and routers say to it.
Bytes flows(bool v6, std::uint8_t protocol, std::uint8_t mark, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  for (int i = 0; i < 3; ++i) {
    Frame f = fresh(v6, protocol, i);
    f.df = i != 1;
    come(out, f, mark);
    record(out, kError, 0);
    record(out, kMarked, mark);
    record(out, kRaw, 0, f.bytes());
    record(out, kMarked, mark);
    record(out, kAnswer, 1);
    record(out, kError, 2);
    record(out, kMarked, mark);
    if (protocol == packet::kTcp) f.flags = packet::kAck;
    if (protocol == packet::kSctp) f.payload = packet::chunk(packet::kCookieEcho);
    f.options = v6 ? Bytes{} : packet::hex("01010101");
    come(out, f, mark);
    come(out, f, kNobody);
  }
  return out;
}

// Whole, in order, the first part last, overlapping, without a transport header.
Bytes in_fragments(bool v6, std::uint8_t protocol) {
  Bytes out;
  tune(out, kMarks | kTraced);
  const Bytes orders[] = {{0, 6, 6, 4, 10, 0}, {10, 0, 6, 4, 0, 6}, {0, 6, 5, 0}, {0, 1, 1, 0}, {6, 0, 0, 6}};
  for (std::uint8_t id = 0; const auto& order : orders) {
    Frame f = fresh(v6, protocol, id);
    f.df = false;
    if (protocol == packet::kSctp)
      f.payload = packet::chunk(packet::kInit, 100);
    else
      f.payload = Bytes(100, 4);
    come(out, f, static_cast<std::uint8_t>(id++ << 4 | kPlain), order);
    record(out, kReturn, 0);
    record(out, kMarked, kPlain);
    record(out, kMarked, static_cast<std::uint8_t>(id << 4 | kPlain | 0x80), order);
    record(out, kReturn, 0);
  }
  return out;
}

// Errors to clients by every way there is and is not: no hop left, no server.
Bytes errors(bool v6, std::uint8_t protocol, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  for (int host = 1; host < 9; ++host) {
    Frame f = fresh(v6, protocol, host, host);
    f.ttl = 1;
    come(out, f, kPlain);
    record(out, kMarked, kPlain);
  }
  for (std::uint8_t server = 0; server < 3; ++server)
    record(out, kChange, static_cast<std::uint8_t>(trio(v6, kPlainTrio) + server), Bytes{6});
  for (int host = 1; host < 9; ++host) {
    Frame f = fresh(v6, protocol, 20 + host, host);
    f.vlans = {3};
    come(out, f, kPlain);
    record(out, kMarked, static_cast<std::uint8_t>(host << 4 | kPlain), Bytes{0, 2, 2, 0});
  }
  return out;
}

// Datagrams too large for a server's tunnel, which may be cut and may not.
Bytes too_large(bool v6, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  for (int i = 0; i < 6; ++i) {
    Frame f = fresh(v6, packet::kUdp, i, 3 + i);
    f.df = i > 2;
    f.payload = Bytes(1440, 6);
    come(out, f, kPlain);
    record(out, kReturn, 0);
  }
  return out;
}

// Errors brought back, about packets that the marks' address is said to have sent.
Bytes quoted(bool v6, std::uint8_t protocol) {
  Bytes out;
  tune(out, kMarks | kScheduleIcmp);
  for (int which = 0; const std::uint8_t mark : {kPlain, kPlain, kPlain, kPersistent, kNobody}) {
    Frame said = fresh(v6, protocol, which++);
    std::swap(said.from, said.to);
    std::swap(said.sport, said.dport);
    Frame error = request(v6, v6 ? packet::kIcmpv6 : packet::kIcmp, 0);
    error.from = ip(v6 ? "2001:db8:e::1" : "192.0.2.1");
    error.to = said.from;
    error.icmp_type = v6 ? 2 : 3;
    error.icmp_code = v6 ? 0 : 4;
    error.icmp_rest = 1280;
    error.payload = said.packet();
    come(out, error, mark);
    come(out, error, mark);
  }
  return out;
}

// For the director itself: counted once, whichever way it comes first.
Bytes local(bool v6) {
  Bytes out;
  tune(out, kMarks | kTraced);
  for (std::uint8_t server = 0; server < 3; ++server)
    record(out, kChange, static_cast<std::uint8_t>(trio(v6, kPlainTrio) + server), Bytes{8});
  for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp}) {
    Frame f = fresh(v6, protocol, 0);
    come(out, f, kPlain);
    if (protocol == packet::kTcp) f.flags = packet::kAck;
    come(out, f, kPlain);
    record(out, kMarked, kPlain);
  }
  return out;
}

// Whatever else may be on that device: other hosts' frames, its own, all hops, short and odd ones; and
// marked packets by another device.
Bytes at_the_port(bool v6) {
  Bytes out;
  tune(out, kMarks | kTraced);
  Frame f = fresh(v6, packet::kTcp, 0);
  record(out, kRaw, kAtThePort, f.bytes());
  f.to_mac = {{2, 0, 0, 0, 0, 4}};
  f.from_mac = {{2, 0x50, kPersistent, 0, 0, 0}};
  record(out, kRaw, kAtThePort, f.bytes());
  record(out, kAnswer, kAtThePort);
  f.to_mac = {{2, 0x50, 0x4c, 0, 0, 1}};
  record(out, kRaw, 0, f.bytes());
  for (const std::uint8_t hops : {0, 1, 2, 127, 254, 255}) {
    f.ttl = hops;
    ++f.sport;
    record(out, kRaw, kAtThePort, f.bytes());
  }
  // Both DF and the bit in its place; and a wrong sum.
  Bytes odd = f.bytes();
  odd[20] |= 0x80;
  record(out, kRaw, kAtThePort, odd);
  f.vlans = {3};
  record(out, kRaw, kAtThePort, f.bytes());
  f.vlans.clear();
  f.ethertype = 0x0806;
  record(out, kRaw, kAtThePort, f.bytes());
  f.ethertype = v6 ? 0x0800 : 0x86dd;
  record(out, kRaw, kAtThePort, f.bytes());
  odd = fresh(v6, packet::kUdp, 0).bytes();
  odd[0] = 2;
  odd[1] = 0x50;
  odd[2] = 0x4c;
  for (const std::size_t size : {14, 33, 34, 53, 54}) {
    odd.resize(size);
    record(out, kRaw, kAtThePort, odd);
  }
  return out;
}

}  // namespace

void write_marked(const std::filesystem::path& to, bool v6) {
  const std::string family = v6 ? "v6-marked-" : "v4-marked-";
  for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp}) {
    const std::string by = std::to_string(protocol);
    for (const std::uint8_t mark : {kPlain, kPersistent, kOnePacket, kNobody})
      write(to / (family + by + "-" + std::to_string(mark)), flows(v6, protocol, mark, kMarks | kTraced));
    write(to / (family + by + "-off"), flows(v6, protocol, kPlain, kTraced));
    write(to / (family + by + "-all"), flows(v6, protocol, kPlain, kMarks | kSync | kAllTuning));
    write(to / (family + by + "-fragments"), in_fragments(v6, protocol));
    write(to / (family + by + "-errors"), errors(v6, protocol, kMarks | kTraced));
    write(to / (family + by + "-errors-no-xmit"), errors(v6, protocol, kMarks | kNoXmit | kNoKeeper));
    write(to / (family + by + "-quoted"), quoted(v6, protocol));
  }
  write(to / (family + "large"), too_large(v6, kMarks | kTraced));
  write(to / (family + "large-no-keeper"), too_large(v6, kMarks | kNoKeeper));
  write(to / (family + "local"), local(v6));
  write(to / (family + "port"), at_the_port(v6));
}

}  // namespace plenum::seeds
