#pragma once
// What plenum-vrrpd says of its BFD sessions, and how much of it counts. A session begins as down, also when
// plenum-vrrpd is started anew beside servers that are well: one that is down without having been up before is given
// time to come up. Pure.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "proto/failover_news.h"

namespace plenum::care {

class BfdSessions {
 public:
  // A session that is not up yet sends each second, and is up with the third packet at the latest.
  static constexpr Duration kComingUp = std::chrono::seconds(5);

  struct State {
    bool up = false;
    std::string why;  // it is not
    bool operator==(const State&) const = default;
  };
  using Told = std::vector<std::pair<std::string, State>>;

  // What is to be told of it now, if anything.
  std::optional<State> hear(const proto::FailoverNews& news, TimePoint now);
  // When the first of those that are waited for has had its time, and who has had it.
  [[nodiscard]] std::optional<TimePoint> due() const;
  Told overdue(TimePoint now);
  // plenum-vrrpd is away: nobody is coming up.
  void forget_waiting();
  // All that was told, as it is now.
  [[nodiscard]] Told told() const;

 private:
  struct Session {
    std::optional<State> told;
    std::optional<TimePoint> until;  // it is not up, and is not told of before
    std::string why;                 // then
  };
  std::map<std::string, Session> sessions_;
};

}  // namespace plenum::care
