#include "conf/keepalived/check_common.h"

namespace plenum::conf::keepalived {

CheckDefaults& service_defaults(Context& c) { return service_of(c).said; }
CheckDefaults& server_defaults(Context& c) { return server_of(c).said; }
CheckDefaults& check_defaults(Context& c) { return check_of(c).said; }

CheckDraft& new_check(Context& c, Probe probe) {
  auto& checks = server_of(c).checks;
  CheckDraft draft;
  draft.out.probe = std::move(probe);
  draft.place = c.place;
  checks.push_back(std::move(draft));
  return checks.back();
}

std::vector<Keyword> common_check_keywords() {
  constexpr auto works = Status::Works;
  return joined(timing_keywords<check_defaults>(), {
                                                       {"alpha", works, "the server is down until this has succeeded",
                                                        [](Context& c) {
                                                          if (const auto on = c.flag(1)) check_of(c).said.alpha = *on;
                                                        }},
                                                       {"log_all_failures", works, "every failure is logged",
                                                        [](Context& c) {
                                                          if (const auto on = c.flag(1))
                                                            check_of(c).log_all_failures = *on;
                                                        }},
                                                   });
}

std::vector<Keyword> connection_keywords() {
  constexpr auto works = Status::Works;
  const auto connect_ip = [](Context& c) {
    const auto& word = c.word(1);
    if (c.fatal) return;
    const auto address = net::Address::parse(word);
    if (!address) return c.warn("Invalid connect_ip address " + word + " - ignoring");
    const auto& from = check_of(c).bind_address;
    if (from && from->family() != address->family())
      return c.warn("connect_ip address " + word + " does not match address family of bindto - skipping");
    check_of(c).out.address = *address;
  };
  const auto bind_to = [](Context& c) {
    const auto& word = c.word(1);
    if (c.fatal) return;
    const auto address = net::Address::parse(word);
    if (!address) return c.warn("Invalid bindto address " + word + " - ignoring");
    // SMTP_CHECK asks the server itself only where no host block follows.
    const auto& check = check_of(c);
    const bool not_said = std::holds_alternative<SmtpProbe>(check.out.probe) && !check.host_given && !check.out.address;
    if (!not_said && check.out.address.value_or(server_of(c).out.key.address).family() != address->family())
      return c.warn("bindto address " + word + " does not match address family of connect_ip - skipping");
    check_of(c).bind_address = *address;
  };
  return joined(common_check_keywords(), {
                                             {"connect_ip", works, "whom it asks instead of the server", connect_ip},
                                             {"connect_port", works, "the port it asks",
                                              [](Context& c) {
                                                if (const auto n = c.number(1, 1, 65535))
                                                  check_of(c).out.port = static_cast<std::uint16_t>(*n);
                                              }},
                                             {"bindto", works, "the address it asks from", bind_to},
                                             {"bind_port", works, "the port it asks from",
                                              [](Context& c) {
                                                if (const auto n = c.number(1, 1, 65535))
                                                  check_of(c).bind_port = static_cast<std::uint16_t>(*n);
                                              }},
                                             {"bind_if", works, "the interface it asks by",
                                              [](Context& c) { check_of(c).out.interface = c.word(1); }},
                                             {"fwmark", works, "firewall mark of what it sends",
                                              [](Context& c) {
                                                if (const auto n = c.number(1, 0, 4294967295))
                                                  check_of(c).out.mark = static_cast<std::uint32_t>(*n);
                                              }},
                                         });
}

}  // namespace plenum::conf::keepalived
