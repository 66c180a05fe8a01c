#include "cli/plenum/process.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "cli/plenum/command.h"
#include "cli/plenum/interrupt.h"
#include "ctl/client.h"

namespace plenum::cli {

std::string plenum_author() {
  for (const auto* name : {"SUDO_USER", "USER", "LOGNAME"}) {
    const auto* value = std::getenv(name);
    if (value && *value) return std::string(value) + " via plenum";
  }
  const auto* user = ::getpwuid(::getuid());  // cron and systemd set none of them
  return user ? std::string(user->pw_name) + " via plenum" : "plenum";
}

namespace {

Result<ctl::Client> connect_vrrpd(const std::string& run_dir) {
  auto client = ctl::Client::connect(ctl::vrrpd_socket(run_dir));
  if (client) return client;
  auto error = std::move(client).error();
  error.what += " (is plenum-vrrpd running?)";
  return tl::unexpected(std::move(error));
}

Result<std::string> ask_vrrpd(const ctl::VrrpRequest& request, const std::string& run_dir) {
  PLENUM_TRY(auto client, connect_vrrpd(run_dir), "plenum-vrrpd");
  PLENUM_TRY(const auto line, client.exchange(ctl::encode(request)), "plenum-vrrpd");
  return ctl::decode_vrrp_answer(line);
}

int run_vrrp_here(const VrrpCommand& command, bool json, const std::string& run_dir) {
  auto wanted = command;
  wanted.request.author = plenum_author();
  const auto ask = [&](const ctl::VrrpRequest& request) { return ask_vrrpd(request, run_dir); };
  const auto follow = [&](const ctl::VrrpRequest& request, const auto& first, const auto& then) -> Result<> {
    PLENUM_TRY(auto client, connect_vrrpd(run_dir), "plenum-vrrpd");
    PLENUM_TRY(const auto line, client.exchange(ctl::encode(request)), "plenum-vrrpd");
    PLENUM_TRY(const auto answer, ctl::decode_vrrp_answer(line), "plenum-vrrpd");
    first(answer);
    PLENUM_TRY(const auto interrupt, Interrupt::open(), "signals");
    for (;;) {
      PLENUM_TRY(const auto next, client.next_line(interrupt.fd()), "plenum-vrrpd");
      if (!next) return {};
      then(*next);
    }
  };
  return run_vrrp(wanted, json, {ask, follow, std::cout, std::cerr});
}

}  // namespace

int plenum_main(const std::vector<std::string>& args) {
  auto parsed = parse_invocation(args, std::cout, std::cerr);
  if (const auto* code = std::get_if<int>(&parsed)) return *code;
  const auto& invocation = std::get<Invocation>(parsed);

  // Connected at the first question: check, schema and the host's commands need no daemon.
  std::optional<ctl::Client> client;
  const auto call = [&](const ctl::Request& request) -> Result<ctl::Reply> {
    if (!client) {
      const auto path = ctl::lbd_socket(invocation.run_dir);
      auto connected = ctl::Client::connect(path);
      if (!connected) {
        auto error = std::move(connected).error();
        error.what += " (is plenum-lbd running?)";
        return tl::unexpected(std::move(error));
      }
      client = *std::move(connected);
    }
    auto reply = client->call(request);
    // A connection that broke is of no more use; the next question may find the daemon again.
    if (!reply && (reply.error().code == std::errc::connection_reset || reply.error().code == std::errc::timed_out))
      client.reset();
    return reply;
  };
  const auto follow = [&](const ctl::Request& request, const std::function<bool(std::string_view)>& take) -> Result<> {
    PLENUM_CHECK(call(request), "start");
    PLENUM_TRY(const auto interrupt, Interrupt::open(), "signals");
    for (;;) {
      PLENUM_TRY(const auto line, client->next_line(interrupt.fd()), "stream");
      if (!line || !take(*line)) return {};
    }
  };
  const auto vrrp = [&](const VrrpCommand& command, bool json) {
    return run_vrrp_here(command, json, invocation.run_dir);
  };
  const auto vrrp_status = [&]() -> std::optional<std::string> {
    const auto answer = ask_vrrpd({.op = "status", .name = "", .author = "", .path = ""}, invocation.run_dir);
    return answer ? std::optional(*answer) : std::nullopt;
  };
  const int code = run(invocation, World{call, std::cout, std::cerr, plenum_author(), follow, vrrp, vrrp_status});
  std::cout.flush();
  // A listing that could not be written whole must not look like one that was.
  return std::cout.good() || code != kDone ? code : kFailed;
}

}  // namespace plenum::cli
