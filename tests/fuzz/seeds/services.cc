// Services of every kind: calls, FTP, persistence, marks, schedulers, what other directors tell.

#include <cstdio>

#include "tests/fuzz/seeds/history.h"

namespace plenum::seeds {

namespace {

// The first server of a trio, who is behind NAT.
net::Address nat_server(bool v6, int which) {
  const int host = 11 + trio(v6, which);
  char hex[8];
  std::snprintf(hex, sizeof hex, "%x", static_cast<unsigned>(host));
  return ip(v6 ? ("2001:db8:1::" + std::string(hex)).c_str() : ("10.0.0." + std::to_string(host)).c_str());
}

// One flow to a service of whatever kind, with what servers and routers say to it.
void visit(Bytes& history, Frame f) {
  for (const std::uint8_t how : {0, 2, 8}) {
    record(history, kRaw, 0, f.bytes());
    record(history, kError, how);
  }
  record(history, kRaw, 0, f.bytes());
  record(history, kAnswer, 0);
  record(history, kError, 0);
  record(history, kAgain, 0);
  record(history, kError, 2);
  if (f.protocol == packet::kTcp) f.flags = packet::kAck | packet::kPsh;
  if (f.protocol == packet::kSctp) f.payload = packet::chunk(packet::kCookieEcho);
  f.df = false;
  record(history, kRaw, 1, f.bytes());
  record(history, kPieces, 7, Bytes{0, 3, 3, 0});
  record(history, kPieces, 8, Bytes{3, 0, 0, 3});
  record(history, kReturn, 0);
}

std::string call(const std::string& id, const std::string& name = "Call-ID") {
  return "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.example.com;branch=z9hG4bK776\r\n" + name + ": " +
         id + "\r\nCSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n";
}

// Calls over UDP, by their long, short and folded names, more than there is room for; and over TCP.
Bytes sip(bool v6, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  const auto send = [&](std::uint8_t protocol, std::uint16_t port, const std::string& message) {
    Frame f = request(v6, protocol, port, 5060);
    f.payload = text(message);
    record(out, kRaw, 0, f.bytes());
  };
  Frame f = request(v6, packet::kUdp, 5060, 5060);
  f.payload = text(call("a84b4c76e66710@pc33.example.com"));
  visit(out, f);
  send(packet::kUdp, 5061, call("a84b4c76e66710@pc33.example.com"));
  send(packet::kUdp, 5062, call("short", "i"));
  send(packet::kUdp, 5063, call("\r\n folded@host", "CALL-ID  "));
  for (const char* wrong : {"two words", "a@b@c", "@b", ""}) send(packet::kUdp, 5064, call(wrong));
  send(packet::kUdp, 5064, call(std::string(256, 'x')));
  send(packet::kUdp, 5064, "OPTIONS sip:x SIP/2.0\r\n\r\n");
  send(packet::kTcp, 5065, call("over-tcp"));
  send(packet::kUdp, 5066, "X\r\nSubject: " + std::string(2100, 's') + "\r\nCall-ID: far\r\n");
  record(out, kChange, trio(v6, 2), Bytes{0});
  for (std::uint16_t i = 0; i < 12; ++i)
    send(packet::kUdp, static_cast<std::uint16_t>(5070 + i), call("call" + std::to_string(i)));
  record(out, kTime, 3, Bytes{1});
  record(out, kAge, 0);
  send(packet::kUdp, 5090, call("call1"));
  record(out, kTime, 40, Bytes{1});
  record(out, kAge, 0);
  record(out, kTime, 40, Bytes{1});
  record(out, kAge, 0);
  return out;
}

// A control connection and the data connections it speaks of, passive and active.
Bytes ftp(bool v6, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  const auto say = [&](std::uint16_t sport, std::uint16_t dport, std::uint8_t flags, const std::string& words) {
    Frame f = request(v6, packet::kTcp, sport, dport);
    f.flags = flags;
    f.payload = text(words);
    record(out, kRaw, 0, f.bytes());
  };
  visit(out, request(v6, packet::kTcp, 2100, 21));
  for (const char* words : {"PORT 198,51,100,8,12,34\r\n", "PASV\r\n", "EPRT |1|198.51.100.8|3106|\r\n", "EPSV\r\n"})
    say(2100, 21, packet::kAck | packet::kPsh, words);
  record(out, kAnswer, 0);
  visit(out, request(v6, packet::kTcp, 2101, 50123));
  say(2102, 20, packet::kSyn, "");
  say(2103, 1023, packet::kSyn, "");
  // A server's own, towards the client.
  Frame data = request(v6, packet::kTcp, 20, 3106);
  data.from = nat_server(v6, 1);
  data.to = client(v6, 8);
  record(out, kRaw, 1, data.bytes());
  say(20, 80, packet::kSyn, "");
  for (std::uint8_t server = 0; server < 3; ++server)
    record(out, kChange, static_cast<std::uint8_t>(trio(v6, 1) + server), Bytes{6});
  say(2104, 21, packet::kSyn, "");
  Frame first = request(v6, packet::kTcp, 2105, 50124);
  first.from = client(v6, 60);
  record(out, kRaw, 0, first.bytes());
  first.to = vip(v6, 3);
  record(out, kRaw, 0, first.bytes());
  record(out, kTime, 200, Bytes{1});
  record(out, kAge, 0);
  return out;
}

struct Visited {
  const char* name;
  int trio;  // -1: none of its own
  std::uint8_t protocol;
  int vip;
  std::uint16_t port;
};

// Services of every kind: clients of one network and of others come, servers go, weigh nothing, are
// overloaded, and come again.
Bytes persistent(bool v6, const Visited& at, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  for (const int host : {8, 9, 8, 77, 200}) {
    Frame f = request(v6, at.protocol, static_cast<std::uint16_t>(3000 + host), at.port);
    f.from = client(v6, host);
    f.to = vip(v6, at.vip);
    if (host == 8) {
      visit(out, f);
    } else {
      record(out, kRaw, 0, f.bytes());
      record(out, kError, 0);
    }
  }
  const auto change = [&](std::uint8_t how) {
    for (std::uint8_t server = 0; server < 3 && at.trio >= 0; ++server)
      record(out, kChange, static_cast<std::uint8_t>(trio(v6, at.trio) + server), Bytes{how});
  };
  // Its connection outlives a template.
  Frame long_lived = request(v6, at.protocol, 3008, at.port);
  long_lived.to = vip(v6, at.vip);
  long_lived.flags = packet::kAck;
  record(out, kRaw, 0, long_lived.bytes());
  record(out, kTime, 5, Bytes{1});
  long_lived.sport = 3009;
  long_lived.flags = packet::kSyn;
  record(out, kRaw, 0, long_lived.bytes());
  change(6);
  Frame f = request(v6, at.protocol, 3500, at.port);
  f.to = vip(v6, at.vip);
  record(out, kRaw, 0, f.bytes());
  record(out, kAgain, 0);
  change(25);
  change(0);
  f.sport = 3008;
  for (const int host : {8, 9}) {
    f.from = client(v6, host);
    record(out, kRaw, 0, f.bytes());
  }
  change(0);
  record(out, kTime, 30, Bytes{1});
  record(out, kAge, 0);
  f.sport = 3501;
  record(out, kRaw, 0, f.bytes());
  record(out, kTime, 250, Bytes{1});
  record(out, kAge, 0);
  return out;
}

// More connections than the servers of a scheduler's service may have, who change meanwhile.
Bytes scheduled(bool v6, std::uint16_t port, std::uint8_t first_server) {
  Bytes out;
  const auto open = [&](std::uint16_t from, std::uint16_t to) {
    for (std::uint16_t i = from; i < to; ++i) {
      Frame f = request(v6, v6 ? packet::kUdp : packet::kTcp, static_cast<std::uint16_t>(6000 + i), port);
      f.from = client(v6, 10 + i % 3);
      record(out, kRaw, 0, f.bytes());
    }
  };
  open(0, 8);
  record(out, kAnswer, 0);
  record(out, kChange, first_server, Bytes{25});
  record(out, kChange, static_cast<std::uint8_t>(first_server + 1), Bytes{6});
  open(8, 14);
  record(out, kChange, static_cast<std::uint8_t>(first_server + 2), Bytes{37});
  record(out, kChange, static_cast<std::uint8_t>(first_server + 1), Bytes{15});
  open(14, 20);
  record(out, kChange, first_server, Bytes{0});
  open(20, 26);
  for (std::uint16_t i = 26; i < 32; ++i) {
    record(out, kTime, 1, Bytes{1});
    open(i, i + 1);
  }
  record(out, kTime, 100, Bytes{1});
  record(out, kAge, 0);
  open(32, 34);
  return out;
}

// An error about an answer of a virtual address that no connection is known of.
Bytes quoted(bool v6, std::uint8_t protocol, std::uint16_t port, int which) {
  Bytes out;
  tune(out, kAllTuning | kMarks | kSync);
  Frame said = request(v6, protocol, port, 7000);
  said.from = vip(v6, which);
  said.to = client(v6, 30);
  said.flags = packet::kAck;
  Frame error = request(v6, v6 ? packet::kIcmpv6 : packet::kIcmp, 0);
  error.from = ip(v6 ? "2001:db8:e::1" : "192.0.2.1");
  error.to = said.from;
  error.icmp_type = v6 ? 2 : 3;
  error.icmp_code = v6 ? 0 : 4;
  error.icmp_rest = 1280;
  error.payload = said.packet();
  for (int i = 0; i < 2; ++i) record(out, kRaw, 0, error.bytes());
  // About a first fragment, and one whose time is over.
  Frame part = error;
  if (v6)
    part.payload.insert(part.payload.begin() + 40, {protocol, 0, 0, 1, 0, 0, 0, 9});
  else
    part.payload[6] = 0x20;
  if (v6) part.payload[6] = packet::kFragment;
  record(out, kRaw, 0, part.bytes());
  part.ttl = 1;
  record(out, kRaw, 0, part.bytes());
  Frame back = request(v6, protocol, 7000, port);
  back.from = said.to;
  back.to = said.from;
  record(out, kRaw, 0, back.bytes());
  record(out, kAnswer, 0);
  // And a NAT server that speaks of nothing known.
  Frame stray = request(v6, protocol, 8080, 4000);
  stray.from = nat_server(v6, protocol == packet::kTcp ? 0 : protocol == packet::kUdp ? 4 : 6);
  stray.to = client(v6, 9);
  stray.flags = packet::kAck;
  record(out, kRaw, 0, stray.bytes());
  return out;
}

// Connections of each service that another director tells of, and the packets that follow.
Bytes told(bool v6, std::uint8_t first_service) {
  Bytes out;
  tune(out, kMarks | kSync | kSyncPeriod);
  Bytes records;
  for (std::uint8_t i = 0; i < 8; ++i) {
    const auto service = static_cast<std::uint8_t>(first_service + i);
    packet::append(records, Bytes{service, i, 8, i, 0x81, 30, 5, i});
    packet::append(records, Bytes{service, i, 8, i, 0x41, 30, 5, i});
  }
  record(out, kTold, 0, records);
  for (const std::uint16_t port : {80, 443, 21, 5060, 53, 100, 2005, 1005})
    for (std::uint16_t i = 0; i < 3; ++i) {
      Frame f = request(v6, i == 1 ? packet::kUdp : packet::kTcp, static_cast<std::uint16_t>(1000 + i), port);
      f.flags = packet::kAck;
      if (port == 5060) f.payload = text(call("call" + std::to_string(i)));
      if (port > 1000 && port < 3000) f.to = vip(v6, 2);
      record(out, kRaw, 0, f.bytes());
    }
  for (std::size_t i = 1; i < records.size(); i += 8) ++records[i];
  record(out, kTold, 0, records);
  for (std::size_t i = 4; i < records.size(); i += 8) records[i] &= 0x4f;
  for (std::size_t i = 1; i < records.size(); i += 8) ++records[i];
  record(out, kTold, 0, records);
  record(out, kTime, 60, Bytes{1});
  record(out, kAge, 0);
  return out;
}

// More persistent clients, or calls, than the table holds, which others filled before them.
Bytes persistent_crowd(bool v6, bool calls, std::uint8_t state) {
  Bytes out;
  for (std::uint8_t batch = 0; batch < 6; ++batch) {
    Bytes records;
    for (std::uint8_t i = 0; i < 16; ++i)
      packet::append(records, Bytes{0, i, static_cast<std::uint8_t>(batch * 16 + i), batch, state, 5, 0, 0});
    record(out, kTold, 0, records);
  }
  for (std::uint16_t i = 0; i < 56; ++i) {
    Frame f = request(v6, calls ? packet::kUdp : packet::kTcp, static_cast<std::uint16_t>(9000 + i), calls ? 5060 : 21);
    f.from = client(v6, 10 + i);
    if (calls) f.payload = text(call("crowd" + std::to_string(i)));
    record(out, kRaw, 0, f.bytes());
    if (i == 40) record(out, kTime, 20, Bytes{1});
  }
  return out;
}

// Packets too large for a path, when nobody cuts them and when somebody does.
Bytes too_large(bool v6, std::uint32_t settings) {
  Bytes out;
  tune(out, settings);
  for (std::uint16_t i = 0; i < 8; ++i) {
    Frame f = request(v6, packet::kUdp, static_cast<std::uint16_t>(8000 + i), i % 2 != 0 ? 82 : 80);
    f.df = i > 5;
    f.payload = Bytes(1440, 6);
    record(out, kRaw, 0, f.bytes());
    record(out, kReturn, 0);
    record(out, kPieces, static_cast<std::uint8_t>(20 + i), Bytes{0, 100, 100, 0});
    record(out, kPieces, static_cast<std::uint8_t>(40 + i), Bytes{100, 0, 0, 100});
    record(out, kReturn, 0);
  }
  return out;
}

}  // namespace

void write_services(const std::filesystem::path& to, bool v6) {
  const std::string family = v6 ? "v6-" : "v4-";
  const std::uint32_t all = kMarks | kSync | kSyncPeriod | kTraced;
  write(to / (family + "sip"), sip(v6, 0));
  write(to / (family + "sip-all"), sip(v6, kAllTuning | all));
  write(to / (family + "ftp"), ftp(v6, 0));
  write(to / (family + "ftp-all"), ftp(v6, kAllTuning | all));
  const Visited kVisited[] = {
      {"persistent", 0, packet::kTcp, 0, 443},        {"sctp", 6, packet::kSctp, 0, 443},
      {"one-packet", 4, packet::kUdp, 0, 53},         {"one-persistent", 5, packet::kUdp, 0, 54},
      {"any-tcp", 7, packet::kTcp, 1, 8443},          {"any-udp", 8, packet::kUdp, 1, 123},
      {"any-sctp", 9, packet::kSctp, 1, 3868},        {"mark", 10, packet::kTcp, 2, 1000},
      {"mark-udp", 10, packet::kUdp, 2, 1001},        {"mark-none", -1, packet::kUdp, 2, 1007},
      {"mark-persistent", 11, packet::kTcp, 2, 2000}, {"mark-persistent-udp", 11, packet::kUdp, 2, 2001},
      {"mark-one", 12, packet::kUdp, 2, 2500},        {"mark-source", -1, packet::kTcp, 0, 80},
  };
  for (const Visited& at : kVisited) {
    write(to / (family + at.name), persistent(v6, at, kMarks));
    write(to / (family + at.name + "-all"), persistent(v6, at, kAllTuning | all | kSyncTime));
  }
  for (std::uint8_t i = 0; i < 14; ++i)
    write(to / (family + "scheduler-" + std::to_string(i)),
          scheduled(v6, static_cast<std::uint16_t>(100 + i), static_cast<std::uint8_t>((v6 ? 128 : 50) + i * 3)));
  if (!v6)
    for (std::uint8_t i = 0; i < 3; ++i)
      write(to / ("v4-large-" + std::to_string(i)),
            scheduled(false, static_cast<std::uint16_t>(200 + i), static_cast<std::uint8_t>(92 + i * 12)));
  for (const std::uint8_t protocol : {packet::kTcp, packet::kUdp, packet::kSctp}) {
    write(to / (family + "quoted-" + std::to_string(protocol)), quoted(v6, protocol, 80, 0));
    write(to / (family + "quoted-any-" + std::to_string(protocol)), quoted(v6, protocol, 4500, 1));
    write(to / (family + "quoted-mark-" + std::to_string(protocol)), quoted(v6, protocol, 2004, 2));
  }
  for (std::uint8_t i = 0; i < 8; ++i)
    write(to / (family + "told-" + std::to_string(i)), told(v6, static_cast<std::uint8_t>(i * 8)));
  write(to / (family + "crowd-calls"), persistent_crowd(v6, true, 0x81));
  write(to / (family + "crowd-calls-closed"), persistent_crowd(v6, true, 0x06));
  write(to / (family + "crowd-persistent"), persistent_crowd(v6, false, 0x83));
  write(to / (family + "large-cut"), too_large(v6, kTraced));
  write(to / (family + "large-no-keeper"), too_large(v6, kNoKeeper | kTraced));
  write(to / (family + "large-full-rings"), too_large(v6, kFullRings | kTraced | kIgnoreDf));
  write(to / (family + "large-no-xmit"), too_large(v6, kNoXmit | kIgnoreDf));
}

}  // namespace plenum::seeds
