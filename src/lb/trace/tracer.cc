#include "lb/trace/tracer.h"

#include <net/if.h>

#include <algorithm>
#include <ctime>

#include "lb/mapped_array.h"

namespace plenum::lb {

namespace {

std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string interface_name(std::uint32_t ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(ifindex, name.data()) != nullptr ? name.data() : "#" + std::to_string(ifindex);
}

}  // namespace

Tracer::Tracer(rt::Loop& loop, XdpProgram& program) : loop_(loop), program_(program) {}

Tracer::~Tracer() {
  traces_ = {};
  end();
}

unsigned Tracer::running() const {
  return static_cast<unsigned>(
      std::count_if(traces_.begin(), traces_.end(), [](const auto& t) { return t != nullptr; }));
}

Result<> Tracer::begin() {
  ending_.cancel();
  if (tracing_) return {};
  PLENUM_TRY(tracing_,
             TraceProgram::open([this](const char* name) { return program_.map_fd(name); },
                                [this](const pl_trace_record& record) { tell(record); }),
             "trace");
  auto watch = loop_.on_readable(tracing_->ring_fd(), [this] {
    if (tracing_) tracing_->read();
  });
  auto done = watch ? program_.substitute(tracing_->fd()) : Result<>(tl::unexpected(std::move(watch).error()));
  if (!done) {
    tracing_.reset();
    return tl::unexpected(std::move(done).error().in("trace"));
  }
  readable_ = *std::move(watch);
  return {};
}

void Tracer::end() {
  if (!tracing_ || running() != 0) return;
  // A program that cannot be put back goes on as it is: with nobody to tell it only costs.
  if (!program_.restore()) return;
  readable_.cancel();
  tracing_.reset();
}

Result<std::uint32_t> Tracer::start(const TraceFilter& filter, Take take) {
  PLENUM_TRY(auto slot, trace_slot(filter, filter.interface.empty() ? 0 : ::if_nametoindex(filter.interface.c_str())),
             "trace");
  const auto free = std::find(traces_.begin(), traces_.end(), nullptr);
  if (free == traces_.end())
    return fail(std::errc::device_or_resource_busy, "as many traces run as there can be at once");
  PLENUM_CHECK(begin(), "start");
  const auto index = static_cast<std::uint32_t>(free - traces_.begin());
  *free = std::make_shared<Trace>(Trace{std::move(take), filter.bytes, nanoseconds(CLOCK_MONOTONIC)});
  auto& shown = tracing_->slots()[index];
  shown = slot;
  shared(shown.active).store(1);
  return index;
}

TraceCounts Tracer::counts(std::uint32_t trace) const {
  if (!tracing_ || trace >= traces_.size() || !traces_[trace]) return {};
  auto& slot = tracing_->slots()[trace];
  return {shared(slot.matched).load(), shared(slot.suppressed).load(), shared(slot.lost).load()};
}

void Tracer::stop(std::uint32_t trace) {
  if (trace >= traces_.size() || !traces_[trace]) return;
  traces_[trace].reset();
  if (tracing_) shared(tracing_->slots()[trace].active).store(0);
  // Not at once: the ring may be in the middle of handing on records.
  if (running() == 0) ending_ = loop_.after(Duration::zero(), [this] { end(); });
}

void Tracer::tell(const pl_trace_record& record) {
  const TraceNames names{
      interface_name,
      [this](std::uint32_t index) { return index < program_.servers.size() ? &program_.servers[index] : nullptr; },
      nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC)};
  for (std::size_t i = 0; i < traces_.size(); ++i) {
    const auto trace = traces_[i];  // it may end itself
    if (trace && (record.slots >> i & 1) != 0 && record.time >= trace->since)
      trace->take(trace_event(record, names, trace->bytes));
  }
}

}  // namespace plenum::lb
