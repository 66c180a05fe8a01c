#pragma once
// A service's health checks and what follows from them, from the file's tree. What only the service knows (which
// servers, by which way) comes in.

#include <optional>
#include <string>
#include <vector>

#include "conf/check.h"
#include "conf/l4.h"
#include "conf/source.h"
#include "conf/validate.h"
#include "conf/yaml.h"

namespace plenum::conf {

// The checks of `key` in `fields`, of a service or of a server. `where` is the way there for people.
std::vector<Check> read_checks(const Fields& fields, const std::string& where, Diagnostics& problems);

// What one server says of itself.
ServerHealth read_server_health(const Fields& server, const std::string& where, Diagnostics& problems);

// What the service says; servers and `service` are left as they are. `sorry` is a server that was read as others are.
ServiceHealth read_service_health(const Fields& service, std::optional<Server> sorry, const std::string& where,
                                  Diagnostics& problems);

// What checks and servers must be for one another. `node` is where the checks stand.
void check_health(const std::vector<Check>& checks, const Node& node, const Server& server, const ServiceKey& service,
                  const std::string& where, Diagnostics& problems);

}  // namespace plenum::conf
