#pragma once
// The signals that ask a program to end, as something to wait for beside its other input, so
// that it can leave things as it found them.

#include <csignal>
#include <initializer_list>

#include "base/fd.h"
#include "base/result.h"

namespace plenum::cli {

// While it lives SIGINT, SIGTERM, SIGHUP and those of `more` are not delivered: fd() is
// readable instead. One at a time.
class Interrupt {
 public:
  static Result<Interrupt> open(std::initializer_list<int> more = {});
  Interrupt(Interrupt&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}
  Interrupt& operator=(Interrupt&&) = delete;
  ~Interrupt();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The signal that came; 0: none.
  [[nodiscard]] int take() const;

 private:
  Interrupt(Fd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}
  Fd fd_;
  sigset_t before_;
};

}  // namespace plenum::cli
