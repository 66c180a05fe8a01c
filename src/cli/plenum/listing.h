#pragma once
// What `plenum` prints for people: status values as aligned text. Pure; --json prints the
// control socket's own answers instead.

#include <string>
#include <vector>

#include "lb/status.h"

namespace plenum::cli {

// One row a service, in the order given.
std::string services_text(const std::vector<lb::ServiceStatus>& services);
// One row a server, with its service.
std::string servers_text(const std::vector<lb::ServiceStatus>& services);
// One row a check, with its server and service.
std::string health_text(const std::vector<lb::HealthReport>& services);
std::string connections_text(const std::vector<lb::ConnectionStatus>& connections);
// The reasons that fell at least once, most frequent first within a kind.
std::string reasons_text(const std::vector<lb::ReasonCount>& reasons);
std::string status_text(const lb::Status& status);
// One line about one server, after it was drained, enabled or weighed.
std::string server_line(const lb::ServerStatus& server);

// How a listing calls a service: its name, or "TCP 192.0.2.10:80" where it has none.
std::string called(const conf::Service& service);
std::string called(const conf::Server& server);

}  // namespace plenum::cli
