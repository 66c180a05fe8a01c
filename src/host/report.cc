#include "host/report.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace plenum::host {

Report::Report(std::ostream& out, bool json, std::string command)
    : out_(out), json_(json), command_(std::move(command)) {}

void Report::did(const std::string& what) {
  did_.push_back(what);
  if (!json_) out_ << what << '\n';
}

void Report::note(const std::string& what) {
  notes_.push_back(what);
  if (!json_) out_ << "note: " << what << '\n';
}

void Report::wrong(const Finding& finding) {
  wrong_.push_back(finding);
  if (!json_) out_ << "wrong: " << finding.what << "\n  mend: " << finding.mend << '\n';
}

void Report::packets(const std::map<std::string, std::uint64_t>& verdicts) {
  packets_ = verdicts;
  if (json_ || verdicts.empty()) return;
  out_ << "packets:";
  for (const auto& [name, count] : verdicts) {
    if (count) out_ << ' ' << name << ' ' << count;
  }
  out_ << '\n';
}

void Report::finish(bool ok, const std::string& nothing) {
  if (!json_) {
    if (did_.empty() && wrong_.empty() && ok) out_ << nothing << '\n';
    return;
  }
  nlohmann::ordered_json out{{"command", command_}, {"ok", ok}, {"changes", did_}};
  out["wrong"] = nlohmann::ordered_json::array();
  for (const Finding& one : wrong_) out["wrong"].push_back({{"what", one.what}, {"mend", one.mend}});
  out["notes"] = notes_;
  if (!packets_.empty()) out["packets"] = packets_;
  out_ << out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace plenum::host
