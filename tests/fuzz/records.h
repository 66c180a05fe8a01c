#pragma once
// What a record of director_fuzz's input is about: its first octet, modulo their number. New kinds go
// to the end, or all seeds mean something else.

#include <cstdint>

namespace plenum::native {

enum What : std::uint8_t {
  kRaw,       // a frame as it is
  kRepaired,  // a frame to the director, its lengths and checksums made right
  kTime,      // ticks that pass, `how` or, with any octet, a thousand times that
  kChange,    // of a server
  kAge,       // user space's sweep
  kAnswer,    // to what the director sent last
  kError,     // about what the director sent last
  kAgain,     // the last frame once more
  kTune,      // other settings
  kPieces,    // fragments of the last frame
  kReturn,    // what was handed to user space comes back
  kTold,      // connections another director tells of
  kMarked,    // the last frame is brought back with a mark of netfilter's; with octets, fragments of it
  kWhats
};

}  // namespace plenum::native
