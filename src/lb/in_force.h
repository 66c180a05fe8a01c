#pragma once
// What health makes of the services that are wanted: the file and operators say which servers a service has, health
// says on top of that which of them take traffic at the moment. Pure values, and the rule that joins the two. Nothing
// here is ever taken for what is wanted.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "conf/check.h"
#include "conf/l4.h"
#include "lb/table.h"

namespace plenum::lb {

// Health's word about one server.
struct ServerWord {
  bool down = false;
  conf::OnFailure effect = conf::OnFailure::Remove;  // while it is down, or the sorry server takes all
  // Effect Drain, kept by whoever carries words out (take_in()): when what it still has is cut, and that it was.
  std::optional<TimePoint> cut_at;
  bool cut = false;
  std::string why;  // it is down
  bool damped = false;
  TimePoint since{};  // it is down

  // Of a server that is well; an operator's word about its weight comes before these.
  std::optional<std::int32_t> weight;  // instead of the file's
  std::int32_t more = 0;               // beside it
  std::uint32_t share = kWhole;        // thousandths of what this makes, at least 1: a slow start
  static constexpr std::uint32_t kWhole = 1000;

  bool operator==(const ServerWord&) const = default;
};

// Health's word about a service.
struct ServiceWord {
  std::unordered_map<conf::ServerKey, ServerWord, KeyHash> servers;  // of whom there is something to say
  bool below_quorum = false;
  // There at weight 0, or below the quorum instead of the others, but those that are of effect Inhibit at weight 0.
  std::optional<conf::Server> sorry;
  [[nodiscard]] bool sorry_takes_all() const { return below_quorum && sorry; }

  [[nodiscard]] bool empty() const { return servers.empty() && !below_quorum && !sorry; }
  bool operator==(const ServiceWord&) const = default;
};

using HealthWords = std::unordered_map<conf::ServiceKey, ServiceWord, KeyHash>;

enum class Standing : std::uint8_t {
  In,        // takes connections by its weight
  Draining,  // takes no new ones
  Out        // as if it were not there: no packet goes to it, its connections wait for it
};

struct ServerInForce {
  const conf::Server* wanted = nullptr;
  std::int32_t weight = 0;
  Standing standing = Standing::In;
  bool sorry = false;
  [[nodiscard]] conf::Server server() const;  // with the weight in force
};

// Valid while the entry and the word are.
struct ServiceInForce {
  const conf::Service* wanted = nullptr;
  std::vector<ServerInForce> servers;  // oldest first; a sorry server is the youngest
};

// A wanted weight with health's word about it; `word` may be nullptr. Does not ask whether the server is down.
std::int32_t weight_in_force(std::int32_t wanted, bool by_hand, const ServerWord* word);
// Whether an operator forces the server's weight: says another than the file, or drains it.
bool weight_by_hand(const ServerEntry& entry);
// How one server stands; `word` and `service` may be nullptr: nothing is said.
ServerInForce in_force(const ServerEntry& entry, const ServerWord* word, const ServiceWord* service);
ServiceInForce in_force(const ServiceEntry& entry, const ServiceWord* word);

// Puts `next` in the place of `word`. Drains that began go on, those that begin have `drain` from `now` on.
void take_in(ServiceWord& word, ServiceWord next, Duration drain, TimePoint now);
// Cuts drains whose time is over, or that have nothing left to wait for. True when there are any.
bool cut_drains(ServiceWord& word, const conf::ServiceKey& service, TimePoint now,
                const Table::ConnectionsOf& connections_of);

}  // namespace plenum::lb
