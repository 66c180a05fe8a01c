#pragma once
// The desired services, and what operators changed about them while running: the value the
// data plane is made to agree with. Pure: no packets, no sockets, no clock but the TimePoint
// handed in. Follows IPVS (net/netfilter/ipvs/ip_vs_ctl.c) in what it accepts and in the
// errno of what it does not.
//
// Two hands write it: the file and operators (ipvsadm, plenum drain). The one that changed
// last wins, field by field: a server drained by hand stays drained when the file changes
// its thresholds, and takes the file's weight when the file changes the weight.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/l4.h"
#include "lb/ordered_index.h"
#include "lb/overrides.h"
#include "lb/status.h"
#include "lb/step.h"

namespace plenum::lb {

struct KeyHash {
  std::size_t operator()(const conf::ServiceKey& key) const;
  std::size_t operator()(const conf::ServerKey& key) const;
};

// How much the data plane behind the table holds; more is refused with ENOMEM.
struct Room {
  std::size_t services = std::numeric_limits<std::size_t>::max();
  std::size_t servers = std::numeric_limits<std::size_t>::max();  // over all services, draining ones too
};

struct ServerEntry : Governed<conf::Server> {
  // Set: removed, takes no new connection, goes for good at this time or with its last one.
  std::optional<TimePoint> removed_at;

  [[nodiscard]] bool draining() const { return removed_at.has_value(); }
  // The weight in force: 0 while draining.
  [[nodiscard]] std::int32_t weight() const { return draining() ? 0 : spec.weight; }
  // spec with the weight in force: what the data plane carries out.
  [[nodiscard]] conf::Server effective() const;
};

struct ServiceEntry : Governed<conf::Service> {  // spec.servers stays empty: they are here
  // Order of addition, oldest first; IPVS's own list is the reverse.
  OrderedIndex<conf::ServerKey, ServerEntry, KeyHash> servers;

  // The service with its servers, weights in force, draining ones included.
  [[nodiscard]] conf::Service effective() const;
};

class Table {
 public:
  using Services = OrderedIndex<conf::ServiceKey, ServiceEntry, KeyHash>;
  // Connections a server still has, of any state, persistence templates included.
  using ConnectionsOf = std::function<std::uint64_t(const conf::ServiceKey&, const conf::ServerKey&)>;

  explicit Table(Room room = {}) : room_(room) {}

  // Carries out one step or changes nothing. Errors, as IPVS: file_exists (EEXIST),
  // no_such_process (ESRCH: no such service), no_such_file_or_directory (ENOENT: no such
  // server, scheduler or persistence engine), result_out_of_range (ERANGE: thresholds,
  // weight), invalid_argument (EINVAL), not_enough_memory (ENOMEM: no room).
  // Adding or editing a server that is draining revives it. An operator's step with an empty
  // name keeps the name (and drain time) the file gave.
  Result<> apply(const Step& step, const Origin& origin);

  // Operators' words about one server; they hold until enable(), until `expires`, or until
  // the file changes the weight. ESRCH and ENOENT as above, EINVAL for a negative weight.
  Result<> drain(const conf::ServiceKey& service, const conf::ServerKey& server, const Origin& by,
                 std::optional<TimePoint> expires);
  Result<> set_weight(const conf::ServiceKey& service, const conf::ServerKey& server, std::int32_t weight,
                      const Origin& by, std::optional<TimePoint> expires);
  // Ends the override; a server that is draining comes back as something `by` added.
  Result<> enable(const conf::ServiceKey& service, const conf::ServerKey& server, const Origin& by);

  // Carries out what time brings: overrides that end (EditServer with what goes on), draining
  // servers that are through (RemoveServer, drain 0). Returns these steps, already applied.
  std::vector<Step> expire(TimePoint now, const ConnectionsOf& connections_of);

  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] const ServiceEntry* find(const conf::ServiceKey& key) const { return services_.find(normal(key)); }
  [[nodiscard]] const ServerEntry* find(const conf::ServiceKey& service, const conf::ServerKey& server) const;
  [[nodiscard]] std::size_t server_count() const { return server_count_; }
  // Services by name or by key text ("TCP 192.0.2.10:80"; the protocol may be left out): a
  // name may stand for one service per address family.
  [[nodiscard]] std::vector<conf::ServiceKey> services_called(std::string_view name) const;
  // The server by name, "address:port", or address alone where that is one server.
  [[nodiscard]] std::optional<conf::ServerKey> server_called(const ServiceEntry& service, std::string_view name) const;

  // The fields of a mark service's key that do not count, at their defaults.
  static conf::ServiceKey normal(conf::ServiceKey key);

  // For a saved state read back: entries as they were, checked like any step.
  Result<> restore(ServiceEntry entry);

 private:
  Result<ServiceEntry*> find_service(const conf::ServiceKey& key);
  Result<ServerEntry*> find_server(const conf::ServiceKey& service, const conf::ServerKey& server);
  Result<> override_weight(const conf::ServiceKey& service, const conf::ServerKey& server, std::int32_t weight,
                           std::string what, const Origin& by, std::optional<TimePoint> expires);

  Result<> carry_out(const AddService& step, const Origin& origin);
  Result<> carry_out(const EditService& step, const Origin& origin);
  Result<> carry_out(const RemoveService& step, const Origin& origin);
  Result<> carry_out(const AddServer& step, const Origin& origin);
  Result<> carry_out(const EditServer& step, const Origin& origin);
  Result<> carry_out(const RemoveServer& step, const Origin& origin);
  Result<> carry_out(const Clear& step, const Origin& origin);
  Result<> carry_out(const Zero& step, const Origin& origin);

  Room room_;
  Services services_;
  std::size_t server_count_ = 0;
};

// Status values of an entry without what only the data plane knows (counters, connections,
// next hops).
ServerStatus status_of(const ServerEntry& entry, TimePoint now);
ServiceStatus status_of(const ServiceEntry& entry, TimePoint now);

// The service a step is about; none for Clear and Zero of everything.
std::optional<conf::ServiceKey> service_of(const Step& step);

}  // namespace plenum::lb
