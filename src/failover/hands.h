#pragma once
// The thread that acts: adds and takes away a virtual router's addresses, routes and rules as the pacer's
// boards want them, has packets to them refused where that is said, and tells neighbours where they are. It may wait
// for the kernel; nobody waits for it.

#include <atomic>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conf/vrrp.h"
#include "failover/board.h"
#include "failover/orders.h"
#include "failover/refusal.h"
#include "rt/netlink.h"
#include "rt/thread.h"

namespace plenum::failover {

// What a router has while it is master, as the kernel is told it.
struct Kit {
  std::vector<rt::AddressSpec> addresses;
  std::vector<rt::AddressSpec> own;  // put back where they went, and never taken away: the interface's own
  std::vector<rt::RouteSpec> routes;
  std::vector<rt::RuleSpec> rules;
  bool accept = true;  // packets to the addresses
  struct Announcement {
    std::uint32_t ifindex = 0;
    std::vector<std::uint8_t> frame;
    net::Address address;
    bool operator==(const Announcement&) const = default;
  };
  std::vector<Announcement> announcements;
  conf::Announce announce;
  bool operator==(const Kit&) const = default;
};

// To main.
struct Report {
  enum class Kind : std::uint8_t {
    Failed,  // and goes on, until
    Over,    // it is said of the same text
    Once     // something that happened, and is over
  };
  std::uint32_t id = 0;
  Kind kind = Kind::Once;
  std::string text;
};

class Hands {
 public:
  // `main` is rung when there is a report or something was carried out. Speaks for the network namespace of the
  // caller.
  static Result<std::unique_ptr<Hands>> start(int priority, rt::Bell bell, const rt::Bell& main);
  Hands(const Hands&) = delete;
  Hands& operator=(const Hands&) = delete;
  ~Hands() { halt(); }

  // Ends the thread; what it was given stays as it is.
  void halt();

  // Main's.
  Orders<Hands>& orders() { return orders_; }
  std::optional<Report> next_report() { return reports_.pop(); }
  // What the pacer rings.
  [[nodiscard]] const rt::Bell& bell() const { return orders_.bell(); }

  // For orders, in the thread. A router's board outlives its forget(). `here`: its addresses were before it.
  void learn(std::uint32_t id, RouterBoard& board, Kit kit, bool here);
  // Another kit: what is in both is not touched.
  void change(std::uint32_t id, Kit kit);
  void forget(std::uint32_t id);
  // Somebody took something away, or the interface was: puts it there again where it is wanted, and announces what
  // was gone, and nothing else.
  void restore(std::uint32_t id);
  // Behind the first learn()s: packets are refused from now on, by tables of this name, which a daemon before may
  // have `left`.
  void refuse_by(std::string table, bool left) { refusal_.begin(std::move(table), left); }
  // By this socket.
  void use_nftables(rt::Nftables nftables) { refusal_.use(std::move(nftables)); }
  // Somebody changed the tables.
  void doubt_tables() { refusal_.doubt(); }
  // Routes or rules of the host went: those of the router that did are put there again.
  void restore_paths(std::uint32_t id);
  // What is wanted now is carried out when this returns.
  void look_now() { look(SteadyClock().now()); }

 private:
  struct Router {
    std::uint32_t id = 0;
    RouterBoard* board = nullptr;
    Kit kit;
    std::uint64_t wanted = 0, lower_heard = 0;
    std::uint64_t next = 0;  // of the board, and to be carried out
    Want want = Want::Undecided;
    bool here = false;                      // while it is undecided
    TimePoint lower_answered{};             // when it is announced, or will be, behind a lesser master
    bool incomplete = false;                // something failed, and is tried again
    std::set<std::string> failing, failed;  // what does now, and what main was told of
    std::string taken;                      // that packets are, though they were to be refused
  };
  struct Job {
    std::uint32_t id = 0;
    std::size_t announcement = 0;
    Duration again{};  // a refresh comes again, so much later
  };

  Hands(Fd packets, rt::Netlink netlink, rt::Bell bell, const rt::Bell& main);
  void run(int priority);
  void look(TimePoint now);
  void answer_lower(Router& router, TimePoint now);
  void take(Router& router, Want want, TimePoint now);
  // The announcements of what was not there.
  std::vector<std::size_t> put(Router& router, const Kit& kit);
  void clear(Router& router, const Kit& kit);
  // All that a master says on becoming one, and as long as it is one.
  void announce_all(Router& router, TimePoint now);
  void announce(Router& router, std::uint32_t rounds, TimePoint from);
  void fail(Router& router, const std::string& what);
  // A moment from now: all that is incomplete, or not refused.
  void try_again();
  // Tells main of what fails; and, where all of the router's were tried, of what fails no more.
  void settle(Router& router, bool all);
  void drop_jobs(std::uint32_t id);
  void send_due(TimePoint now);
  // `next`: with what is about to be carried out.
  [[nodiscard]] Refused refused(bool next) const;
  void refuse(const Refused& these);
  void send(const Job& job, TimePoint now);
  // False: main has not taken what it was told before, and there is no room.
  bool report(std::uint32_t id, Report::Kind kind, std::string text);
  Router* find(std::uint32_t id);

  Orders<Hands> orders_;
  const rt::Bell& main_;
  rt::Ring<Report> reports_{1024};
  Fd packets_;
  rt::Netlink netlink_;
  Refusal refusal_;
  bool not_refused_ = false;  // that failed
  std::list<Router> routers_;
  std::multimap<TimePoint, Job> jobs_;
  // Of an interface on which announcements keep a distance: what is due and waits its turn.
  struct Lane {
    TimePoint free_from{};
    std::deque<Job> waiting;
  };
  std::map<std::uint32_t, Lane> lanes_;
  TimePoint retry_ = TimePoint::max();
  std::atomic<bool> ends_{false};
  rt::Thread thread_;
};

}  // namespace plenum::failover
