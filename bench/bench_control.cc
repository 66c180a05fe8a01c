// What large tables cost the people who run them: a file of ten thousand services or servers
// applied, listed, saved and restored, by the real programs over the real socket, while packets
// flow. Times are whole processes, from fork to exit.

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/daemon_rig.h"
#include "bench/traffic.h"

namespace {

using plenum::bench::Cost;
using plenum::bench::DaemonRig;
using plenum::bench::Traffic;

struct Shape {
  const char* name;
  unsigned services, servers_each;
};
constexpr Shape kShapes[] = {{"10,000 services of 1 server", 10000, 1}, {"10 services of 1,000 servers", 10, 1000}};

constexpr const char* kHead = R"(version: 1
director: { connections: 65536, servers: 32768 }
vips:
  web: { addresses: [10.9.0.10/16], interface: v0 }
l4:
)";

// The service the traffic is for, which every file has.
constexpr const char* kBusy = R"(  busy:
    listen: { vip: web, port: 80, protocol: tcp }
    forward: dr
    scheduler: rr
    servers: { busy: { address: 10.9.200.1 } }
)";

std::string server_address(unsigned i) { return fmt::format("10.9.{}.{}", 1 + i / 250, 1 + i % 250); }

std::string file_of(const Shape& shape) {
  std::string text = std::string(kHead) + kBusy;
  unsigned server = 0;
  for (unsigned i = 0; i < shape.services; ++i) {
    text += fmt::format(
        "  s{}:\n    listen: {{ vip: web, port: {}, protocol: tcp }}\n    forward: dr\n    scheduler: wlc\n    "
        "servers:\n",
        i, 1000 + i);
    for (unsigned j = 0; j < shape.servers_each; ++j, ++server)
      text += fmt::format("      w{}: {{ address: {}, weight: {} }}\n", server, server_address(server), 1 + server % 3);
  }
  return text;
}

// The same as rules of ipvsadm, on addresses of their own.
std::string rules_of(const Shape& shape) {
  std::string text;
  unsigned server = 0;
  for (unsigned i = 0; i < shape.services; ++i) {
    const auto service = fmt::format("-t 10.9.0.11:{}", 1000 + i);
    text += fmt::format("-A {} -s wlc\n", service);
    for (unsigned j = 0; j < shape.servers_each; ++j, ++server)
      text += fmt::format("-a {} -r {}:{} -g -w 1\n", service, server_address(server), 1000 + i);
  }
  return text;
}

struct Row {
  std::string shape, what;
  Cost cost;
  double daemon_ms = 0;
};

class Bench {
 public:
  Bench() : rig_(std::string(kHead) + kBusy), traffic_(rig_.bpf_dir(), "10.9.0.10", 80, "v0") {
    DaemonRig::sh("ip neigh replace 10.9.200.1 lladdr 02:00:00:00:00:77 dev v0 nud permanent");
    traffic_.start();
  }

  void shape(const Shape& shape) {
    const auto before = rig_.write("before.yaml", std::string(kHead) + kBusy);
    const auto file = rig_.write("many.yaml", file_of(shape));
    row(shape, "apply the file", [&] { return rig_.run("plenum", {"apply", file}); });
    row(shape, "apply it again, unchanged", [&] { return rig_.run("plenum", {"apply", file}); });
    row(shape, "ipvsadm -Ln", [&] { return rig_.run("ipvsadm", {"-Ln"}); });
    row(shape, "ipvsadm -Ln --stats", [&] { return rig_.run("ipvsadm", {"-Ln", "--stats"}); });
    row(shape, "ipvsadm -Sn", [&] { return rig_.run("ipvsadm", {"-Sn"}); });
    rig_.run("plenum", {"apply", before});
    const auto rules = rules_of(shape);
    row(shape, "ipvsadm -R of the same", [&] { return rig_.run("ipvsadm", {"-R"}, rules); });
    rig_.run("ipvsadm", {"-C"});
    rig_.run("plenum", {"apply", before});
    // -C took the busy service too, which the file does not know: so it is brought back.
    rig_.run("ipvsadm", {"-R"}, "-A -t 10.9.0.10:80 -s rr\n-a -t 10.9.0.10:80 -r 10.9.200.1:80 -g\n");
  }

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

 private:
  void row(const Shape& shape, const char* what, const std::function<Cost()>& work) {
    const double cpu = rig_.cpu_ms();
    const auto packets = traffic_.forwarded();
    const Cost cost = work();
    if (traffic_.forwarded() == packets)
      throw std::runtime_error(std::string(what) + ": no packet got through meanwhile");
    rows_.push_back({shape.name, what, cost, rig_.cpu_ms() - cpu});
  }

  DaemonRig rig_;
  Traffic traffic_;
  std::vector<Row> rows_;
};

void print(const std::vector<Row>& rows, bool json) {
  if (json) {
    std::string text;
    for (const Row& row : rows)
      text += fmt::format(
          "{}{{\"shape\":\"{}\",\"what\":\"{}\",\"ms\":{:.1f},\"cpu_ms\":{:.1f},\"daemon_ms\":{:.1f},"
          "\"lines\":{},\"kib\":{}}}",
          text.empty() ? "" : ",", row.shape, row.what, row.cost.wall_ms, row.cost.cpu_ms, row.daemon_ms,
          row.cost.lines, row.cost.most_kib);
    fmt::print("{{\"rows\":[{}]}}\n", text);
    return;
  }
  fmt::print("{:<30} {:<28} {:>9} {:>12} {:>12} {:>8} {:>9}\n", "", "", "ms", "CPU ms", "daemon's ms", "lines", "KiB");
  for (const Row& row : rows)
    fmt::print("{:<30} {:<28} {:>9.1f} {:>12.1f} {:>12.1f} {:>8} {:>9}\n", row.shape, row.what, row.cost.wall_ms,
               row.cost.cpu_ms, row.daemon_ms, row.cost.lines, row.cost.most_kib);
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: bench_control [--json]\n");
    return 2;
  }
  try {
    Bench bench;
    for (const Shape& shape : kShapes) bench.shape(shape);
    print(bench.rows(), json);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_control: {}\n", error.what());
    return 1;
  }
}
