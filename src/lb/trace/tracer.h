#pragma once
// Traces of the running data plane: while there is one, the tracing build of the program is
// on every interface in the other's place, and each trace is told the packets it wants.
// Loop thread only. Knows nothing of sockets.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "lb/trace/event.h"
#include "lb/trace/filter.h"
#include "lb/trace/trace_program.h"
#include "lb/xdp_program.h"
#include "rt/loop.h"

namespace plenum::lb {

class Tracer {
 public:
  using Take = std::function<void(const TraceEvent&)>;

  // `loop` and `program` outlive the tracer.
  Tracer(rt::Loop& loop, XdpProgram& program);
  // Puts the program without tracing back.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // A trace's number, for the two below. The first one loads and swaps the program, which
  // takes some tenths of a second. `take` may call stop(). EBUSY: PL_TRACE_SLOTS run already;
  // EINVAL, ENODEV: the filter; else what the kernel says.
  Result<std::uint32_t> start(const TraceFilter& filter, Take take);
  [[nodiscard]] TraceCounts counts(std::uint32_t trace) const;
  // Ends it; behind the last one the program without tracing comes back.
  void stop(std::uint32_t trace);
  // How many run.
  [[nodiscard]] unsigned running() const;

 private:
  struct Trace {
    Take take;
    bool bytes = false;
    std::uint64_t since = 0;  // CLOCK_MONOTONIC ns: older records are of who had the slot before
  };
  Result<> begin();
  void end();
  void tell(const pl_trace_record& record);

  rt::Loop& loop_;
  XdpProgram& program_;
  std::unique_ptr<TraceProgram> tracing_;
  std::array<std::shared_ptr<Trace>, PL_TRACE_SLOTS> traces_;
  rt::Watch readable_;
  rt::Timer ending_;
};

}  // namespace plenum::lb
