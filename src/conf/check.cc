#include "conf/check.h"

#include <array>

namespace plenum::conf {

const char* name_of(const Probe& probe) {
  if (const auto* http = std::get_if<HttpProbe>(&probe)) return http->tls ? "https" : "http";
  constexpr std::array kNames = {"tcp", "http", "expect", "smtp", "dns", "udp", "ping", "script", "file", "bfd"};
  static_assert(kNames.size() == std::variant_size_v<Probe>);
  return kNames[probe.index()];
}

bool needs_port(const Probe& probe) {
  return !std::holds_alternative<PingProbe>(probe) && !std::holds_alternative<ScriptProbe>(probe) &&
         !std::holds_alternative<FileProbe>(probe) && !std::holds_alternative<BfdProbe>(probe);
}

std::string called(const Check& check) { return check.name.empty() ? name_of(check.probe) : check.name; }

std::string interval_text(Duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  if (ms == 0) return "0";
  for (const auto& [unit, length] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}})
    if (ms % length == 0) return std::to_string(ms / length) + unit;
  return std::to_string(ms) + "ms";
}

std::string describe(const Check& check) {
  std::string out = called(check);
  if (!check.name.empty()) out += std::string(" (") + name_of(check.probe) + ")";
  if (check.address) out += " to " + check.address->text();
  if (check.port != 0) out += " port " + std::to_string(check.port);
  out += " every " + interval_text(check.interval) + ", timeout " + interval_text(check.timeout) + ", fall " +
         std::to_string(check.fall) + ", rise " + std::to_string(check.rise);
  if (check.retry != 0) out += ", retry " + std::to_string(check.retry);
  return out;
}

const char* name_of(OnFailure effect) {
  switch (effect) {
    case OnFailure::Drain:
      return "drain";
    case OnFailure::Inhibit:
      return "inhibit";
    case OnFailure::Remove:
      break;
  }
  return "remove";
}

bool is_checked(const ServiceHealth& health) {
  ServiceHealth none;
  none.service = health.service;
  none.group = health.group;
  return health != none;
}

}  // namespace plenum::conf
