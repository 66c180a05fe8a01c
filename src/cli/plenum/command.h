#pragma once
// The command line of `plenum` as a value, and what it does. Knows the words, asks the
// daemon through a function handed in, prints to streams handed in.

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/top/model.h"
#include "cli/vrrp/vrrp.h"
#include "ctl/messages.h"

namespace plenum::cli {

// Exit codes. `check` gives kDone or kFailed and nothing else.
inline constexpr int kDone = 0, kFailed = 1, kUsage = 2;

struct CheckCommand {
  std::string path;
  bool strict = false;      // warnings are errors
  bool keepalived = false;  // what `keepalived -t` says, and its exit status
};
struct ConvertCommand {
  std::string path, output;  // output empty: standard output
};
struct SchemaCommand {
  bool keepalived = false;  // keepalived.conf's keywords and what becomes of each
};
struct DiffCommand {
  std::string path;
};  // empty: the daemon's own file
struct ReloadCommand {
  std::string path;
};  // the same
struct StatusCommand {
  bool drops = false;
};
struct HealthCommand {
  std::string service;  // empty: of all
};
struct ServicesCommand {};
struct ServersCommand {
  std::string service;
};  // empty: of all services
// Every condition given must hold.
struct ConnectionsCommand {
  std::string service;  // name, or "192.0.2.10:80"
  std::string client;   // address or prefix
  std::string server;   // address, or address:port
  std::string state;
  std::uint64_t limit = 0;  // rows; 0: all
};
struct ServerCommand {
  ctl::ServerRequest request;
};  // drain, enable, weight
struct TraceCommand {
  lb::TraceFilter filter;
  std::uint64_t count = 0;  // packets after which it ends; 0: never
  std::string pcap;         // a file to write, "-": standard output
};
struct ExplainCommand {
  ctl::ExplainRequest request;
};
struct TopCommand {
  TopView view;
  std::chrono::milliseconds interval{1000};
  bool once = false;  // one listing, and no terminal
};
// Handed to the host's own commands, with what follows the word.
struct HostCommand {
  bool director = false;
  std::vector<std::string> args;
};

struct Invocation {
  std::string run_dir;
  bool json = false;
  std::variant<CheckCommand, ConvertCommand, SchemaCommand, DiffCommand, ReloadCommand, StatusCommand, HealthCommand,
               ServicesCommand, ServersCommand, ConnectionsCommand, ServerCommand, TraceCommand, TopCommand,
               ExplainCommand, VrrpCommand, HostCommand>
      command;
};

// The invocation, or the exit code where there is none: help was asked for (printed to
// `out`), or the line is wrong (told on `err`).
std::variant<Invocation, int> parse_invocation(const std::vector<std::string>& args, std::ostream& out,
                                               std::ostream& err);

// What a run touches outside itself. References outlive the call.
struct World {
  std::function<Result<ctl::Reply>(const ctl::Request&)> call;
  std::ostream& out;
  std::ostream& err;
  std::string author;  // recorded with every change: "ann via plenum"
  // Asks on a connection of its own and hands on every line behind the answer, until `take`
  // says false, the user interrupts, or the daemon hangs up (an error).
  std::function<Result<>(const ctl::Request&, const std::function<bool(std::string_view)>& take)> follow = {};
  // Of plenum-vrrpd, which has a socket of its own.
  std::function<int(const VrrpCommand&, bool json)> vrrp = {};
  // Its status as it answers; nothing where it does not run.
  std::function<std::optional<std::string>()> vrrp_status = {};
};

int run(const Invocation& invocation, const World& world);

}  // namespace plenum::cli
