#include "conf/read_sync.h"

#include "conf/schema.h"
#include "conf/validate.h"

namespace plenum::conf {

Sync read_sync(const Node* node, Diagnostics& problems) {
  if (node == nullptr) return {};
  const Fields fields(node, sync_shape());
  SyncDaemon daemon;
  daemon.interface = fields.text("interface").value_or("");
  daemon.syncid = static_cast<std::uint8_t>(fields.integer("syncid").value_or(0));
  daemon.port = static_cast<std::uint16_t>(fields.integer("port").value_or(daemon.port));
  daemon.ttl = static_cast<std::uint8_t>(fields.integer("ttl").value_or(daemon.ttl));
  daemon.maxlen = static_cast<std::uint16_t>(fields.integer("maxlen").value_or(0));
  if (const auto group = fields.address("group")) {
    daemon.group = *group;
    if (!group->is_multicast())
      problems.add(fields.place("group"), "director: sync: " + group->text() + " is no multicast address",
                   "peers takes the addresses of single directors");
  }
  for (const auto& [peer, at] : fields.list<net::Address>("peers")) {
    if (peer.is_multicast() || peer.is_unspecified())
      problems.add(at->place, "director: sync: " + peer.text() + " is no address of a director");
    else if (!daemon.peers.empty() && daemon.peers.front().family() != peer.family())
      problems.add(at->place, "director: sync: peers are of one address family");
    daemon.peers.push_back(peer);
  }
  if (!daemon.peers.empty() && fields.has("group"))
    problems.add(fields.place("group"), "director: sync: either a group or peers, not both");
  const auto state = fields.text("state").value_or("");
  Sync out;
  out.follow = fields.text("follow").value_or("");
  if (!out.follow.empty() && state != "both")
    problems.add(fields.place("follow"), "director: sync: follow is of use with state: both alone");
  if (state == "master" || state == "both") out.master = daemon;
  if (state == "backup" || state == "both") out.backup = daemon;
  return out;
}

}  // namespace plenum::conf
