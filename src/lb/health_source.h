#pragma once
// What listings say of servers' health, as values; and how the director asks for them, since who knows stands above it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "lb/status.h"
#include "lb/table.h"

namespace plenum::lb {

struct HealthOfService {
  ServiceHealthStatus service;
  std::unordered_map<conf::ServerKey, ServerHealthStatus, KeyHash> servers;
};

// Services that are checked, or have a quorum or a sorry server.
using HealthPicture = std::unordered_map<conf::ServiceKey, HealthOfService, KeyHash>;
using HealthSource = std::function<HealthPicture()>;

}  // namespace plenum::lb
