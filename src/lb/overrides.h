#pragma once
// Who last had the word about a service or server: the file, or an operator. Pure values
// and the two rules that join them; the table says when.

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "conf/l4.h"
#include "lb/status.h"

namespace plenum::lb {

// Who changes the table and when. An empty author is the file.
struct Origin {
  TimePoint now;
  std::string author = {};
  std::string reason = {};
  [[nodiscard]] bool is_file() const { return author.empty(); }
};

// Who brought in something the file does not have.
struct Added {
  std::string author, reason;
};

// An operator's word that differs from what was there before it.
template <class Spec>
struct Overridden {
  std::string what;  // "drained", "weight 5", "edited"
  std::string author, reason;
  std::optional<TimePoint> expires;
  Spec before;  // what goes on when it ends: the file's word, kept up to date by reloads
};

// A spec with its history: at most one override, and whether an operator added it.
template <class Spec>
struct Governed {
  Spec spec;  // as desired now, override included
  std::optional<Overridden<Spec>> override_;
  std::optional<Added> added;
};

// The file says `next`. Fields it changes against what it said before win; the others keep
// the operator's value. An override that no longer differs ends.
void file_says(Governed<conf::Server>& governed, conf::Server next);
void file_says(Governed<conf::Service>& governed, conf::Service next);

// An operator says `next`, shown as `what`, until `expires`. Saying what the file says ends
// the override; a change to what an operator added is no override but its new value.
void operator_says(Governed<conf::Server>& governed, conf::Server next, const Origin& by, std::string what,
                   std::optional<TimePoint> expires);
void operator_says(Governed<conf::Service>& governed, conf::Service next, const Origin& by, std::string what,
                   std::optional<TimePoint> expires);

// The override ends, what was before it goes on.
template <class Spec>
void end_override(Governed<Spec>& governed) {
  if (!governed.override_) return;
  governed.spec = std::move(governed.override_->before);
  governed.override_.reset();
}

// For listings; none where the file's word is in force.
template <class Spec>
std::optional<Override> override_status(const Governed<Spec>& governed, TimePoint now) {
  if (const auto& o = governed.override_) {
    Override out{o->what, o->author, o->reason, std::nullopt};
    if (o->expires) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(*o->expires - now).count();
      out.expires_in = left > 0 ? static_cast<std::uint64_t>(left) : 0;
    }
    return out;
  }
  if (governed.added) return Override{"added", governed.added->author, governed.added->reason, std::nullopt};
  return std::nullopt;
}

}  // namespace plenum::lb
