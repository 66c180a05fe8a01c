#pragma once
// What the pacing thread decides: which packet that comes in belongs to which virtual router or BFD
// session, what these do about it, what goes out, whose addresses are wanted here. Knows neither sockets
// nor threads: a Wire sends and tells. Nothing here waits, and in the steady state nothing asks for memory
// beyond what the thread's own heap holds.
//
// Ports, routers, groups and sessions are main's: it hands them in and frees them after it has taken them
// out again, in the pacer's thread both.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bfd/session.h"
#include "failover/board.h"
#include "failover/shape.h"
#include "failover/unfit.h"
#include "net/address.h"
#include "vrrp/router.h"

namespace plenum::failover {

// What main is told. Plain values: it goes through a ring.
struct Event {
  enum class Kind : std::uint8_t {
    Transition,    // of a router
    Master,        // a backup's master, where it is another, or says something else: source, priority, interval
    LowerHeard,    // a master heard a lesser one, told at most once an interval: source, priority, and the longer one
                   // of their intervals
    Session,       // a BFD session's state: state, diagnostic; of one that fell silent, for how long: interval
    NotTakenOver,  // a master's session went down, and nothing was done: why; for `other` of its group, if not 0
    Unfit,         // advertisements were refused, of a kind and source told at most once a second: unfit
    NotSent,       // advertisements fail again and again: error; 0: no more
    Away           // was_away() for so long that others may have missed something, ten times at once and then once a
                   // second: interval, and of that at_work
  };
  Kind kind = Kind::Transition;
  std::uint32_t id = 0;
  TimePoint at{};
  vrrp::Transition transition{};
  std::uint8_t priority = 0;
  net::Address source{};
  Duration interval{}, at_work{};
  proto::BfdState state = proto::BfdState::Down;
  proto::BfdDiagnostic diagnostic = proto::BfdDiagnostic::None;
  const char* why = "";
  std::uint32_t other = 0;
  int error = 0;
  UnfitAdverts unfit{};  // those since it was told last
};

struct PacedGroup {
  std::vector<PacedRouter*> members;
};

struct PacedRouter {
  PacedRouter(std::uint32_t number, const vrrp::RouterSettings& settings, RouterBoard& its_board)
      : id(number), machine(settings), board(its_board) {}
  std::uint32_t id;
  vrrp::Router machine;
  RouterBoard& board;
  Shape shape;
  PacedGroup* group = nullptr;
  // The addresses are let be until somebody is known to be master.
  bool undecided = true;
  // A member of a group, whose master's BFD session went down, waits for the others.
  bool neighbor_down = false;
  std::optional<Event> waits;  // the word of that, from `at` on
  // Who was heard last, and when somebody else was.
  std::optional<net::Address> speaker;
  std::optional<TimePoint> others_heard;
  // Whom main was told of, as a backup's master, since the last transition.
  struct ToldMaster {
    net::Address source;
    std::uint8_t priority = 0;
    Duration interval{};
    bool operator==(const ToldMaster&) const = default;
  };
  std::optional<ToldMaster> told_master;
  // A transition for which main had no room yet. Later ones are one with it: where it came from, where it is now.
  std::optional<Event> untold;
  TimePoint lower_due{};  // when main may be told of a lesser master again
  int failures = 0;       // of advertisements to one destination at least, in a row
  bool told_failure = false;
  TimePoint master_since{};
  UnfitLedger unfit;
  // The packets as they were written last, one a destination; none: to be written anew.
  std::uint8_t written_priority = 0;
  std::vector<std::vector<std::uint8_t>> written;
};

struct PacedSession {
  PacedSession(std::uint32_t number, const bfd::SessionSettings& settings, TimePoint now,
               std::function<double()> random, SessionBoard& its_board)
      : id(number),
        discriminator(settings.discriminator),
        machine(settings, now, std::move(random)),
        board(its_board) {}
  std::uint32_t id;
  std::uint32_t discriminator;
  bfd::Session machine;
  SessionBoard& board;
  net::Address local, remote;
  std::uint32_t ifindex = 0;
  std::uint8_t least_ttl = 255;
  TimePoint heard{};                  // the last packet that counted
  std::optional<TimePoint> up_since;  // while it is up
  // It fell silent, and whether that is the neighbour's end or the path's is not known yet.
  struct Silence {
    TimePoint up_since;
    TimePoint from;  // whoever else was heard since then was heard while this neighbour was not
  };
  std::optional<Silence> silence;
  std::optional<Event> untold;  // its last state, for which main had no room yet
};

// What the pacer acts through. Called in its thread; must not wait.
class Wire {
 public:
  virtual ~Wire() = default;
  // 0, or the errno.
  virtual int send_advert(Port& port, std::span<const std::uint8_t> payload, const net::Address& source,
                          const net::Address& destination, std::uint8_t ttl) = 0;
  virtual int send_bfd(PacedSession& session, std::span<const std::uint8_t> payload) = 0;
  // False: main has not taken what it was told before, and there is no room.
  virtual bool tell(const Event& event) = 0;
  virtual void wake_hands() = 0;
};

class Pacer {
 public:
  Pacer(Wire& wire, HostCounts& counts) : wire_(wire), counts_(counts) { reserve(); }

  // Packets as they come.
  void heard_advert(Port& port, std::span<const std::uint8_t> payload, const net::Address& source,
                    const net::Address& destination, std::uint8_t ttl, TimePoint now);
  void heard_bfd(std::uint32_t ifindex, std::span<const std::uint8_t> payload, const net::Address& source,
                 std::uint8_t ttl, TimePoint now);
  // The thread came so much later than it was due, for its machine stood still or kept it waiting. What it had not
  // time to hear does not count as silence, or a pause of this host's would be taken for the death of another one. To
  // be called before what came meanwhile is read. at_work: the part of it that was its own work, and not that the
  // kernel did not wake it or gave its CPU to others.
  void was_away(Duration time, Duration at_work, TimePoint now);
  // Whatever is due.
  void advance(TimePoint now);
  // When to call advance() next. For a backup that is once an interval, though it has nothing to do: where the host
  // stood still the thread comes late then, and not only at the end of its patience.
  [[nodiscard]] std::optional<TimePoint> due(TimePoint now) const;
  // The shortest time between two packets of anybody whose silence means something here.
  [[nodiscard]] Duration least_interval() const;

  // Main's orders. A router comes with its shape, and takes no part before set_standing().
  void add(PacedRouter& router);
  // A master resigns, and its addresses are wanted no more.
  void remove(PacedRouter& router, TimePoint now);
  // Gives the shape it had.
  void reshape(PacedRouter& router, Shape& shape, const vrrp::RouterSettings& settings, TimePoint now);
  void set_standing(PacedRouter& router, bool able, std::uint8_t priority, TimePoint now);
  void adopt(PacedRouter& router, TimePoint now) { router.machine.adopt(now); }
  void resign(PacedRouter& router, TimePoint now);
  // All groups anew; members of none belong to none. A group that is master in part, while another of it follows
  // somebody else's, gives up.
  void set_groups(std::vector<PacedGroup>& groups, TimePoint now);
  void add(PacedSession& session) { sessions_.push_back(&session); }
  void remove(PacedSession& session, TimePoint now);
  // All give up.
  void stop(TimePoint now);

 private:
  void reserve();
  static void take_in(PacedRouter& router);
  static void leave_out(PacedRouter& router);
  [[nodiscard]] static PacedRouter* meant(const Port& port, std::uint8_t vrid, const net::Address& source,
                                          const net::Address& destination);
  void act(PacedRouter& router, const vrrp::Actions& actions, TimePoint now);
  void follow(const PacedRouter& router, vrrp::State state, TimePoint now);
  void send(PacedRouter& router, std::uint8_t priority, TimePoint now);
  void judge_sending(PacedRouter& router, int error, TimePoint now);
  static void note_speaker(PacedRouter& router, const net::Address& source, TimePoint now);
  [[nodiscard]] bool only_other(const PacedRouter& router, const net::Address& source, TimePoint now) const;
  void refuse(PacedRouter& router, const UnfitAdverts& one);
  [[nodiscard]] static bool means(const PacedRouter& router, const PacedSession& session, const net::Address& source);
  [[nodiscard]] static const vrrp::Router::Master* ended(const PacedRouter& router, const PacedSession& session);
  [[nodiscard]] static bool ready(const PacedRouter& router, TimePoint now);
  [[nodiscard]] static bool group_ready(const PacedRouter& router, TimePoint now);
  bool tell(const Event& event);
  void tell(std::optional<Event>& untold, Event event);
  void tell_again(std::optional<Event>& untold);
  void settle(PacedSession& session, proto::BfdState before, const std::vector<proto::BfdPacket>& packets,
              TimePoint now);
  void judge_silences(TimePoint now);
  void tell_of_waiting(PacedRouter& router, TimePoint now);
  void neighbor_gone(const PacedSession& session, const char* path_fault, TimePoint now);
  struct Path {
    bool known = true;
    const char* fault = nullptr;  // why the silence may be this host's own; nullptr: nothing says so
  };
  [[nodiscard]] Path path_of(const PacedSession& session) const;

  Wire& wire_;
  HostCounts& counts_;
  std::vector<PacedRouter*> routers_;
  std::vector<PacedSession*> sessions_;
  std::vector<PacedGroup> groups_;
  // When main may be told of a time away again, had it not been spared so many before.
  TimePoint away_due_{};
};

}  // namespace plenum::failover
