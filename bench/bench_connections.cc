// Ten million connections: what the daemon spends on a table that full, what a listing of all of
// them takes, and how fast they are cleared away when their time is over. All by the real
// daemon; the connections are made by packets through its data plane.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "bench/daemon_rig.h"
#include "bench/traffic.h"
#include "ctl/client.h"

namespace {

using namespace std::chrono_literals;
using plenum::bench::Cost;
using plenum::bench::DaemonRig;
using plenum::bench::Traffic;
using Clock = std::chrono::steady_clock;

constexpr const char* kFile = R"(version: 1
director: {{ connections: {}, servers: 1024 }}
vips:
  web: {{ addresses: [10.9.0.10/16], interface: v0 }}
l4:
  web:
    listen: {{ vip: web, port: 80, protocol: tcp }}
    forward: dr
    scheduler: rr
    servers: {{ a: {{ address: 10.9.200.1 }}, b: {{ address: 10.9.200.2 }} }}
)";

constexpr std::uint32_t kAtOnce = 262144;

struct Options {
  bool json = false;
  std::uint32_t connections = 10000000, seconds = 20;
};

struct Figures {
  std::uint32_t made = 0;
  double bytes_each = 0;
  double idle_percent = 0;  // of one CPU, with all of them live
  Cost listing;
  double listing_daemon_ms = 0;
  long daemon_grew_kib = 0;  // while it listed
  double cleared_s = 0;      // from the end of their time to the last one's
  double clearing_ms = 0;    // of the daemon's CPU
};

std::uint32_t power_of_two_above(std::uint32_t n) {
  std::uint32_t p = 1;
  while (p < n) p *= 2;
  return p;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        // 16 million slots for 10 million connections: 60 % full.
        rig_(fmt::format(kFile, power_of_two_above(options.connections + options.connections / 4))),
        traffic_(rig_.bpf_dir(), "10.9.0.10", 80, "v0") {
    DaemonRig::sh("ip neigh replace 10.9.200.1 lladdr 02:00:00:00:00:71 dev v0 nud permanent");
    DaemonRig::sh("ip neigh replace 10.9.200.2 lladdr 02:00:00:00:00:72 dev v0 nud permanent");
  }

  Figures run() {
    Figures f;
    // Not all SYNs first: half-open ones live for a minute only, and this may be a slow machine.
    for (std::uint32_t first = 0; first < options_.connections; first += kAtOnce)
      for (const bool begins : {true, false})
        traffic_.send(first, std::min(kAtOnce, options_.connections - first), begins);
    f.made = live();
    f.bytes_each = sizeof(pl_bucket) / double{PL_SLOTS};
    if (f.made < options_.connections - options_.connections / 1000)
      throw std::runtime_error(fmt::format("only {} connections are there", f.made));
    f.idle_percent = idle();
    list(f);
    clear(f);
    return f;
  }

 private:
  std::uint32_t live() {
    auto client = plenum::ctl::Client::connect(plenum::ctl::lbd_socket(plenum::ctl::default_run_dir()));
    if (!client) throw std::runtime_error(client.error().what);
    const auto reply = client->call(plenum::ctl::StatusRequest{});
    if (!reply) throw std::runtime_error(reply.error().what);
    return static_cast<std::uint32_t>(std::get<plenum::ctl::StatusReply>(*reply).status.connections);
  }

  double idle() {
    const auto from = Clock::now();
    const double cpu = rig_.cpu_ms();
    std::this_thread::sleep_for(std::chrono::seconds(options_.seconds));
    const double used = rig_.cpu_ms() - cpu;
    return used / std::chrono::duration<double, std::milli>(Clock::now() - from).count() * 100;
  }

  void list(Figures& f) {
    const double cpu = rig_.cpu_ms();
    const long resident = rig_.resident_kib();
    f.listing = rig_.run("ipvsadm", {"-Lnc"});
    f.listing_daemon_ms = rig_.cpu_ms() - cpu;
    f.daemon_grew_kib = rig_.resident_kib() - resident;
    if (f.listing.lines < f.made) throw std::runtime_error(fmt::format("only {} lines listed", f.listing.lines));
  }

  // A shorter time for all of them by one more packet each, and then nothing more.
  void clear(Figures& f) {
    constexpr auto kTime = 15s;
    rig_.run("ipvsadm", {"--set", "15", "0", "0"});
    traffic_.send(0, options_.connections, false);
    const auto end = Clock::now() + kTime;
    std::this_thread::sleep_until(end - 500ms);
    const double cpu = rig_.cpu_ms();
    while (live() != 0) std::this_thread::sleep_for(20ms);
    f.cleared_s = std::chrono::duration<double>(Clock::now() - end).count();
    f.clearing_ms = rig_.cpu_ms() - cpu;
  }

  Options options_;
  DaemonRig rig_;
  Traffic traffic_;
};

void print(const Figures& f, bool json) {
  if (json) {
    fmt::print(
        "{{\"connections\":{},\"bytes_each\":{:g},\"idle_percent\":{:.2f},\"list_ms\":{:.0f},\"list_cpu_ms\":{:.0f},"
        "\"list_daemon_ms\":{:.0f},\"list_kib\":{},\"daemon_grew_kib\":{},\"cleared_s\":{:.2f},\"clearing_ms\":{:.0f}}}"
        "\n",
        f.made, f.bytes_each, f.idle_percent, f.listing.wall_ms, f.listing.cpu_ms, f.listing_daemon_ms,
        f.listing.most_kib, f.daemon_grew_kib, f.cleared_s, f.clearing_ms);
    return;
  }
  const double millions = f.made / 1e6;
  fmt::print("connections live                       {}\n", f.made);
  fmt::print("bytes a connection                     {:g}\n", f.bytes_each);
  fmt::print("daemon at rest                         {:.2f} % of a CPU\n", f.idle_percent);
  fmt::print(
      "ipvsadm -Lnc of all                    {:.1f} s, {:.0f} ns a row and CPU time: {:.0f} asking, {:.0f} "
      "answering\n",
      f.listing.wall_ms / 1e3, f.listing.wall_ms / millions, f.listing.cpu_ms / millions,
      f.listing_daemon_ms / millions);
  fmt::print("memory for it                          {} KiB asking, {} KiB more answering\n", f.listing.most_kib,
             f.daemon_grew_kib);
  fmt::print("all cleared away when over             {:.2f} s later, {:.0f} ns each\n", f.cleared_s,
             f.clearing_ms / millions);
}

Options parse(int argc, char** argv) {
  Options options;
  const auto number = [](std::string_view text, std::uint32_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size() || out == 0 || out > 100000000)
      throw std::invalid_argument("a number from 1 to 100000000");
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json")
      options.json = true;
    else if (word == "--connections" && i + 1 < argc)
      number(argv[++i], options.connections);
    else if (word == "--seconds" && i + 1 < argc)
      number(argv[++i], options.seconds);
    else
      throw std::invalid_argument("usage: bench_connections [--json] [--connections N] [--seconds N]");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse(argc, argv);
    print(Bench(options).run(), options.json);
    return 0;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "bench_connections: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_connections: {}\n", error.what());
    return 1;
  }
}
