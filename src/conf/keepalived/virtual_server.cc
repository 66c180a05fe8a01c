// virtual_server_group and virtual_server: what is balanced, and how.

#include <algorithm>

#include "base/text.h"
#include "conf/keepalived/begin.h"
#include "conf/keepalived/check_common.h"
#include "conf/keepalived/forwarding.h"
#include "conf/scheduler_names.h"

namespace plenum::conf::keepalived {
namespace {

ServiceDraft& service(Context& c) { return service_of(c); }

// "10.0.0.1", "10.0.0.1-10.0.0.5", "10.0.0.1-5", "10.0.0.0/29".
bool parse_range(const std::string& text, GroupMember& out) {
  const auto dash = text.find('-');
  if (dash != std::string::npos) {
    const auto first = net::Address::parse(text.substr(0, dash));
    if (!first) return false;
    const auto tail = text.substr(dash + 1);
    auto last = net::Address::parse(tail);
    if (!last && first->is_v4()) {
      const auto n = parse_number<std::uint8_t>(tail);
      if (!n) return false;
      const auto head = text.substr(0, text.rfind('.', dash) + 1);
      last = net::Address::parse(head + std::to_string(*n));
    } else if (!last) {
      const auto colon = text.rfind(':', dash);
      last = net::Address::parse(text.substr(0, colon + 1) + tail);
    }
    if (!last || last->family() != first->family() || *last < *first) return false;
    out.first = *first;
    out.last = *last;
    return true;
  }
  const auto prefix = net::Prefix::parse(text);
  if (!prefix) return false;
  out.first = prefix->address;
  out.last = prefix->address;
  if (prefix->length < prefix->address.bits()) {
    std::array<std::uint8_t, 16> bytes{};
    const auto low = prefix->address.masked(prefix->length);
    std::copy_n(low.data(), low.size(), bytes.begin());
    for (unsigned bit = prefix->length; bit < low.bits(); ++bit)
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | 0x80u >> (bit % 8));
    out.last = low.is_v4() ? net::Address::v4_bytes(bytes.data()) : net::Address::v6_bytes(bytes.data());
  }
  return true;
}

void scheduler(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  static constexpr std::string_view all[] = {"rr", "wrr", "lc",    "wlc", "lblc", "sh",  "mh",
                                             "dh", "fo",  "lblcr", "sed", "nq",   "ovf", "twos"};
  if (std::find(std::begin(all), std::end(all), word) == std::end(all))
    return c.warn("Invalid lvs_scheduler '" + word + "' - ignoring",
                  "did you mean \"" + std::string(nearest(word, {std::begin(all), std::end(all)})) + "\"?");
  service(c).scheduler = word;
}

void scheduler_flag(Context& c) {
  static const std::vector<std::pair<std::string_view, std::uint32_t>> flags = {
      {"flag-1", kSchedulerFlag1},  {"flag-2", kSchedulerFlag2},
      {"flag-3", kSchedulerFlag3},  {"sh-fallback", kSchedulerFlag1},
      {"sh-port", kSchedulerFlag2}, {"mh-fallback", kSchedulerFlag1},
      {"mh-port", kSchedulerFlag2}, {"hashed", 0}};
  const auto& name = c.words[0];
  const auto wanted = name.starts_with("sh-") || name == "hashed" ? "sh" : name.starts_with("mh-") ? "mh" : "";
  if (*wanted != 0 && service(c).scheduler != wanted)
    return c.warn(name + " only applies to " + wanted + " scheduler - ignoring");
  for (const auto& [flag, bit] : flags)
    if (flag == name) service(c).scheduler_flags |= bit;
}

void protocol(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto upper = upper_case(word);
  if (upper == "TCP")
    service(c).protocol = Protocol::Tcp;
  else if (upper == "UDP")
    service(c).protocol = Protocol::Udp;
  else if (upper == "SCTP")
    service(c).protocol = Protocol::Sctp;
  else
    c.warn("Unknown protocol " + word + " - ignoring", "write TCP, UDP or SCTP");
}

void persistence(Context& c) {
  if (c.count() < 2) {
    service(c).persistence = 360;
  } else if (const auto n = c.number(1, 1, 2678400)) {
    service(c).persistence = static_cast<std::uint32_t>(*n);
  }
}

void granularity(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  if (const auto mask = net::Address::parse(word); mask && mask->is_v4()) {
    std::uint32_t bits = 0;
    for (unsigned i = 0; i < 4; ++i) bits = bits << 8 | mask->data()[i];
    service(c).granularity = bits;
    service(c).granularity_v6 = false;
  } else if (const auto n = parse_number<std::uint32_t>(word); n && *n <= 128) {
    if (*n != 0) service(c).granularity = *n;
    service(c).granularity_v6 = true;
  } else {
    c.warn("Invalid IPv4 persistence_granularity specified - " + word, "write a netmask, or IPv6's prefix length");
  }
}

void family(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  if (word != "inet" && word != "inet6") return c.warn("unknown address family " + word);
  const auto family = word == "inet" ? net::Family::V4 : net::Family::V6;
  const auto& listens = service(c).listens;
  if (!listens.empty() && listens[0].mark == 0 && listens[0].first.family() != family)
    return c.warn("Virtual server specified family " + word + " conflicts with server family");
  service(c).family = family;
}

void sorry(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  Maybe<std::int64_t> port = 0;
  if (c.count() > 2) port = c.number(2, 0, 65535);
  if (!address || !port) return c.warn("Invalid sorry server IP address " + word + " - skipping");
  Server out;
  out.name = "sorry";
  out.key = {*address, static_cast<std::uint16_t>(*port)};
  service(c).sorry = out;
}

void sorry_method(Context& c) {
  if (!service(c).sorry) return c.warn("sorry_server forwarding used without sorry_server");
  Tunnel tunnel;
  if (const auto forward = parse_forwarding(c, "sorry", tunnel)) {
    service(c).sorry_forward = forward;
    service(c).sorry_tunnel = tunnel;
  }
}

template <Command ServiceDraft::*field>
void quorum_script(Context& c) {
  c.word(1);
  if (c.fatal) return;
  auto command = c.script();
  if (command.empty()) return;
  if (!(service(c).*field).empty())
    return c.warn(c.words[0] + " script already specified - ignoring " + command.words[0]);
  service(c).*field = std::move(command);
}

void begin_real_server(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  Maybe<std::int64_t> port = 0;
  if (c.count() > 2) port = c.number(2, 0, 65535);
  if (!address || !port) {
    c.warn("Invalid real server ip address/port " + word + "/" + (c.count() > 2 ? c.words[2] : "") + " - skipping",
           "write an address and a port's number");
    c.skip = true;
    return;
  }
  ServerDraft draft;
  draft.out.key = {*address, static_cast<std::uint16_t>(*port)};
  draft.out.weight = service(c).weight;
  draft.place = c.place;
  service(c).servers.push_back(std::move(draft));
}

}  // namespace

Maybe<Forward> parse_forwarding(Context& c, const char* whose, Tunnel& tunnel) {
  const auto& word = c.word(1);
  if (c.fatal) return std::nullopt;
  if (word == "NAT") return Forward::Masq;
  if (word == "DR") return Forward::Route;
  if (word != "TUN") {
    c.warn("PARSER : unknown [" + word + "] routing method for " + whose + " server.", "write NAT, DR or TUN");
    return std::nullopt;
  }
  tunnel = {};
  for (std::size_t i = 2; i < c.count(); ++i) {
    const auto& option = c.words[i];
    if (option == "type") {
      if (++i >= c.count()) {
        c.warn(std::string("Missing tunnel type for ") + whose + " server.");
        return Forward::Tunnel;
      }
      if (c.words[i] == "gue") {
        if (i + 2 >= c.count() || c.words[i + 1] != "port") {
          c.warn(std::string("Missing port for ") + whose + " server gue tunnel.", "write type gue port 6080");
          return std::nullopt;
        }
        i += 2;
        const auto port = c.number(i, 1, 65535);
        if (!port) return std::nullopt;
        tunnel.type = TunnelType::Gue;
        tunnel.port = static_cast<std::uint16_t>(*port);
      } else if (c.words[i] == "gre") {
        tunnel.type = TunnelType::Gre;
      } else if (c.words[i] != "ipip") {
        c.warn("Unknown tunnel type " + c.words[i] + " for " + whose + " server.");
      }
    } else if (option == "csum" || option == "remcsum" || option == "nocsum") {
      if (tunnel.type == TunnelType::Ipip || (tunnel.type == TunnelType::Gre && option == "remcsum"))
        c.warn(option + " is not for this type of tunnel");
      else
        tunnel.checksum = option == "csum"      ? TunnelChecksum::Full
                          : option == "remcsum" ? TunnelChecksum::Remote
                                                : TunnelChecksum::None;
    } else {
      c.warn("Unknown tunnel option " + option + " for " + whose + " server.");
    }
  }
  return Forward::Tunnel;
}

void begin_server_group(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  c.draft.server_groups.push_back({name, {}});
}

void server_group_item(Context& c) {
  GroupMember member;
  if (c.words[0] == "fwmark") {
    const auto mark = c.number(1, 0, 4294967295);
    if (!mark) return;
    member.mark = static_cast<std::uint32_t>(*mark);
    if (c.count() > 2) {
      if (c.words[2] == "inet" || c.words[2] == "inet6")
        member.family = c.words[2] == "inet" ? net::Family::V4 : net::Family::V6;
      else
        c.warn("fwmark '" + c.words[1] + "' family " + c.words[2] + " unknown - ignoring");
    }
  } else {
    if (!parse_range(c.words[0], member))
      return c.warn("Invalid virtual server group IP address " + c.words[0] + " " + (c.count() > 1 ? c.words[1] : "") +
                    " - skipping");
    if (c.count() > 1) {
      const auto port = c.number(1, 0, 65535);
      if (!port)
        return c.warn("Invalid virtual server group IP address " + c.words[0] + " " + c.words[1] + " - skipping");
      member.port = static_cast<std::uint16_t>(*port);
    }
  }
  c.draft.server_groups.back().members.push_back(member);
}

void end_server_group(Context& c) { c.warn("virtual server group " + c.words[1] + " has no entries - removing"); }

void begin_virtual_server(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  ServiceDraft draft;
  draft.place = c.place;
  if (word == "group") {
    draft.group = c.word(2);
    draft.title = "[" + draft.group + "]:0";
  } else if (word == "fwmark") {
    const auto mark = c.number(2, 1, 4294967295);
    if (c.fatal) return;
    GroupMember member;
    member.mark = static_cast<std::uint32_t>(mark.value_or(0));
    draft.title = "FWM " + std::to_string(member.mark);
    draft.listens.push_back(member);
    if (!mark) c.skip = true;
  } else {
    GroupMember member;
    const auto address = net::Address::parse(word);
    Maybe<std::int64_t> port = 0;
    if (c.count() > 2) port = c.number(2, 0, 65535);
    if (!address || !port) {
      c.warn("Invalid virtual server IP address/port " + word + "/" + (c.count() > 2 ? c.words[2] : "") + " - skipping",
             "write an address and a port's number");
      c.skip = true;
      return;
    }
    member.first = member.last = *address;
    member.port = static_cast<std::uint16_t>(*port);
    draft.title = "[" + word + "]:" + std::to_string(*port);
    draft.listens.push_back(member);
  }
  if (!c.fatal && !c.skip) c.draft.services.push_back(std::move(draft));
}

void end_virtual_server(Context&) {}

std::vector<Keyword> virtual_server_keywords() {
  constexpr auto works = Status::Works, accepted = Status::Accepted, lost = Status::Unsupported;
  const auto forwarding = [](Context& c) {
    Tunnel tunnel;
    if (const auto forward = parse_forwarding(c, "virtual", tunnel)) {
      service(c).forward = forward;
      service(c).tunnel = tunnel;
    }
  };
  return joined(
      timing_keywords<service_defaults>(),
      {
          {"lb_algo", works, "the scheduler", scheduler},
          {"lvs_sched", works, "the scheduler", scheduler},
          {"lb_kind", works, "how packets are forwarded: NAT, DR, TUN", forwarding},
          {"lvs_method", works, "how packets are forwarded: NAT, DR, TUN", forwarding},
          {"protocol", works, "TCP, UDP or SCTP", protocol},
          {"real_server", works, "a server", begin_real_server, Block::RealServer},
          {"persistence_timeout", works, "seconds that a client keeps its server", persistence},
          {"persistence_granularity", works, "clients of a network share a server", granularity},
          {"persistence_engine", works, "sip",
           [](Context& c) {
             service(c).engine = c.word(1);
             if (!c.fatal && service(c).engine != "sip") {
               c.findings.lost(c.place, "there is no persistence engine " + service(c).engine);
               service(c).engine.clear();
             }
           }},
          {"flag-1", works, "the scheduler's first flag", scheduler_flag},
          {"flag-2", works, "its second", scheduler_flag},
          {"flag-3", works, "its third", scheduler_flag},
          {"sh-port", works, "sh hashes the port, too", scheduler_flag},
          {"sh-fallback", works, "sh goes on to another server", scheduler_flag},
          {"mh-port", works, "mh hashes the port, too", scheduler_flag},
          {"mh-fallback", works, "mh goes on to another server", scheduler_flag},
          {"hashed", accepted, "a former flag of sh", scheduler_flag},
          {"ops", works, "each packet is balanced by itself (UDP)", [](Context& c) { service(c).one_packet = true; }},
          {"sorry_server", works, "takes everything while there are too few servers", sorry},
          {"sorry_server_inhibit", works, "it stays at weight 0 while there are enough",
           [](Context& c) {
             if (!service(c).sorry) return c.warn("Ignoring sorry_server inhibit used before or without sorry_server");
             service(c).sorry_inhibit = true;
           }},
          {"sorry_server_lvs_method", works, "how packets reach it", sorry_method},
          {"quorum", works, "weight of servers that must be well",
           [](Context& c) {
             if (const auto n = c.number(1, 1, 4294967295)) service(c).quorum = static_cast<std::uint32_t>(*n);
           }},
          {"hysteresis", works, "by how much it must be passed",
           [](Context& c) {
             if (const auto n = c.number(1, 0, 4294967295)) service(c).hysteresis = static_cast<std::uint32_t>(*n);
           }},
          {"quorum_up", works, "run when there are enough", quorum_script<&ServiceDraft::quorum_up>},
          {"quorum_down", works, "run when there are too few", quorum_script<&ServiceDraft::quorum_down>},
          {"alpha", works, "servers are down until a check has succeeded",
           [](Context& c) { service(c).said.alpha = true; }},
          {"omega", works, "at the daemon's end everything is told to go down",
           [](Context& c) { service(c).omega = true; }},
          {"inhibit_on_failure", works, "a failed server stays at weight 0",
           [](Context& c) { service(c).inhibit = true; }},
          {"virtualhost", works, "host of HTTP_GET",
           [](Context& c) {
             if (c.count() < 2) return c.warn("virtual server virtualhost missing");
             service(c).said.virtualhost = c.words[1];
           }},
          {"weight", works, "of servers that say none",
           [](Context& c) {
             if (const auto n = c.number(1, 1, INT32_MAX)) service(c).weight = static_cast<std::int32_t>(*n);
           }},
          {"ip_family", works, "family of a fwmark's clients", family},
          {"ha_suspend", lost, "checks go on without the address"},
          {"smtp_alert", lost, "no mail is sent; use quorum_up and quorum_down", takes_flag},
          {"snmp_name", accepted, "there is no SNMP agent", wants_word},
      });
}

}  // namespace plenum::conf::keepalived
