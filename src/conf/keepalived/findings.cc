#include "conf/keepalived/findings.h"

#include <algorithm>

namespace plenum::conf::keepalived {
namespace {

// One line wrong in a definition that is used ten thousand times need not be told ten thousand times.
constexpr std::size_t kMost = 1000;

}  // namespace

void Findings::add(Severity severity, const Place& place, std::string message, std::string hint) {
  worst_ = std::max(worst_, severity);
  if (list_.size() >= kMost && severity != Severity::Fatal) return;
  list_.push_back({severity, place.source ? place : file_, std::move(message), std::move(hint)});
}

void Findings::warn(const Near& near, std::string message, std::string hint) {
  const auto before = list_.size();
  warn(near.place, std::move(message), std::move(hint));
  if (list_.size() != before) list_.back().near = true;
}

int exit_class(Severity worst) {
  switch (worst) {
    case Severity::Note:
    case Severity::Lost:
      return 0;
    case Severity::Warning:
      return 5;
    case Severity::Security:
      return 6;
    case Severity::Fatal:
      return 2;
  }
  return 2;
}

std::string keepalived_text(const Findings& findings) {
  std::string out;
  for (const auto& f : findings.list()) {
    if (f.severity < Severity::Warning) continue;
    if (f.place.source && f.place.line != 0 && !f.near)
      out += "(" + f.place.source->name + ": Line " + std::to_string(f.place.line) + ") ";
    out += f.message + "\n";
  }
  return out;
}

Diagnostics diagnostics(const Findings& findings, Severity least) {
  Diagnostics out;
  for (const auto& f : findings.list()) {
    if (f.severity >= least) out.add(f.place, f.message, f.hint);
  }
  return out;
}

}  // namespace plenum::conf::keepalived
