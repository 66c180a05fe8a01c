// plenum-lbd: the director. Owns the XDP data plane and answers on RUN_DIR/lbd.sock. The
// packets do not need it: killed or stopped, it leaves the data plane forwarding, and the
// next one takes it over.

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "care/carer.h"
#include "ctl/client.h"
#include "ctl/mastership.h"
#include "ctl/server.h"
#include "ctl/vrrp_messages.h"
#include "daemons/daemon.h"
#include "lb/director.h"
#include "rt/loop.h"
#include "rt/unix_listener.h"

namespace {

using namespace plenum;

constexpr const char* kConfig = "/etc/plenum/plenum.yaml";

struct Arguments {
  lb::DirectorOptions director{kConfig, false, "/run/plenum", "/sys/fs/bpf/plenum"};
  bool unload = false;
};

int unload(const lb::DirectorOptions& options) {
  if (ctl::Client::connect(ctl::lbd_socket(options.run_dir))) {
    std::cerr << "plenum-lbd: a daemon runs on " << options.run_dir << "; stop it first\n";
    return 1;
  }
  // First: what is sent to the program must not meet its absence.
  auto done = lb::MarkWay::clear();
  if (done) done = lb::XdpProgram::unload(options.bpf_dir);
  if (!done) {
    std::cerr << "plenum-lbd: " << done.error().what << '\n';
    return 1;
  }
  lb::StateFile(lb::state_path(options.run_dir)).remove();
  return 0;
}

Result<> run(const lb::DirectorOptions& options) {
  rt::Loop loop;
  const SteadyClock clock;

  const auto log = [](const std::string& line) { spdlog::info(line); };
  std::unique_ptr<lb::Director> director;
  care::Carer carer(loop, clock, log);
  std::unique_ptr<ctl::Server> server;
  PLENUM_TRY(
      auto listener,
      daemons::listen(loop, options.run_dir, ctl::lbd_socket(options.run_dir),
                      [&](const rt::ConnectionPtr& client, std::string_view line) { server->serve(client, line); }),
      "control socket");
  PLENUM_TRY(director, lb::Director::open(loop, clock, options, log, [&carer](lb::Director& its) { carer.plan(its); }),
             "director");
  carer.follow_vrrp(ctl::vrrpd_socket(options.run_dir));
  director->set_health_source([&carer] { return carer.picture(); });
  server = std::make_unique<ctl::Server>(loop, *director);
  const ctl::Mastership mastership(
      loop, ctl::vrrpd_socket(options.run_dir), [&] { return director->followed(); },
      [&](bool master) { director->lead(master); });
  PLENUM_TRY(auto signals,
             daemons::on_signals(
                 loop, [&] { return director->reload(""); }, [&] { loop.stop(); }),
             "signals");
  spdlog::info("ready");
  loop.run();
  carer.end();
  director->save();
  spdlog::info("stopped; the data plane goes on");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The Plenum director: owns the XDP data plane"};
  const auto* config = daemons::add_options(app, arguments.director.config_path, arguments.director.run_dir);
  app.add_option("--bpf-dir", arguments.director.bpf_dir, "where maps and links are pinned")->capture_default_str();
  app.add_flag("--unload", arguments.unload, "take the data plane out of the kernel, ending its connections, and exit");
  CLI11_PARSE(app, argc, argv);
  // Without a file named, one that is not there means: everything by ipvsadm.
  arguments.director.config_optional = config->empty();
  daemons::set_up_log();
  if (arguments.unload) return unload(arguments.director);
  return daemons::ended(run(arguments.director));
}
