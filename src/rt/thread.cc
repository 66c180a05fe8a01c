#include "rt/thread.h"

#include <csignal>

namespace plenum::rt {

namespace {

// Enough for what these threads do; with locked memory all of it is there from the start.
constexpr std::size_t kStack = std::size_t{512} << 10;

void* enter(void* body) {
  (*static_cast<std::function<void()>*>(body))();
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(const std::string& name, std::function<void()> body) {
  Thread out;
  out.body_ = std::make_unique<std::function<void()>>(std::move(body));
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = ::pthread_create(&out.thread_, &attributes, enter, out.body_.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) return fail_errno("thread " + name, error);
  out.running_ = true;
  ::pthread_setname_np(out.thread_, name.c_str());
  return out;
}

void Thread::join() {
  if (std::exchange(running_, false)) ::pthread_join(thread_, nullptr);
}

}  // namespace plenum::rt
