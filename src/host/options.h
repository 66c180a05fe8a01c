#pragma once
// The command lines of `plenum realserver` and `plenum director`, as values.

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/decapsulation.h"
#include "net/address.h"

namespace plenum::host {

enum class Verb : std::uint8_t { Setup, Check, Undo };
enum class Role : std::uint8_t { Realserver, Director };

struct Options {
  Verb verb = Verb::Check;
  bool help = false;
  bool json = false;
  bool no_persist = false;
  bool nat = false;
  std::set<net::Address> vips;
  std::set<std::string> interfaces;
  std::set<net::Address> servers;
  std::optional<Tunnels> tunnels;
  std::optional<std::string> bpf_dir;
  std::string state_dir = "/var/lib/plenum";
  std::string root;
};

// `args` is what follows the role's word. An error is what to tell the user; it leaves out
// the role.
Result<Options> parse_options(Role role, std::span<const std::string> args);

std::string help_text(Role role);

}  // namespace plenum::host
