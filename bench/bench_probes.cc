// What it costs to ask servers (10,000 of them unless told) every second whether they are well, and whether those that
// are stuck delay the others: the checker's thread and the kernel's that receives for it, and its targets' latencies,
// over a cable to a server in a namespace, whose work is told apart. (The kernel's timers and what it frees later are
// in no column.) keepalived beside it where the kernel has IPVS,
// without which keepalived checks nothing.

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "bench/probe_server.h"
#include "health/checker.h"

namespace {

using namespace plenum;
using namespace std::chrono_literals;
using bench::ProbeServer;

constexpr int kSeconds = 10;

struct Row {
  std::string program, what, note;
  double probes_per_second = 0;
  double core = 0, receiving = 0, server = 0;  // CPU time, of one: the program, what is received for it; the other end
  double p50_ms = 0, p99_ms = 0, most_ms = 0;
  unsigned long failures = 0;
};

std::string thread_stat(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::ifstream(task.path() / "comm") >> comm;
    if (comm == name) return task.path() / "stat";
  }
  throw std::runtime_error("no thread " + name);
}

enum class Kind { Tcp, Http, HttpStuck };

std::vector<health::Target> targets_of(Kind kind, unsigned count) {
  std::vector<health::Target> out;
  for (unsigned i = 0; i < count; ++i) {
    health::Target target;
    const bool stuck = kind == Kind::HttpStuck && i % 10 == 0;
    target.id = fmt::format("{}{}", stuck ? "stuck" : "well", i);
    if (kind == Kind::Tcp)
      target.check.probe = conf::TcpProbe{};
    else
      target.check.probe = conf::HttpProbe{.pages = {{.text = "ok"}}};
    target.check.interval = 1s;
    target.check.timeout = 1s;
    target.check.jitter = 0;
    target.server = {*net::Address::parse(ProbeServer::address(i)),
                     static_cast<std::uint16_t>(stuck               ? 81
                                                : kind == Kind::Tcp ? 82
                                                                    : 80)};
    out.push_back(std::move(target));
  }
  return out;
}

struct Totals {
  unsigned long probes = 0, failures = 0;
};

// Of those that are well; `latencies` of the last probe of each is added to.
Totals look(const health::Checker& checker, std::vector<double>& latencies, unsigned long& all) {
  Totals out;
  all = 0;
  for (const auto& status : checker.snapshot()) {
    all += status.probes;
    if (status.id.starts_with("stuck")) continue;
    out.probes += status.probes;
    out.failures += status.failures;
    if (status.last) latencies.push_back(std::chrono::duration<double, std::milli>(status.last->latency).count());
  }
  return out;
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto at = std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// CPU time in seconds since it was made, of whoever `stat` is and of both ends' kernel.
class Meter {
 public:
  Meter(const ProbeServer& server, std::string stat) : server_(server), stat_(std::move(stat)), before_(read()) {}
  void into(Row& row) const {
    const auto after = read();
    const double seconds = std::chrono::duration<double>(after.at - before_.at).count();
    row.core = (after.program - before_.program) / seconds;
    row.receiving = (after.receiving - before_.receiving) / seconds;
    row.server = (after.server - before_.server) / seconds;
  }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(SteadyClock().now() - before_.at).count();
  }

 private:
  struct Reading {
    TimePoint at;
    double program = 0, receiving = 0, server = 0;
  };
  [[nodiscard]] Reading read() const {
    return {SteadyClock().now(), bench::cpu_seconds_of(stat_), server_.receiving_seconds(), server_.server_seconds()};
  }
  const ProbeServer& server_;
  std::string stat_;
  Reading before_;
};

Row plenum_row(const ProbeServer& server, const char* what, Kind kind, unsigned targets) {
  rt::Loop loop;
  auto checker = health::Checker::start(loop, {});
  if (!checker) throw std::runtime_error(checker.error().what);
  (*checker)->set_targets(targets_of(kind, targets));
  loop.run_for(3s);  // neighbours found, every target asked once
  const auto stat = thread_stat("plenum-probes");
  std::vector<double> latencies;
  unsigned long all_before = 0, all = 0;
  const auto before = look(**checker, latencies, all_before);
  latencies.clear();
  const Meter meter(server, stat);
  Totals after;
  for (int i = 0; i < kSeconds; ++i) {
    loop.run_for(1s);
    after = look(**checker, latencies, all);
  }
  Row row{"plenum", what, {}};
  meter.into(row);
  row.probes_per_second = static_cast<double>(all - all_before) / meter.seconds();
  row.failures = after.failures - before.failures;
  row.p50_ms = percentile(latencies, 0.5);
  row.p99_ms = percentile(latencies, 0.99);
  row.most_ms = percentile(latencies, 1);
  return row;
}

std::string keepalived_conf(unsigned targets) {
  std::string text =
      "global_defs {\n}\nvirtual_server 10.0.0.1 80 {\n delay_loop 1\n lb_algo rr\n lb_kind NAT\n"
      " protocol TCP\n";
  for (unsigned i = 0; i < targets; ++i)
    text += fmt::format(" real_server {} 82 {{\n  TCP_CHECK {{\n   connect_timeout 1\n  }}\n }}\n",
                        ProbeServer::address(i));
  return text + "}\n";
}

// Of a process's first child, which keepalived's checker is.
std::string child_stat(pid_t parent) {
  std::string child;
  std::ifstream(fmt::format("/proc/{}/task/{}/children", parent, parent)) >> child;
  return child.empty() ? "" : "/proc/" + child + "/stat";
}

// Connections that this namespace has begun.
unsigned long connections() {
  std::ifstream file("/proc/net/snmp");
  std::string names, values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (!names.starts_with("Tcp:")) continue;
    std::istringstream name(names), value(values);
    for (std::string n, v; name >> n && value >> v;)
      if (n == "ActiveOpens") return std::stoul(v);
  }
  return 0;
}

Row keepalived_row(const ProbeServer& server, unsigned targets) {
  Row row{"keepalived", "tcp", {}};
  if (std::system("command -v keepalived >/dev/null 2>&1") != 0) {
    row.note = "is not installed";
    return row;
  }
  if (!std::filesystem::exists("/proc/net/ip_vs")) {
    row.note = "checks nothing without the kernel's IPVS, which is not here";
    return row;
  }
  char dir[] = "/tmp/plenum-bench-XXXXXX";
  if (::mkdtemp(dir) == nullptr) throw std::runtime_error("temporary directory");
  const std::string base = dir;
  std::ofstream(base + "/keepalived.conf") << keepalived_conf(targets);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // whatever ends this one
    if (std::freopen((base + "/log").c_str(), "w", stderr) == nullptr) ::_exit(127);
    ::execlp("keepalived", "keepalived", "-n", "-C", "-f", (base + "/keepalived.conf").c_str(), "-p",
             (base + "/pid").c_str(), "-c", (base + "/checkers.pid").c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::this_thread::sleep_for(5s);
  if (const auto stat = child_stat(pid); stat.empty()) {
    row.note = "did not start its checker";
  } else {
    const Meter meter(server, stat);
    const auto opens = connections();
    std::this_thread::sleep_for(kSeconds * 1s);
    meter.into(row);
    row.probes_per_second = static_cast<double>(connections() - opens) / meter.seconds();
  }
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
  std::filesystem::remove_all(base);
  return row;
}

// What was measured, and no more.
std::string json_of(const Row& row) {
  auto out = fmt::format("{{\"program\":\"{}\",\"what\":\"{}\"", row.program, row.what);
  if (!row.note.empty()) return out + fmt::format(",\"note\":\"{}\"}}", row.note);
  out += fmt::format(",\"probes_per_s\":{:.0f},\"core\":{:.3f},\"receiving_core\":{:.3f},\"server_core\":{:.3f}",
                     row.probes_per_second, row.core, row.receiving, row.server);
  if (row.program == "plenum")
    out += fmt::format(",\"p50_ms\":{:.2f},\"p99_ms\":{:.2f},\"max_ms\":{:.2f},\"failures\":{}", row.p50_ms, row.p99_ms,
                       row.most_ms, row.failures);
  return out + "}";
}

void print(const std::vector<Row>& rows, bool json, unsigned targets) {
  if (json) {
    std::string text;
    for (const Row& row : rows) text += (text.empty() ? "" : ",") + json_of(row);
    fmt::print("{{\"rows\":[{}]}}\n", text);
    return;
  }
  fmt::print("{:<11} {:<26} {:>9} {:>8} {:>9} {:>8} {:>9} {:>9} {:>9} {:>8}\n", "",
             fmt::format("{} targets, each second", targets), "probes/s", "cores", "receiving", "server", "p50 ms",
             "p99 ms", "max ms", "failures");
  for (const Row& row : rows) {
    fmt::print("{:<11} {:<26} ", row.program, row.what);
    if (!row.note.empty()) {
      fmt::print("{}\n", row.note);
      continue;
    }
    fmt::print("{:>9.0f} {:>8.2f} {:>9.2f} {:>8.2f}", row.probes_per_second, row.core, row.receiving, row.server);
    if (row.program == "plenum")
      fmt::print(" {:>9.2f} {:>9.2f} {:>9.2f} {:>8}", row.p50_ms, row.p99_ms, row.most_ms, row.failures);
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  unsigned targets = 10000;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    if (word == "--json") {
      json = true;
    } else if (const auto count = parse_number<unsigned>(i + 1 < argc ? argv[i + 1] : "");
               word == "--targets" && count && *count >= 10 && *count <= 65536) {
      targets = *count;
      ++i;
    } else {
      fmt::print(stderr, "usage: bench_probes [--targets 10..65536] [--json]\n");
      return 2;
    }
  }
  try {
    const ProbeServer server;
    std::vector<Row> rows;
    rows.push_back(plenum_row(server, "tcp", Kind::Tcp, targets));
    rows.push_back(plenum_row(server, "http", Kind::Http, targets));
    rows.push_back(plenum_row(server, "http, one in ten stuck", Kind::HttpStuck, targets));
    rows.push_back(keepalived_row(server, targets));
    print(rows, json, targets);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_probes: {}\n", error.what());
    return 1;
  }
  return 0;
}
