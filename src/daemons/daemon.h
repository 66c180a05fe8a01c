#pragma once
// What every daemon's main.cc does alike: options, log, control socket, signals. Knows nothing of what they serve.

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/unix_listener.h"

namespace plenum::daemons {

// The configuration file's option is returned.
inline CLI::Option* add_options(CLI::App& app, std::string& config, std::string& run_dir) {
  app.set_version_flag("--version", PLENUM_VERSION);
  app.add_option("--run-dir", run_dir, "where the control socket is")->capture_default_str();
  return app.add_option("--config", config, "the configuration file")->capture_default_str();
}

inline void set_up_log() {
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  spdlog::flush_on(spdlog::level::info);
}

// The exit code.
inline int ended(const Result<>& run) {
  if (run) return 0;
  spdlog::error("{}", run.error().what);
  return 1;
}

// To be opened first: it refuses a second daemon before that one could touch anything.
inline Result<rt::UnixListener> listen(rt::Loop& loop, const std::string& run_dir, const std::string& socket,
                                       rt::UnixListener::OnLine serve) {
  ::mkdir(run_dir.c_str(), 0755);
  return rt::UnixListener::open(loop, socket, rt::UnixListener::by_line(std::move(serve)));
}

// SIGHUP reads the file again, SIGTERM and SIGINT end.
inline Result<rt::Signals> on_signals(rt::Loop& loop, std::function<Result<std::vector<std::string>>()> reload,
                                      std::function<void()> end) {
  return loop.on_signals({SIGTERM, SIGINT, SIGHUP}, [reload = std::move(reload), end = std::move(end)](int number) {
    if (number != SIGHUP) return end();
    if (const auto lines = reload(); !lines)
      spdlog::error("reload refused, nothing changed:\n{}", lines.error().what);
    else
      for (const auto& line : *lines) spdlog::info("reload: {}", line);
  });
}

}  // namespace plenum::daemons
