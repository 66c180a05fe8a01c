// real_server: a server, and the checks it has.

#include "conf/keepalived/check_common.h"
#include "conf/keepalived/forwarding.h"

namespace plenum::conf::keepalived {
namespace {

template <Command ServerDraft::*field>
void notify(Context& c) {
  c.word(1);
  if (c.fatal) return;
  auto command = c.script();
  if (command.empty()) return;
  if (!(server_of(c).*field).empty())
    return c.warn(c.words[0] + " script already specified - ignoring " + command.words[0]);
  server_of(c).*field = std::move(command);
}

}  // namespace

std::vector<Keyword> real_server_keywords() {
  constexpr auto works = Status::Works, lost = Status::Unsupported;
  constexpr auto none = nullptr;
  const auto forwarding = [](Context& c) {
    Tunnel tunnel;
    if (const auto forward = parse_forwarding(c, "real", tunnel)) {
      server_of(c).forward = forward;
      server_of(c).tunnel = tunnel;
    }
  };
  return joined(
      timing_keywords<server_defaults>(),
      {
          {"weight", works, "its share",
           [](Context& c) {
             if (const auto n = c.number(1, 0, INT32_MAX)) server_of(c).out.weight = static_cast<std::int32_t>(*n);
           }},
          {"lvs_method", works, "how packets reach it", forwarding},
          {"uthreshold", works, "connections at most",
           [](Context& c) {
             if (const auto n = c.number(1, 0, 4294967295)) server_of(c).out.upper = static_cast<std::uint32_t>(*n);
           }},
          {"lthreshold", works, "below which it takes new ones again",
           [](Context& c) {
             if (const auto n = c.number(1, 0, 4294967295)) server_of(c).out.lower = static_cast<std::uint32_t>(*n);
           }},
          {"inhibit_on_failure", works, "it stays at weight 0 when it failed",
           [](Context& c) {
             if (const auto on = c.flag(1)) server_of(c).inhibit = *on;
           }},
          {"notify_up", works, "run when it is well", notify<&ServerDraft::notify_up>},
          {"notify_down", works, "run when it is not", notify<&ServerDraft::notify_down>},
          {"alpha", works, "it is down until a check has succeeded",
           [](Context& c) {
             if (const auto on = c.flag(1)) server_of(c).said.alpha = *on;
           }},
          {"virtualhost", works, "host of HTTP_GET",
           [](Context& c) {
             if (c.count() < 2) return c.warn("real server virtualhost missing");
             server_of(c).said.virtualhost = c.words[1];
           }},
          {"TCP_CHECK", works, "a connection succeeds", begin_tcp, Block::TcpCheck},
          {"HTTP_GET", works, "pages are as they should be", begin_http, Block::HttpGet, none, false, end_http},
          {"SSL_GET", works, "the same over TLS", begin_http, Block::HttpGet, none, false, end_http},
          {"SMTP_CHECK", works, "a mail server greets", begin_smtp, Block::SmtpCheck},
          {"DNS_CHECK", works, "a name server answers", begin_dns, Block::DnsCheck},
          {"MISC_CHECK", works, "a script succeeds", begin_misc, Block::MiscCheck, none, false, end_misc},
          {"UDP_CHECK", works, "a datagram is answered, or not refused", begin_udp, Block::UdpCheck},
          {"PING_CHECK", works, "it answers to ping", begin_ping, Block::PingCheck},
          {"FILE_CHECK", works, "a file's number", begin_file_check, Block::FileCheck, none, false, end_file_check},
          {"BFD_CHECK", works, "a BFD session is up", begin_bfd_check, Block::BfdCheck, none, false, end_bfd_check},
          {"smtp_alert", lost, "no mail is sent; use notify_up and notify_down", takes_flag},
          {"snmp_name", Status::Accepted, "there is no SNMP agent", wants_word},
      });
}

}  // namespace plenum::conf::keepalived
