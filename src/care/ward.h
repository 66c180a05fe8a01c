#pragma once
// One service in the care of its health checks: what their verdicts add up to, for each server and for the service.
// Pure: verdicts and the time come in; health's word (lb/in_force.h), notifications and lines for the log come out.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "care/checked.h"
#include "care/telling.h"
#include "conf/check.h"
#include "conf/l4.h"
#include "health/target.h"
#include "lb/health_source.h"
#include "lb/in_force.h"

namespace plenum::care {

// A server as the file and operators want it.
struct WantedServer {
  conf::Server server;
  bool weight_by_hand = false;  // an operator forces its weight
};

class Ward {
 public:
  // What is known of the service's past.
  struct Past {
    bool known = false;                     // it ran before this daemon did
    const lb::ServiceWord* word = nullptr;  // what was said of it then; nullptr: nothing
  };

  // share() (care/sharing.h) and settle() follow, here as behind change().
  Ward(const conf::Service& service, const conf::ServiceHealth& health, const std::vector<WantedServer>& servers,
       const Past& past, TimePoint now);

  // The file or operators changed their minds. Verdicts of targets that are the same stay.
  void change(const conf::Service& service, const conf::ServiceHealth& health, const std::vector<WantedServer>& servers,
              TimePoint now);

  // What share() needs. Services of one group are one thing at several addresses.
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] std::vector<Checked*> checks();
  // An id that other services' targets do not have. `n` tells several of one server apart.
  [[nodiscard]] std::string id_of(const net::Endpoint& server, std::size_t n) const;
  // Behind changes of its checks' ids.
  void know_ids();
  // It has not settled yet.
  [[nodiscard]] bool begins() const { return begins_; }
  // What the other stands for from the beginning, without telling anybody, if their servers and quorum are the same.
  bool begin_like(const Ward& other);

  // Whom to ask, in one order.
  void targets(std::vector<health::Target>& out) const;
  // Of a target of this ward; settle() makes of it what follows.
  void hear(const health::Change& change, TimePoint now);

  // Call behind changes, and at due(): a slow start goes on.
  void settle(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> due() const;
  [[nodiscard]] lb::ServiceWord word(TimePoint now) const;

  // The daemon ends: what is to be told then (`at_end`).
  void end();
  std::vector<Said> take_said() { return std::exchange(said_, {}); }

  // `asked` finds a target's state by its id; may find none.
  using StatusOf = std::function<const health::TargetStatus*(const std::string& id)>;
  [[nodiscard]] lb::HealthOfService status(TimePoint now, const StatusOf& asked) const;

 private:
  struct Server {
    WantedServer wanted;
    conf::OnFailure effect = conf::OnFailure::Remove;
    conf::Command notify_up, notify_down;
    std::vector<Checked> checks;
    std::uint32_t numbered = 0;  // checks that it had, for their targets' ids
    bool begins = false;         // its first checks came since it settled: nobody is told of how it begins
    bool down = false, damped = false;
    std::string why;
    TimePoint since;
    std::optional<TimePoint> starting;  // its slow start began
  };

  void take_servers(const std::vector<WantedServer>& servers, const Past& past, TimePoint now);
  // `known`: it is a server of before this daemon.
  void take_checks(Server& server, const conf::ServerHealth* own, bool known, const lb::ServerWord* before,
                   TimePoint now);
  void judge(Server& server, TimePoint now);
  // Down for being damped alone.
  [[nodiscard]] static bool rests(const Server& server);
  [[nodiscard]] bool is_down(const Server& server) const;
  void call_up(TimePoint now);
  [[nodiscard]] bool meets(std::uint64_t sum) const;
  void judge_service(TimePoint now);
  void tell(const Server& server, bool down, std::string line);
  void tell_quorum(bool up, const std::string& why, std::string line);
  [[nodiscard]] std::vector<std::string> environment(const std::string& state, const std::string& why) const;
  [[nodiscard]] std::uint64_t weight() const;
  [[nodiscard]] std::uint64_t weight(const Server& server) const;
  [[nodiscard]] lb::ServerWord word_of(const Server& server, TimePoint now) const;
  [[nodiscard]] std::uint32_t share(const Server& server, TimePoint now) const;
  [[nodiscard]] std::string name() const;
  [[nodiscard]] static std::string name(const Server& server);

  conf::Service service_;  // without servers
  conf::ServiceHealth health_;
  std::string group_;
  std::vector<Server> servers_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_id_;  // of targets: server, check
  bool begins_ = true;
  bool called_up_ = false;      // those that rest, too: the service would be below its quorum without them
  std::optional<bool> quorum_;  // met; none: never judged
  TimePoint quorum_since_, settled_{};
  std::vector<Said> said_;
};

using Wards = std::unordered_map<conf::ServiceKey, Ward, lb::KeyHash>;
// When the first of them is due.
std::optional<TimePoint> due(const Wards& wards);

}  // namespace plenum::care
