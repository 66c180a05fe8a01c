#pragma once
// What a director's kernel needs around the XDP data plane, as pure decisions from a View and
// from who answered for each VIP. Acts on nothing.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/action.h"
#include "host/finding.h"
#include "host/persistence.h"
#include "host/view.h"

namespace plenum::host {

inline constexpr char kDirectorName[] = "plenum-director";

struct DirectorSpec {
  std::set<std::string> interfaces;  // that carry the data plane
  bool nat = false;                  // the director is the servers' gateway
  bool operator==(const DirectorSpec&) const = default;
};

// Offloads that keep a packet from XDP as it was on the wire: frames merged by the hardware,
// VLAN tags taken away. By the kernel's feature names.
const std::vector<std::string>& unwanted_offloads();

std::vector<SysctlWish> director_wishes(const DirectorSpec& spec, const Sysctls& now);
std::vector<std::string> director_sysctls(const DirectorSpec& spec);
std::vector<Action> plan_director(const DirectorSpec& spec, const View& view, const Persistence* persistence);
std::vector<std::string> director_setup_words(const DirectorSpec& spec);

// Settings, links and offloads.
std::vector<Finding> check_director(const DirectorSpec& spec, const View& view);

// A VIP, the interface it was asked on, and who else on that network says it has it.
struct Answers {
  net::Address vip;
  std::string interface;  // "" when no interface's subnet holds the VIP: not asked
  std::set<net::Mac> macs;
};
// The interface whose subnet holds `vip`, of those given; the longest prefix wins. Host
// prefixes count only where they hold the VIP itself.
std::optional<std::string> interface_of(const net::Address& vip, const std::set<std::string>& interfaces,
                                        const View& view);
std::vector<Finding> check_answers(const std::vector<Answers>& answers, const View& view);

// How this host would reach a server.
struct ServerRoute {
  net::Address server;
  rt::Route route;
};
// In NAT the servers' replies must come back through this director; it cannot see their
// routes, so what can be known is a finding and what the servers must have is a note.
struct RouteCheck {
  std::vector<Finding> findings;
  std::vector<std::string> notes;
};
RouteCheck check_routes(const DirectorSpec& spec, const std::vector<ServerRoute>& servers,
                        const std::set<net::Address>& vips, const View& view);

}  // namespace plenum::host
