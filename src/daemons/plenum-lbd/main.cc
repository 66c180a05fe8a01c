// plenum-lbd: the director. Owns the XDP data plane and answers on RUN_DIR/lbd.sock. The
// packets do not need it: killed or stopped, it leaves the data plane forwarding, and the
// next one takes it over.

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "ctl/client.h"
#include "ctl/server.h"
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
  ::mkdir(options.run_dir.c_str(), 0755);

  std::unique_ptr<lb::Director> director;
  std::unique_ptr<ctl::Server> server;
  // The socket first: it refuses a second daemon before that one could touch anything.
  PLENUM_TRY(
      auto listener,
      rt::UnixListener::open(loop, options.run_dir + "/lbd.sock",
                             rt::UnixListener::by_line([&](const rt::ConnectionPtr& client, std::string_view line) {
                               server->serve(client, line);
                             })),
      "control socket");
  PLENUM_TRY(director, lb::Director::open(loop, clock, options, [](const std::string& line) { spdlog::info(line); }),
             "director");
  server = std::make_unique<ctl::Server>(loop, *director);
  PLENUM_TRY(auto signals,
             loop.on_signals({SIGTERM, SIGINT, SIGHUP},
                             [&](int number) {
                               if (number != SIGHUP) return loop.stop();
                               if (const auto lines = director->reload(""); !lines)
                                 spdlog::error("reload refused, nothing changed:\n{}", lines.error().what);
                               else
                                 for (const auto& line : *lines) spdlog::info("reload: {}", line);
                             }),
             "signals");
  spdlog::info("ready");
  loop.run();
  director->save();
  spdlog::info("stopped; the data plane goes on");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The Plenum director: owns the XDP data plane"};
  auto* config =
      app.add_option("--config", arguments.director.config_path, "the configuration file")->capture_default_str();
  app.add_option("--run-dir", arguments.director.run_dir, "where the control socket is")->capture_default_str();
  app.add_option("--bpf-dir", arguments.director.bpf_dir, "where maps and links are pinned")->capture_default_str();
  app.add_flag("--unload", arguments.unload, "take the data plane out of the kernel, ending its connections, and exit");
  app.set_version_flag("--version", PLENUM_VERSION);
  CLI11_PARSE(app, argc, argv);
  // Without a file named, one that is not there means: everything by ipvsadm.
  arguments.director.config_optional = config->empty();
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  spdlog::flush_on(spdlog::level::info);
  if (arguments.unload) return unload(arguments.director);
  if (const auto done = run(arguments.director); !done) {
    spdlog::error("{}", done.error().what);
    return 1;
  }
  return 0;
}
