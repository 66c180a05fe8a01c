// Two CPUs in the data plane at once: packets a second of both together over those of the better
// one alone, for known connections and for new ones; and that nothing was lost on the way: every
// packet counted, every connection in the table and in its server's load.

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/l4_rig.h"

namespace {

using plenum::bench::Mode;
using plenum::bench::Rig;

constexpr std::uint32_t kSlots = 4194304;
constexpr std::uint32_t kHits = 2000000, kNew = 262144;
constexpr int kRuns = 5;

std::vector<int> two_cpus() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) throw std::runtime_error("which CPUs");
  std::vector<int> cpus;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && cpus.size() < 2; --cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  if (cpus.size() < 2) throw std::runtime_error("this takes two CPUs");
  return cpus;
}

struct Row {
  const char* what;
  std::uint32_t flows;
  double alone = 0, together = 0;  // packets a second
};

// One alone and both together in turn, so that what else the machine does strikes both alike.
template <class Measure>
Row row(const char* what, std::uint32_t flows, const std::vector<int>& cpus, Measure measure) {
  Row row{what, flows};
  for (int i = 0; i < kRuns; ++i) {
    row.alone = std::max({row.alone, measure({cpus[0]}), measure({cpus[1]})});
    row.together = std::max(row.together, measure(cpus));
  }
  return row;
}

void expect_exact(Rig& rig) {
  const auto counted = rig.counted_connections(), live = rig.live_connections();
  if (counted != live)
    throw std::runtime_error(fmt::format("{} connections stand in the table, loads say {}", live, counted));
}

std::vector<Row> bench() {
  const auto cpus = two_cpus();
  Rig rig(kSlots);
  std::vector<Row> rows;
  for (const std::uint32_t flows : {1u, 1024u, 65536u, 524288u}) {
    rig.begin(Mode::Dr);
    rig.establish(flows);
    rows.push_back(row("hit", flows, cpus, [&](const std::vector<int>& on) { return rig.hit_on(on, flows, kHits); }));
    expect_exact(rig);
  }
  rows.push_back(row("new", 0, cpus, [&](const std::vector<int>& on) {
    rig.begin(Mode::Dr);
    const double rate = rig.fresh_on(on, 0, kNew);
    expect_exact(rig);
    return rate;
  }));
  return rows;
}

void print(const std::vector<Row>& rows, bool json) {
  std::string text;
  for (const Row& row : rows) {
    if (json)
      text +=
          fmt::format("{}{{\"kind\":\"{}\",\"flows\":{},\"alone\":{:.0f},\"together\":{:.0f},\"ratio\":{:.3f}}}",
                      text.empty() ? "" : ",", row.what, row.flows, row.alone, row.together, row.together / row.alone);
    else
      text += fmt::format("{:<5} {:>8} {:>12.2f} {:>12.2f} {:>7.2f}\n", row.what, row.flows, row.alone / 1e6,
                          row.together / 1e6, row.together / row.alone);
  }
  if (json)
    fmt::print("{{\"rows\":[{}]}}\n", text);
  else
    fmt::print("{:<5} {:>8} {:>12} {:>12} {:>7}\n{}", "kind", "flows", "1 CPU, M/s", "2 CPUs, M/s", "ratio", text);
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: bench_cpus [--json]\n");
    return 2;
  }
  try {
    print(bench(), json);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_cpus: {}\n", error.what());
    return 1;
  }
}
