// Any bytes as a configuration file: the reader answers with a Config or with diagnostics,
// never with a crash; what it takes, a table takes or refuses, and the plan to itself is empty.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "conf/reader.h"
#include "lb/reload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenum;
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "10.0.0.1";
    return std::nullopt;
  };
  const auto reading = conf::parse(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml", environment);
  if (!reading) {
    if (reading.error().empty() || reading.error().render().empty()) std::abort();
    return 0;
  }
  if (!lb::plan(reading->services, reading->services).empty()) std::abort();
  // What the reader accepts is sound for everything but the room the data plane has.
  if (!lb::reload(lb::Table(), {}, reading->services, TimePoint{})) std::abort();
  return 0;
}
