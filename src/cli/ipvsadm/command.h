#pragma once
// One ipvsadm command line as a value, checked as far as ipvsadm checks before it asks the
// kernel, and how a command line becomes one. Knows the grammar; asks nobody but Names.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cli/ipvsadm/names.h"
#include "conf/l4.h"
#include "conf/sync.h"

namespace plenum::cli::ipvsadm {

// In the order of the table of legal combinations.
// clang-format off
enum class Verb : std::uint8_t {
  AddService, EditService, DeleteService, Flush, List, AddServer, DeleteServer, EditServer, SetTimeouts, StartDaemon,
  StopDaemon, Restore, Save, Zero,
  Help, Version,  // not in that table
};
// clang-format on

// How a listing is printed.
struct Format {
  bool numeric = false, rule = false, stats = false, rate = false, thresholds = false, persistent_conn = false,
       nosort = false, exact = false, tun_info = false;
};

struct Command {
  Verb verb = Verb::List;
  Format format;
  bool connections = false, timeouts = false, daemon = false;  // what List is to list
  // The service named, without its servers; none when the command names none.
  std::optional<conf::Service> service;
  // A persistence engine given without -p, which a conf::Service has no room for.
  std::string engine_without_persistence;
  conf::Server server;  // of the commands about a server
  // Of StartDaemon and StopDaemon.
  std::string sync_role;  // "master" or "backup"
  conf::SyncDaemon sync;
  std::uint32_t tcp = 0, tcp_fin = 0, udp = 0;  // of SetTimeouts, seconds; 0: as it is
};

// Why a command line is none. `text` goes to standard error as it is.
struct Refusal {
  int code = 2;
  std::string text;
  // Whether ipvsadm exits at once, in the middle of -R's rules too; otherwise the next rule
  // is read.
  bool exits = true;
};

// `args` is without argv[0]. `program` shows in the hint to --help.
tl::expected<Command, Refusal> parse_command(std::string_view program, const std::vector<std::string>& args,
                                             const Names& names);

// "Try `ipvsadm -h' ...", exit code 255.
Refusal try_help(std::string_view program);

}  // namespace plenum::cli::ipvsadm
