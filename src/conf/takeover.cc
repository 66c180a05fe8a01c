#include "conf/takeover.h"

#include <algorithm>
#include <set>
#include <string>

namespace plenum::conf {

namespace {

// Those that something is made of: a router that names them, tracking, checks of servers.
std::set<std::string> sessions_in_use(const Config& config) {
  std::set<std::string> out;
  const auto tracked = [&](const std::vector<Track>& tracks) {
    for (const auto& track : tracks)
      if (track.kind == TrackKind::Bfd) out.insert(track.name);
  };
  const auto asked = [&](const std::vector<Check>& checks) {
    for (const auto& check : checks)
      if (const auto* bfd = std::get_if<BfdProbe>(&check.probe)) out.insert(bfd->session);
  };
  for (const auto& router : config.vrrp.routers) {
    tracked(router.tracks);
    if (!router.takeover_bfd.empty()) out.insert(router.takeover_bfd);
  }
  for (const auto& group : config.vrrp.groups) tracked(group.tracks);
  for (const auto& health : config.health) {
    asked(health.checks);
    for (const auto& [key, server] : health.servers) asked(server.checks);
  }
  return out;
}

// Another router of its group takes it along.
bool goes_with_another(const Config& config, const VirtualRouter& router) {
  const auto& all = config.vrrp.bfd;
  const bool v4 = std::ranges::any_of(all, [](const BfdPeer& peer) { return peer.address.is_v4(); });
  for (const auto& group : config.vrrp.groups) {
    if (std::ranges::find(group.members, router.name) == group.members.end()) continue;
    for (const auto& other : config.vrrp.routers)
      if (std::ranges::find(group.members, other.name) != group.members.end() &&
          (!other.takeover_bfd.empty() || (v4 && other.family == net::Family::V4)))
        return true;
  }
  return false;
}

}  // namespace

const BfdPeer* session_without_meaning(const Config& config, const VirtualRouter& router) {
  if (router.family != net::Family::V6 || !router.takeover_bfd.empty()) return nullptr;
  // Advertisements to peers, and those with a source of their own, may come from global addresses.
  if (!router.peers.empty() || (router.source && !router.source->is_link_local())) return nullptr;
  const auto& all = config.vrrp.bfd;
  if (std::ranges::any_of(all,
                          [](const BfdPeer& peer) { return !peer.address.is_v4() && peer.address.is_link_local(); }))
    return nullptr;
  if (goes_with_another(config, router)) return nullptr;
  const auto used = sessions_in_use(config);
  // One of several hops is with nobody on the link.
  const auto found = std::ranges::find_if(all, [&](const BfdPeer& peer) {
    return !peer.address.is_v4() && peer.max_hops == 0 && !used.contains(peer.name);
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace plenum::conf
