// plenum-vrrpd: failover between directors. Elects with VRRP, watches neighbours with BFD, holds the
// virtual addresses while it is master, and answers on RUN_DIR/vrrpd.sock.

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "conf/reader.h"
#include "ctl/vrrp_server.h"
#include "daemons/daemon.h"
#include "failover/failover.h"
#include "rt/loop.h"
#include "rt/unix_listener.h"

namespace {

using namespace plenum;

Result<> run(const failover::Options& options) {
  rt::Loop loop;

  std::unique_ptr<failover::Failover> failover;
  std::unique_ptr<ctl::VrrpServer> server;
  PLENUM_TRY(
      auto listener,
      daemons::listen(loop, options.run_dir, ctl::vrrpd_socket(options.run_dir),
                      [&](const rt::ConnectionPtr& client, std::string_view line) { server->serve(client, line); }),
      "control socket");
  PLENUM_TRY(failover,
             failover::Failover::open(
                 loop, options,
                 [](const std::string& path) {
                   conf::Diagnostics warnings;
                   auto config = conf::load(path, conf::process_environment, &warnings);
                   for (const auto& warning : warnings.list()) spdlog::warn("{}", warning.line_text());
                   return config;
                 },
                 [](bool warning, const std::string& line) {
                   spdlog::log(warning ? spdlog::level::warn : spdlog::level::info, line);
                 }),
             "failover");
  server = std::make_unique<ctl::VrrpServer>(*failover);
  failover->on_happening([&](const failover::Happening& happening) { server->tell(happening); });
  PLENUM_TRY(auto signals,
             daemons::on_signals(
                 loop, [&] { return failover->reload(""); }, [&] { failover->stop([&] { loop.stop(); }); }),
             "signals");
  spdlog::info("ready");
  loop.run();
  spdlog::info("stopped");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  failover::Options options{"/etc/plenum/plenum.yaml", "/run/plenum"};
  CLI::App app{"Failover between directors: VRRP and BFD"};
  daemons::add_options(app, options.config_path, options.run_dir);
  CLI11_PARSE(app, argc, argv);
  daemons::set_up_log();
  return daemons::ended(run(options));
}
