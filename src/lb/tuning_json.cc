#include "lb/tuning_json.h"

namespace plenum::lb {

namespace {

constexpr std::int64_t kInt = 2147483647;

}  // namespace

Json to_json(const conf::Tuning& tuning) {
  Json out = Json::object();
  for (const auto& row : conf::tunables()) out[std::string(row.name)] = tuning.*row.value;
  out["sync_threshold"] = tuning.sync_threshold;
  out["sync_period"] = tuning.sync_period;
  return out;
}

Json to_json(const conf::Timeouts& timeouts) {
  return {{"tcp", timeouts.tcp}, {"tcp_fin", timeouts.tcp_fin}, {"udp", timeouts.udp}};
}

conf::Tuning tuning_from(StateReader& in, const Json& json) {
  conf::Tuning out;
  const auto* tuning = in.object(json, "tuning");
  if (tuning == nullptr) return out;
  for (const auto& row : conf::tunables())
    in.get_integer(*tuning, std::string(row.name).c_str(), out.*row.value, row.min, row.max);
  in.get_integer(*tuning, "sync_threshold", out.sync_threshold, 0, kInt);
  in.get_integer(*tuning, "sync_period", out.sync_period, 0, kInt);
  return out;
}

conf::Timeouts timeouts_from(StateReader& in, const Json& json) {
  conf::Timeouts out;
  const auto* timeouts = in.object(json, "timeouts");
  if (timeouts == nullptr) return out;
  in.get_integer(*timeouts, "tcp", out.tcp, 1, kInt);
  in.get_integer(*timeouts, "tcp_fin", out.tcp_fin, 1, kInt);
  in.get_integer(*timeouts, "udp", out.udp, 1, kInt);
  return out;
}

}  // namespace plenum::lb
