#pragma once
// The terminal while a program has the whole screen: keys come one by one and unseen, and all
// is as before when the object goes.

#include <termios.h>

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace plenum::cli {

class Terminal {
 public:
  // Errors: ENOTTY where input or output is no terminal.
  static Result<Terminal> open(int input, int output);
  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal();

  struct Size {
    std::size_t width = 80, height = 24;
  };
  [[nodiscard]] Size size() const;
  // False: the terminal is gone.
  [[nodiscard]] bool write(std::string_view bytes) const;

 private:
  Terminal(int input, int output, const termios& before) : input_(input), output_(output), before_(before) {}
  int input_, output_;
  termios before_;
};

}  // namespace plenum::cli
