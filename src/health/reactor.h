#pragma once
// Many short-lived sockets and deadlines in one descriptor of a Loop. The loop's own watches and timers are made for
// few that live long; here thousands come and go each second: one epoll_ctl a socket, and deadlines gathered to the
// millisecond. Knows nothing of what is asked. Of the loop's thread alone.

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "rt/loop.h"

namespace plenum::health {

class Reactor {
 public:
  // Whom a ready socket is told to. May destroy its own socket, and itself by retire().
  class Ready {
   public:
    virtual void on_ready(std::uint32_t events) = 0;

   protected:
    ~Ready() = default;
  };

  // What may be destroyed by retire().
  class Retired {
   public:
    virtual ~Retired() = default;
  };

  // A descriptor and its place in the set. Closing it takes it out.
  class Socket {
   public:
    Socket() = default;
    Socket(Socket&& other) noexcept { *this = std::move(other); }
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() { close(); }
    void close();
    // There is more than one turn should do: the same events are told again in the next one.
    void again(std::uint32_t events);
    [[nodiscard]] int fd() const { return fd_.get(); }
    explicit operator bool() const { return static_cast<bool>(fd_); }

   private:
    friend class Reactor;
    Reactor* reactor_ = nullptr;
    Fd fd_;
    std::uint32_t slot_ = 0;
  };

  // Calls back once, not before its time and within about a millisecond behind it.
  class Alarm {
   public:
    Alarm(Reactor& reactor, std::function<void()> fn) : reactor_(reactor), fn_(std::move(fn)) {}
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() { cancel(); }
    void set(TimePoint at);
    void cancel();

   private:
    friend class Reactor;
    using Alarms = std::multimap<TimePoint, Alarm*>;
    Reactor& reactor_;
    std::function<void()> fn_;
    Alarms::iterator place_;
    Alarms::node_type node_;  // while it is not set, from the second time on
    bool set_ = false;
  };

  static Result<std::unique_ptr<Reactor>> open(rt::Loop& loop);

  // Edge-triggered: each change of `events` is told once, so `ready` reads or writes until EAGAIN, or asks for another
  // turn.
  Result<Socket> add(Fd fd, std::uint32_t events, Ready& ready);
  // Destroys it when no callback of this turn can be inside it any more.
  void retire(std::unique_ptr<Retired> object);
  // Those it has not come to yet, at the end, while what they refer to is there.
  void destroy_retired() { retired_.clear(); }

 private:
  Reactor(Fd epoll, Fd timer) : epoll_(std::move(epoll)), timer_(std::move(timer)) {}
  void turn();
  struct Slot {
    Ready* ready = nullptr;
    std::uint32_t generation = 0;  // events of a socket before this one are told to nobody
    std::uint32_t again = 0;       // events that wait for the next turn
  };

  [[nodiscard]] std::uint64_t name_of(std::uint32_t place) const;
  Slot* slot_of(std::uint64_t name);
  void dispatch(const epoll_event& event);
  void dispatch_again(const std::vector<std::uint64_t>& names);
  void dispatch_all();
  enum class Alarms : std::uint8_t { None, Some, More };  // were due; More: are still
  Alarms run_alarms();
  void arm();
  void wake_at(TimePoint at);

  Fd epoll_, timer_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::multimap<TimePoint, Alarm*> alarms_;
  TimePoint armed_ = TimePoint::max();
  bool in_turn_ = false;
  std::vector<std::uint64_t> again_;  // whom: as events name them
  std::vector<std::unique_ptr<Retired>> retired_;
  rt::Watch watch_;
};

}  // namespace plenum::health
