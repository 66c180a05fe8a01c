#include "conf/write_yaml.h"

#include <algorithm>
#include <bit>

#include "conf/write_parts.h"

namespace plenum::conf {
namespace {

// Rules that differ by their ports alone are one.
YamlOut marks_out(const std::vector<MarkRule>& rules, std::vector<std::string>& lost) {
  auto list = YamlOut::list();
  for (std::size_t i = 0; i < rules.size();) {
    const auto& rule = rules[i];
    KeysOut out("director: marks", lost);
    out.number("mark", rule.mark, 0u);
    out.prefix("source", rule.source);
    out.prefix("destination", rule.destination);
    if (rule.protocol) out.text("protocol", name_of(*rule.protocol));
    auto ports = YamlOut::list();
    std::size_t next = i;
    for (; next < rules.size(); ++next) {
      auto same = rules[next];
      same.first_port = rule.first_port;
      same.last_port = rule.last_port;
      if (same != rule) break;
      const auto first = std::to_string(rules[next].first_port);
      if (rules[next].first_port != 0 || rules[next].last_port != 65535 || next != i)
        ports.add(YamlOut::text(rules[next].first_port == rules[next].last_port
                                    ? first
                                    : first + "-" + std::to_string(rules[next].last_port)));
      else if (next + 1 < rules.size() && rules[next + 1] == rules[next]) {
        ++next;
        break;
      }
    }
    out.part("ports", std::move(ports));
    out.text("interface", rule.interface);
    list.add(out.take());
    i = std::max(next, i + 1);
  }
  return list;
}

YamlOut sync_out(const Sync& sync, std::vector<std::string>& lost) {
  static const SyncDaemon defaults;
  KeysOut out("director: sync", lost);
  if (!sync.master && !sync.backup) return out.take();
  out.text("state", sync.master && sync.backup ? "both" : sync.master ? "master" : "backup");
  const auto& daemon = sync.master ? *sync.master : *sync.backup;
  if (sync.master && sync.backup && *sync.master != *sync.backup)
    out.lose("master and backup are of one interface and id here");
  out.text("follow", sync.follow);
  out.text("interface", daemon.interface);
  out.number<int>("syncid", daemon.syncid, 0);
  if (daemon.peers.empty()) {
    if (daemon.group != defaults.group) out.address("group", daemon.group);
  } else {
    auto peers = YamlOut::list();
    for (const auto& peer : daemon.peers) peers.add(YamlOut::text(peer.text()));
    out.part("peers", std::move(peers));
  }
  out.number<int>("port", daemon.port, defaults.port);
  out.number<int>("ttl", daemon.ttl, defaults.ttl);
  out.number<int>("maxlen", daemon.maxlen, 0);
  return out.take();
}

YamlOut director_out(const Director& director, std::vector<std::string>& lost) {
  static const Director defaults;
  KeysOut out("director", lost);
  out.part("interfaces", texts_out(director.interfaces));
  if (director.xdp != XdpMode::Auto) out.text("xdp", director.xdp == XdpMode::Native ? "native" : "generic");
  out.number("connections", director.connections, defaults.connections);
  out.number("servers", director.servers, defaults.servers);
  KeysOut timeouts("director: timeouts", lost);
  timeouts.seconds("tcp", director.timeouts.tcp, defaults.timeouts.tcp);
  timeouts.seconds("tcp_fin", director.timeouts.tcp_fin, defaults.timeouts.tcp_fin);
  timeouts.seconds("udp", director.timeouts.udp, defaults.timeouts.udp);
  out.part("timeouts", timeouts.take());
  KeysOut tuning("director: tuning", lost);
  for (const auto& row : tunables()) tuning.number(row.name, director.tuning.*row.value, defaults.tuning.*row.value);
  if (director.tuning.sync_threshold != defaults.tuning.sync_threshold ||
      director.tuning.sync_period != defaults.tuning.sync_period) {
    auto pair = YamlOut::list();
    pair.add(YamlOut::number(director.tuning.sync_threshold));
    pair.add(YamlOut::number(director.tuning.sync_period));
    tuning.must("sync_threshold", std::move(pair));
  }
  out.part("tuning", tuning.take());
  out.part("sync", sync_out(director.sync, lost));
  out.part("marks", marks_out(director.marks, lost));
  out.flag("nftables_marks", director.nftables_marks, true);
  return out.take();
}

}  // namespace

Written write_yaml(const Config& config) {
  Written out;
  auto file = YamlOut::map();
  file.add("version", YamlOut::number(1));
  auto vips = YamlOut::map();
  for (const auto& vip : config.vips) {
    const auto router = std::find_if(config.vrrp.routers.begin(), config.vrrp.routers.end(),
                                     [&](const auto& one) { return vip.by_vrrp && one.name == vip.name; });
    vips.add(vip.name, vip_out(vip, router == config.vrrp.routers.end() ? nullptr : &*router, out.lost));
  }
  for (const auto& router : config.vrrp.routers) {
    if (std::none_of(config.vips.begin(), config.vips.end(), [&](const auto& vip) { return vip.name == router.name; }))
      out.lost.push_back("virtual router " + router.name + ": it has no address");
  }
  const auto part = [&](const char* key, YamlOut value) {
    if (!value.empty()) file.add(key, std::move(value));
  };
  part("director", director_out(config.director, out.lost));
  part("vips", std::move(vips));
  part("l4", services_out(config, out.lost));
  part("failover", failover_out(config.vrrp, out.lost));
  part("bfd", bfd_out(config.vrrp, out.lost));
  out.text = file.str();
  return out;
}

}  // namespace plenum::conf
