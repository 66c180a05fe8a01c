#include "cli/plenum/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace plenum::cli {

Result<Interrupt> Interrupt::open(std::initializer_list<int> more) {
  sigset_t wanted{}, before{};
  sigemptyset(&wanted);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&wanted, number);
  for (const int number : more) sigaddset(&wanted, number);
  if (::sigprocmask(SIG_BLOCK, &wanted, &before) != 0) return fail_errno("block signals");
  Fd fd{::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (!fd) {
    const int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return fail_errno("signalfd", error);
  }
  return Interrupt(std::move(fd), before);
}

Interrupt::~Interrupt() {
  if (!fd_) return;
  // What was asked for while it lived is done: it must not happen once more behind it.
  while (take() != 0) continue;
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int Interrupt::take() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo)
                                                                                    : 0;
}

}  // namespace plenum::cli
