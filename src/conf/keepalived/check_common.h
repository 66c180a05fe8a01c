#pragma once
// What virtual servers, real servers and checks may each say of checks' times, and what most checks say of whom they
// ask. The inner one counts.

#include "conf/keepalived/keyword.h"
#include "conf/keepalived/takes.h"

namespace plenum::conf::keepalived {

// Whose CheckDefaults a keyword is about.
using DefaultsOf = CheckDefaults& (*)(Context&);

CheckDefaults& service_defaults(Context& c);
CheckDefaults& server_defaults(Context& c);
CheckDefaults& check_defaults(Context& c);

inline ServiceDraft& service_of(Context& c) { return c.draft.services.back(); }
inline ServerDraft& server_of(Context& c) { return c.draft.services.back().servers.back(); }
inline CheckDraft& check_of(Context& c) { return c.draft.services.back().servers.back().checks.back(); }

// What keepalived takes at most for a time, in seconds; less than 2^63 of its microseconds.
inline constexpr double kLongestDelay = 18446744073709.0;

template <DefaultsOf of>
std::vector<Keyword> timing_keywords() {
  constexpr auto works = Status::Works;
  return {
      {"delay_loop", works, "seconds between two checks",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0.000001, kLongestDelay)) of(c).delay_loop = seconds_of(*n);
       }},
      {"connect_timeout", works, "seconds after which a check has failed",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0.000001, 4294.967295)) of(c).connect_timeout = seconds_of(*n);
       }},
      {"retry", works, "how often it is tried again before it counts as failed",
       [](Context& c) {
         if (const auto n = c.number(1, of == service_defaults || of == server_defaults ? 1 : 0, 4294967295))
           of(c).retry = static_cast<std::uint32_t>(*n);
       }},
      {"delay_before_retry", works, "seconds before it is",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0, kLongestDelay)) of(c).delay_before_retry = seconds_of(*n);
       }},
      {"warmup", works, "seconds that the first check waits at most",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0, kLongestDelay)) of(c).warmup = seconds_of(*n);
       }},
  };
}

// timing_keywords(), alpha and log_all_failures.
std::vector<Keyword> common_check_keywords();
// And whom a check asks, from where.
std::vector<Keyword> connection_keywords();

// Adds a check to the last server.
CheckDraft& new_check(Context& c, Probe probe);

inline std::vector<Keyword> joined(std::vector<Keyword> one, const std::vector<Keyword>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

// Begin and end of each check's block.
void begin_tcp(Context& c);
void begin_http(Context& c);
void end_http(Context& c);
void begin_smtp(Context& c);
void begin_dns(Context& c);
void begin_misc(Context& c);
void end_misc(Context& c);
void begin_udp(Context& c);
void begin_ping(Context& c);
void begin_file_check(Context& c);
void end_file_check(Context& c);
void begin_bfd_check(Context& c);
void end_bfd_check(Context& c);

}  // namespace plenum::conf::keepalived
