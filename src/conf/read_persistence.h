#pragma once
// `persistence:` of a service and the mark rules of the director, from the tree into values.

#include <optional>
#include <string>
#include <vector>

#include "conf/l4.h"
#include "conf/mark_rule.h"
#include "conf/validate.h"

namespace plenum::conf {

// As the file has it: for both families, one of which each service of it takes.
struct PersistenceText {
  std::uint32_t timeout = 360;
  std::uint32_t netmask = 0xffffffff;  // of IPv4 clients, host order
  std::uint32_t prefix = 128;          // of IPv6 clients
  std::string engine;

  [[nodiscard]] Persistence of(net::Family family) const;
};

// None when the service has none. `where` is "service web".
std::optional<PersistenceText> read_persistence(const Fields& service, const std::string& where, Diagnostics& problems);

// In the order of the file, a rule for each range of ports.
std::vector<MarkRule> read_marks(const Fields& director, Diagnostics& problems);

}  // namespace plenum::conf
