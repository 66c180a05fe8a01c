#include "health/reactor.h"

#include <sys/timerfd.h>

#include <array>

namespace plenum::health {

namespace {

constexpr std::uint64_t kTimer = UINT64_MAX;
constexpr int kBatch = 256;
// How many alarms go before ready sockets are looked at again, so that a burst of beginnings does not make answers
// look late.
constexpr int kAlarms = 64;
constexpr int kRounds = 4;  // before the rest of the loop has its turn
constexpr Duration kGrain = std::chrono::milliseconds(1);

}  // namespace

Reactor::Socket& Reactor::Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    reactor_ = std::exchange(other.reactor_, nullptr);
    fd_ = std::move(other.fd_);
    slot_ = other.slot_;
  }
  return *this;
}

void Reactor::Socket::close() {
  if (!fd_) return;
  auto& slot = reactor_->slots_[slot_];
  slot.ready = nullptr;
  slot.again = 0;
  ++slot.generation;
  reactor_->free_.push_back(slot_);
  fd_.reset();  // which takes it out of the set: nobody has a duplicate
}

void Reactor::Socket::again(std::uint32_t events) {
  if (!fd_) return;
  auto& slot = reactor_->slots_[slot_];
  if (slot.again == 0) reactor_->again_.push_back(reactor_->name_of(slot_));
  slot.again |= events;
  if (!reactor_->in_turn_) reactor_->wake_at({});
}

void Reactor::Alarm::set(TimePoint at) {
  cancel();
  auto& alarms = reactor_.alarms_;
  if (node_.empty()) {
    place_ = alarms.emplace_hint(alarms.end(), at, this);
  } else {
    node_.key() = at;
    place_ = alarms.insert(alarms.end(), std::move(node_));
  }
  set_ = true;
  if (!reactor_.in_turn_) reactor_.arm();
}

void Reactor::Alarm::cancel() {
  if (!std::exchange(set_, false)) return;
  node_ = reactor_.alarms_.extract(place_);
}

Result<std::unique_ptr<Reactor>> Reactor::open(rt::Loop& loop) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno("epoll");
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) return fail_errno("timerfd");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // never read: setting it anew makes it quiet
  event.data.u64 = kTimer;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) != 0) return fail_errno("epoll");
  std::unique_ptr<Reactor> reactor(new Reactor(std::move(epoll), std::move(timer)));
  PLENUM_TRY(reactor->watch_, loop.on_readable(reactor->epoll_.get(), [raw = reactor.get()] { raw->turn(); }),
             "reactor");
  return reactor;
}

std::uint64_t Reactor::name_of(std::uint32_t place) const {
  return std::uint64_t{slots_[place].generation} << 32 | place;
}

// None: that socket is gone.
Reactor::Slot* Reactor::slot_of(std::uint64_t name) {
  const auto place = static_cast<std::uint32_t>(name);
  if (place >= slots_.size()) return nullptr;
  auto& slot = slots_[place];
  return slot.ready != nullptr && slot.generation == name >> 32 ? &slot : nullptr;
}

Result<Reactor::Socket> Reactor::add(Fd fd, std::uint32_t events, Ready& ready) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto place = free_.back();
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.u64 = name_of(place);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) return fail_errno("epoll");
  free_.pop_back();
  slots_[place].ready = &ready;
  Socket socket;
  socket.reactor_ = this;
  socket.fd_ = std::move(fd);
  socket.slot_ = place;
  return socket;
}

void Reactor::retire(std::unique_ptr<Retired> object) {
  retired_.push_back(std::move(object));
  if (!in_turn_) wake_at({});  // there is no turn that ends, so one is made
}

void Reactor::dispatch(const epoll_event& event) {
  auto* slot = slot_of(event.data.u64);
  if (slot == nullptr) return;
  if (slot->again != 0)
    slot->again |= event.events;  // told with the rest
  else
    slot->ready->on_ready(event.events);
}

void Reactor::dispatch_again(const std::vector<std::uint64_t>& names) {
  for (const auto name : names)
    if (auto* slot = slot_of(name)) slot->ready->on_ready(std::exchange(slot->again, 0));
}

// Answers before deadlines: a thread that comes late must not find late what was there in time. Where deadlines made
// something begin, answers are looked for once more: those of a near server are there already.
void Reactor::turn() {
  in_turn_ = true;
  Alarms alarms = Alarms::None;
  const auto rest = std::exchange(again_, {});
  for (int i = 0; i < kRounds; ++i) {
    dispatch_all();
    alarms = run_alarms();
    {
      // Emptied before its elements go: what they destroy may retire others.
      const auto gone = std::exchange(retired_, {});
    }
    if (alarms == Alarms::None) break;
  }
  dispatch_again(rest);
  in_turn_ = false;
  if (alarms == Alarms::More || !retired_.empty() || !again_.empty())
    wake_at({});
  else
    arm();
}

void Reactor::dispatch_all() {
  std::array<epoll_event, kBatch> events;
  while (true) {
    const int n = ::epoll_wait(epoll_.get(), events.data(), kBatch, 0);
    for (int i = 0; i < n; ++i) {
      if (events[static_cast<std::size_t>(i)].data.u64 == kTimer)
        armed_ = TimePoint::max();
      else
        dispatch(events[static_cast<std::size_t>(i)]);
    }
    if (n < kBatch) return;
  }
}

Reactor::Alarms Reactor::run_alarms() {
  const auto now = SteadyClock().now();
  for (int i = 0; i < kAlarms; ++i) {
    if (alarms_.empty() || alarms_.begin()->first > now) return i == 0 ? Alarms::None : Alarms::Some;
    Alarm& alarm = *alarms_.begin()->second;
    alarm.cancel();
    alarm.fn_();
  }
  return Alarms::More;
}

void Reactor::arm() {
  if (alarms_.empty()) return;
  // Rounded up to the grain, so that deadlines near to each other are met in one turn.
  const auto at = TimePoint((alarms_.begin()->first.time_since_epoch() + kGrain - Duration(1)) / kGrain * kGrain);
  if (at < armed_) wake_at(at);
}

void Reactor::wake_at(TimePoint at) {
  armed_ = at;
  const auto since = std::max(at.time_since_epoch(), Duration(1));  // 0 would switch it off
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const itimerspec when{{}, {seconds.count(), (since - seconds).count()}};
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace plenum::health
