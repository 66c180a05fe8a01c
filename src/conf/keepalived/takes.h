#pragma once
// Handlers that only look whether a parameter is what keepalived wants there: of keywords that need nothing done, and
// parts of others.

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

// A whole number; without one keepalived does not start.
template <std::int64_t least, std::int64_t most>
void takes_number(Context& c) {
  c.number(1, least, most);
}

// A whole number; without one there is a warning.
template <std::int64_t least, std::int64_t most>
void wants_number(Context& c) {
  if (c.count() < 2)
    c.warn("No " + c.words[0] + " specified");
  else
    c.number(1, least, most);
}

// A whole number, if any.
template <std::int64_t least, std::int64_t most>
void may_take_number(Context& c) {
  if (c.count() > 1) c.number(1, least, most);
}

inline void takes_flag(Context& c) { c.flag(1); }

// Any word; without one there is a warning.
inline void wants_word(Context& c) {
  if (c.count() < 2) c.warn(c.words[0] + " name missing - ignoring");
}

inline void needs_word(Context& c) { c.word(1); }

inline Duration seconds_of(std::int64_t millionths) { return std::chrono::microseconds(millionths); }

}  // namespace plenum::conf::keepalived
