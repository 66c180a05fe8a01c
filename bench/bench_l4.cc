// What a packet costs in the L4 data plane: ns per packet for packets of known connections
// (hit) and for first packets (new), by mode and by how many connections there are. All
// through the driver of l4_driver.bpf.c; `null` is that driver with a program that does
// nothing, and is part of every other figure.

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/l4_rig.h"

namespace {

using plenum::bench::kModes;
using plenum::bench::Mode;
using plenum::bench::Rig;

constexpr std::uint32_t kFlows[] = {1, 1024, 65536, 524288};
constexpr std::uint32_t kMostFlows = 524288;
// A hit run's packets, and the most of a new run: those stay in the table, which must not
// fill up.
constexpr std::uint32_t kHits = 2000000, kNew = 262144;
// One size for all rows, as a director has one: with the most flows and a run's new ones
// the table is 38 % full. 128 MiB.
constexpr std::uint32_t kSlots = 2097152;

struct Options {
  bool json = false;
  bool schedulers_only = false;
  int runs = 7;
  std::uint32_t packets = kHits;  // of a run
  std::uint32_t flows = 0;        // only rows of so many; 0: all
};

// Each scheduler with few servers and with many: what a new connection costs must not grow.
struct SchedulerRow {
  const char* name;
  std::uint32_t servers;
  double ns;
};

constexpr std::pair<const char*, pl_scheduler> kSchedulers[] = {
    {"rr", PL_SCHED_RR},     {"wrr", PL_SCHED_WRR},     {"lc", PL_SCHED_LC}, {"wlc", PL_SCHED_WLC},
    {"sed", PL_SCHED_SED},   {"nq", PL_SCHED_NQ},       {"fo", PL_SCHED_FO}, {"ovf", PL_SCHED_OVF},
    {"lblc", PL_SCHED_LBLC}, {"lblcr", PL_SCHED_LBLCR}, {"dh", PL_SCHED_DH}, {"sh", PL_SCHED_SH},
    {"mh", PL_SCHED_MH},     {"twos", PL_SCHED_TWOS}};
constexpr std::uint32_t kServers[] = {10, 10000};

struct Row {
  Mode mode;
  const char* kind;
  std::uint32_t flows;
  double ns;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// The last CPU allowed: the first ones take most interrupts.
void stay_on_one_cpu() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (::sched_setaffinity(0, sizeof(one), &one) != 0) throw std::runtime_error("stay on one CPU");
    return;
  }
}

Row measure_hit(Rig& rig, Mode mode, std::uint32_t flows, const Options& options) {
  rig.begin(mode);
  rig.establish(flows);
  rig.hit(flows, options.packets / 8);  // warm
  std::vector<double> ns;
  for (int i = 0; i < options.runs; ++i) ns.push_back(rig.hit(flows, options.packets));
  return {mode, "hit", flows, median(ns)};
}

Row measure_new(Rig& rig, Mode mode, std::uint32_t flows, const Options& options) {
  std::vector<double> ns;
  for (int i = 0; i < options.runs; ++i) {
    rig.begin(mode);
    rig.establish(flows);
    ns.push_back(rig.fresh(kMostFlows, std::min(kNew, options.packets)));
  }
  return {mode, "new", flows, median(ns)};
}

// 1..most, of the option called `name`.
int number(std::string_view name, const char* text, int most) {
  const char* end = text + std::strlen(text);
  int value = 0;
  if (std::from_chars(text, end, value).ptr != end || value < 1 || value > most)
    throw std::invalid_argument(fmt::format("{}: a number from 1 to {}", name, most));
  return value;
}

SchedulerRow measure_scheduler(Rig& rig, const char* name, pl_scheduler scheduler, std::uint32_t servers, int runs) {
  std::vector<double> ns;
  for (int i = 0; i < runs; ++i) {
    rig.begin(Mode::Dr, scheduler, servers, true);
    rig.fresh(0, kNew / 8);  // warm, and loads that differ
    ns.push_back(rig.fresh(kNew / 8, kNew));
  }
  return {name, servers, median(ns)};
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
    } else if (word == "--schedulers") {
      options.schedulers_only = true;
    } else if (word == "--runs" && i + 1 < argc) {
      options.runs = number(word, argv[++i], 1000);
    } else if (word == "--packets" && i + 1 < argc) {
      options.packets = static_cast<std::uint32_t>(number(word, argv[++i], 100000000));
    } else if (word == "--flows" && i + 1 < argc) {
      options.flows = static_cast<std::uint32_t>(number(word, argv[++i], kMostFlows));
    } else {
      throw std::invalid_argument("usage: bench_l4 [--json] [--schedulers] [--runs N] [--packets N] [--flows N]");
    }
  }
  return options;
}

void print_json(double null_ns, double bytes, const std::vector<Row>& rows,
                const std::vector<SchedulerRow>& schedulers) {
  std::string text, more;
  for (const Row& row : rows)
    text += fmt::format("{}{{\"mode\":\"{}\",\"kind\":\"{}\",\"flows\":{},\"ns\":{:g}}}", text.empty() ? "" : ",",
                        name_of(row.mode), row.kind, row.flows, row.ns);
  for (const SchedulerRow& row : schedulers)
    more += fmt::format("{}{{\"scheduler\":\"{}\",\"servers\":{},\"new_ns\":{:g}}}", more.empty() ? "" : ",", row.name,
                        row.servers, row.ns);
  fmt::print("{{\"null_ns\":{:g},\"bytes_per_connection\":{:g},\"rows\":[{}],\"schedulers\":[{}]}}\n", null_ns, bytes,
             text, more);
}

void print_table(double null_ns, double bytes, const std::vector<Row>& rows,
                 const std::vector<SchedulerRow>& schedulers) {
  fmt::print("null program: {:g} ns a packet (driver included, here and below)\n", null_ns);
  fmt::print("bytes a connection: {:g}\n\n", bytes);
  fmt::print("{:<5} {:<5} {:>8} {:>8} {:>10}\n", "mode", "kind", "flows", "ns", "x null");
  for (const Row& row : rows)
    fmt::print("{:<5} {:<5} {:>8} {:>8g} {:>10.1f}\n", name_of(row.mode), row.kind, row.flows, row.ns,
               row.ns / null_ns);
  fmt::print("\na new connection (dr) by scheduler\n{:<9} {:>14} {:>14} {:>7}\n", "scheduler", "10 servers",
             "10000 servers", "ratio");
  for (std::size_t i = 0; i + 1 < schedulers.size(); i += 2)
    fmt::print("{:<9} {:>14g} {:>14g} {:>7.2f}\n", schedulers[i].name, schedulers[i].ns, schedulers[i + 1].ns,
               schedulers[i + 1].ns / schedulers[i].ns);
}

int bench(const Options& options) {
  stay_on_one_cpu();
  Rig rig(kSlots);
  std::vector<double> null;
  std::vector<Row> rows;
  std::vector<std::uint32_t> counts(std::begin(kFlows), std::end(kFlows));
  if (options.flows != 0) counts = {options.flows};
  for (const Mode mode : kModes) {
    rig.begin(mode);
    for (int i = 0; i < options.runs; ++i) null.push_back(rig.null(options.packets));
    if (options.schedulers_only) break;
    for (const std::uint32_t flows : counts) rows.push_back(measure_hit(rig, mode, flows, options));
    for (const std::uint32_t flows : counts) rows.push_back(measure_new(rig, mode, flows, options));
  }
  std::vector<SchedulerRow> schedulers;
  for (const auto& [name, scheduler] : kSchedulers)
    for (const std::uint32_t servers : kServers)
      schedulers.push_back(measure_scheduler(rig, name, scheduler, servers, options.runs));
  (options.json ? print_json : print_table)(median(null), rig.bytes_per_connection(), rows, schedulers);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return bench(parse(argc, argv));
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "bench_l4: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_l4: {}\n", error.what());
    return 1;
  }
}
