// Any bytes as saved state: a state or an error, never a crash; a state that was read is
// written and read back as the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lb/runtime_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenum;
  const TimePoint now{std::chrono::seconds(1000)};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto state = lb::read_state(text, now, 1000);
  if (!state) return 0;
  const auto written = lb::write_state(*state, now, 1000);
  const auto again = lb::read_state(written, now, 1000);
  if (!again || lb::write_state(*again, now, 1000) != written) std::abort();
  (void)lb::table_of(*state, {});
  return 0;
}
