#include "lb/sync_json.h"

namespace plenum::lb {

namespace {

Json daemon_to_json(const conf::SyncDaemon& daemon) {
  auto peers = Json::array();
  for (const auto& peer : daemon.peers) peers.push_back(peer.text());
  return {{"interface", daemon.interface}, {"syncid", daemon.syncid}, {"group", daemon.group.text()},
          {"port", daemon.port},           {"ttl", daemon.ttl},       {"maxlen", daemon.maxlen},
          {"peers", std::move(peers)}};
}

net::Address address_from(StateReader& in, const Json& json) {
  const auto address = json.is_string() ? net::Address::parse(json.get<std::string>()) : std::nullopt;
  if (!address) in.fail("sync", "has something that is no address");
  return address.value_or(net::Address());
}

std::optional<conf::SyncDaemon> daemon_from(StateReader& in, const Json& sync, const char* role) {
  const auto* json = in.object(sync, role);
  if (json == nullptr) return std::nullopt;
  conf::SyncDaemon out;
  in.get(*json, "interface", out.interface);
  in.get(*json, "syncid", out.syncid);
  in.get(*json, "port", out.port);
  in.get(*json, "ttl", out.ttl);
  in.get(*json, "maxlen", out.maxlen);
  std::string group = out.group.text();
  in.get(*json, "group", group);
  out.group = address_from(in, group);
  for (const auto& peer : in.array(*json, "peers")) out.peers.push_back(address_from(in, peer));
  return out;
}

}  // namespace

Json to_json(const conf::Sync& sync) {
  Json out = Json::object();
  if (sync.master) out["master"] = daemon_to_json(*sync.master);
  if (sync.backup) out["backup"] = daemon_to_json(*sync.backup);
  return out;
}

conf::Sync sync_from(StateReader& in, const Json& json, const char* name) {
  const auto* sync = in.object(json, name);
  if (sync == nullptr) return {};
  return {daemon_from(in, *sync, "master"), daemon_from(in, *sync, "backup")};
}

}  // namespace plenum::lb
