// How the handles stay safe: asio may still call a handler after its operation was
// cancelled, so every handler shares the handle's State and does nothing once that is
// marked cancelled. The callback lives in the State, hence may destroy its own handle.
#include "rt/loop.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/fd.h"
#include "rt/loop_impl.h"

namespace plenum::rt {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

tl::unexpected<Error> fail_boost(const error_code& error, std::string what) {
  return fail_errno(std::move(what), error.value());
}

}  // namespace

struct Watch::State : std::enable_shared_from_this<Watch::State> {
  State(asio::io_context& io, asio::posix::stream_descriptor::wait_type direction, Loop::Callback callback)
      : descriptor(io), wait(direction), fn(std::move(callback)) {}

  void arm() {
    descriptor.async_wait(wait, [self = shared_from_this()](const error_code& error) {
      if (self->cancelled || error == asio::error::operation_aborted) return;
      // Errors and hang-ups are readiness: the callback meets them at its own read or write.
      self->fn();
      if (!self->cancelled) self->arm();
    });
  }

  asio::posix::stream_descriptor descriptor;  // a duplicate, ours to close
  asio::posix::stream_descriptor::wait_type wait;
  Loop::Callback fn;
  bool cancelled = false;
};

void Watch::cancel() {
  if (!state_) return;
  state_->cancelled = true;
  error_code ignored;
  state_->descriptor.close(ignored);
  state_.reset();
}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

struct Timer::State : std::enable_shared_from_this<Timer::State> {
  State(asio::io_context& io, Duration every, Loop::Callback callback)
      : timer(io), period(every), fn(std::move(callback)) {}

  void arm() {
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (self->cancelled || error == asio::error::operation_aborted) return;
      if (self->period == Duration::zero()) {
        self->cancelled = true;  // fired
        self->fn();
        return;
      }
      self->fn();
      if (self->cancelled) return;
      const auto late = asio::steady_timer::clock_type::now() - self->timer.expiry();
      const auto missed = std::max<std::int64_t>(0, late / self->period);
      self->timer.expires_at(self->timer.expiry() + self->period * (missed + 1));
      self->arm();
    });
  }

  asio::steady_timer timer;
  Duration period;  // zero: once
  Loop::Callback fn;
  bool cancelled = false;
};

void Timer::cancel() {
  if (!state_) return;
  state_->cancelled = true;
  state_->timer.cancel();
  state_.reset();
}

bool Timer::active() const { return state_ && !state_->cancelled; }

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

struct Signals::State : std::enable_shared_from_this<Signals::State> {
  State(asio::io_context& io, std::function<void(int)> callback) : set(io), fn(std::move(callback)) {}

  void arm() {
    set.async_wait([self = shared_from_this()](const error_code& error, int number) {
      if (self->cancelled || error) return;
      self->fn(number);
      if (!self->cancelled) self->arm();
    });
  }

  asio::signal_set set;
  std::function<void(int)> fn;
  bool cancelled = false;
};

void Signals::cancel() {
  if (!state_) return;
  state_->cancelled = true;
  error_code ignored;
  state_->set.clear(ignored);
  state_->set.cancel(ignored);
  state_.reset();
}

Signals& Signals::operator=(Signals&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() { impl_->kept.clear(); }

void Loop::run() {
  // A stop() from before this call counts, so the flag is cleared only on the way out.
  impl_->io.run();
  impl_->io.restart();
}

bool Loop::run_for(Duration time) {
  impl_->io.run_for(time);
  const bool stopped = impl_->io.stopped();
  impl_->io.restart();
  return stopped;
}

void Loop::stop() { impl_->io.stop(); }

void Loop::keep(std::shared_ptr<void> what) { impl_->kept.insert(std::move(what)); }
void Loop::forget(const std::shared_ptr<void>& what) { impl_->kept.erase(what); }

void Loop::post(Callback fn) { asio::post(impl_->io, std::move(fn)); }

namespace {

// Asio takes what epoll refuses for always ready, which would make the watch spin.
Result<> check_pollable(int fd) {
  const Fd probe{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{};
  if (!probe || ::epoll_ctl(probe.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno("poll");
  return {};
}

}  // namespace

Result<Watch> Loop::on_readable(int fd, Callback fn) { return watch(fd, Direction::Read, std::move(fn)); }
Result<Watch> Loop::on_writable(int fd, Callback fn) { return watch(fd, Direction::Write, std::move(fn)); }

Result<Watch> Loop::watch(int fd, Direction direction, Callback fn) {
  const std::string where = "watch file descriptor " + std::to_string(fd);
  PLENUM_CHECK(check_pollable(fd), where);
  Fd copy{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
  if (!copy) return fail_errno(where);
  const auto wait = direction == Direction::Read ? asio::posix::stream_descriptor::wait_read
                                                 : asio::posix::stream_descriptor::wait_write;
  auto state = std::make_shared<Watch::State>(impl_->io, wait, std::move(fn));
  error_code error;
  state->descriptor.assign(copy.get(), error);
  if (error) return fail_boost(error, where);
  static_cast<void>(copy.release());  // the descriptor closes it
  state->arm();
  return Watch(std::move(state));
}

Timer Loop::after(Duration delay, Callback fn) {
  auto state = std::make_shared<Timer::State>(impl_->io, Duration::zero(), std::move(fn));
  state->timer.expires_after(std::max(delay, Duration::zero()));
  state->arm();
  return Timer(std::move(state));
}

Timer Loop::every(Duration period, Callback fn) {
  period = std::max(period, Duration(1));
  auto state = std::make_shared<Timer::State>(impl_->io, period, std::move(fn));
  state->timer.expires_after(period);
  state->arm();
  return Timer(std::move(state));
}

Result<Signals> Loop::on_signals(std::initializer_list<int> numbers, std::function<void(int)> fn) {
  auto state = std::make_shared<Signals::State>(impl_->io, std::move(fn));
  for (const int number : numbers) {
    error_code error;
    state->set.add(number, error);
    if (error) return fail_boost(error, "watch signal " + std::to_string(number));
  }
  state->arm();
  return Signals(std::move(state));
}

}  // namespace plenum::rt
