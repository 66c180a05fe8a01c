#pragma once
// A change to the table of services, one step at a time: what an ipvsadm command line is,
// what a reload is a list of, what `plenum diff` shows and what the data plane carries out.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conf/l4.h"

namespace plenum::lb {

struct AddService {
  conf::Service service;
};  // its servers are added by AddServer
struct EditService {
  conf::Service service;
};  // its servers are left alone
struct RemoveService {
  conf::ServiceKey key;
};
struct AddServer {
  conf::ServiceKey service;
  conf::Server server;
};
struct EditServer {
  conf::ServiceKey service;
  conf::Server server;
};
// drain == 0 removes at once, as ipvsadm -d does; otherwise the server takes no new
// connections and goes when its last one ends or after `drain` seconds.
struct RemoveServer {
  conf::ServiceKey service;
  conf::ServerKey server;
  std::uint32_t drain = 0;
};
struct Clear {};  // ipvsadm -C
struct Zero {
  std::optional<conf::ServiceKey> service;
};  // ipvsadm -Z

using Step = std::variant<AddService, EditService, RemoveService, AddServer, EditServer, RemoveServer, Clear, Zero>;

// One line for people: "add service web TCP 192.0.2.10:80 wrr", "web: server a weight 1 -> 3".
std::string describe(const Step& step);

// The steps that lead from one file's services to another's, in an order that is valid at
// every point. Servers that go are drained for their service's drain time.
std::vector<Step> plan(const std::vector<conf::Service>& from, const std::vector<conf::Service>& to);

}  // namespace plenum::lb
