// Any bytes as Piranha's lvs.cf: read or refused with a reason; what is read a table takes, and it can be written as
// YAML.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "conf/lvs_cf/read.h"
#include "conf/write_yaml.h"
#include "lb/reload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenum;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const conf::lvs_cf::Host host{"node", [](const net::Address& address) { return address.data()[3] % 2 == 0; }};
  (void)conf::lvs_cf::looks_like(text);
  const auto read = conf::lvs_cf::read(text, "lvs.cf", host);
  if (read.findings.worst() == conf::keepalived::Severity::Fatal) {
    if (conf::keepalived::diagnostics(read.findings, conf::keepalived::Severity::Fatal).empty()) std::abort();
    return 0;
  }
  if (!lb::plan(read.config.services, read.config.services).empty()) std::abort();
  if (!lb::reload(lb::Table(), {}, read.config.services, TimePoint{})) std::abort();
  if (conf::write_yaml(read.config).text.empty()) std::abort();
  return 0;
}
