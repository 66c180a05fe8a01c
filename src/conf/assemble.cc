#include "conf/assemble.h"

#include <algorithm>
#include <bit>
#include <map>

#include "base/text.h"
#include "conf/fitness.h"
#include "conf/read_failover.h"
#include "conf/read_health.h"
#include "conf/read_persistence.h"
#include "conf/read_sync.h"
#include "conf/read_tuning.h"
#include "conf/validate.h"

namespace plenum::conf {
namespace {

Forward forward_of(const std::string& word) {
  return word == "nat" ? Forward::Masq : word == "tun" ? Forward::Tunnel : Forward::Route;
}

// The entries of a Map key: name, key node, value node.
template <class Take>
void each(const Node* map, Take take) {
  if (!map || !map->is_mapping()) return;
  for (std::size_t i = 0; i < map->keys.size(); ++i) take(map->keys[i], map->items[i]);
}

const char* name_of(net::Family family) { return family == net::Family::V4 ? "IPv4" : "IPv6"; }

class Assembler {
 public:
  Assembler(const std::string& node, Diagnostics& problems, Diagnostics& warnings)
      : problems_(problems), warnings_(warnings) {
    config_.node = node;
  }

  Config file(const Node& node) {
    const Fields fields(&node, file_shape());
    director(Fields(fields.node("director"), director_shape()));
    each(fields.node("vips"), [&](const Node& name, const Node& value) { vip(name, value); });
    each(fields.node("l4"), [&](const Node& name, const Node& value) { service(name, value); });
    read_failover(fields, config_, problems_, warnings_);
    return std::move(config_);
  }

 private:
  void director(const Fields& fields) {
    auto& out = config_.director;
    std::map<std::string, Place> seen;
    for (auto& [name, node] : fields.list<std::string>("interfaces")) {
      const auto [first, fresh] = seen.emplace(name, node->place);
      if (!fresh) problems_.add(node->place, "director: interface " + name + " stands twice");
      if (fresh) out.interfaces.push_back(std::move(name));
    }
    const auto xdp = fields.text("xdp").value_or("auto");
    out.xdp = xdp == "native" ? XdpMode::Native : xdp == "generic" ? XdpMode::Generic : XdpMode::Auto;
    if (const auto n = fields.integer("connections")) out.connections = std::bit_ceil(static_cast<std::uint32_t>(*n));
    if (const auto n = fields.integer("servers")) out.servers = static_cast<std::uint32_t>(*n);
    out.marks = read_marks(fields, problems_);
    if (fields.has("nftables_marks")) out.nftables_marks = fields.flag("nftables_marks");
    out.tuning = read_tuning(fields.node("tuning"), problems_);
    out.timeouts = read_timeouts(fields.node("timeouts"));
    out.sync = read_sync(fields.node("sync"), problems_);
  }

  void vip(const Node& name, const Node& node) {
    const Fields fields(&node, vip_shape());
    Vip out;
    out.name = name.text;
    for (const auto& [prefix, at] : fields.list<net::Prefix>("addresses")) {
      const auto text = prefix.address.text();
      if (const auto* why = unfit_for_service(prefix.address)) {
        problems_.add(at->place, "vip " + out.name + ": " + text + " " + why);
      }
      const auto [first, fresh] = vip_addresses_.emplace(prefix.address, at->place);
      if (!fresh) {
        problems_.add(at->place, "vip " + out.name + ": " + text + " stands twice, first at " + first->second.text());
      }
      out.addresses.push_back(prefix);
    }
    out.interface = fields.text("interface").value_or("");
    config_.vips.push_back(std::move(out));
  }

  void service(const Node& name, const Node& node) {
    if (!node.is_mapping()) return;
    const Fields fields(&node, service_shape());
    const auto where = "service " + name.text;
    Service base;
    base.name = name.text;
    base.scheduler = fields.text("scheduler").value_or("wlc");
    base.scheduler_flags = scheduler_flags_of(fields, base.scheduler, where);
    base.drain = static_cast<std::uint32_t>(fields.integer("drain").value_or(600));
    const auto forward = forward_of(fields.text("forward").value_or("dr"));
    const auto tunnel = tunnel_of(fields, where);

    const Fields listen(fields.node("listen"), listen_shape());
    const auto port = listen.integer("port");
    const bool by_mark = listen.has("fwmark");
    const auto addresses = by_mark ? std::vector<net::Address>{} : addresses_of(listen, where);
    const auto persistence = read_persistence(fields, where, problems_);
    const auto protocol = listen.text("protocol").value_or("tcp");
    base.key.protocol = protocol == "udp" ? Protocol::Udp : protocol == "sctp" ? Protocol::Sctp : Protocol::Tcp;
    base.key.port = static_cast<std::uint16_t>(by_mark ? 0 : port.value_or(0));
    base.one_packet = fields.flag("one_packet");
    check_listen(listen, base, persistence, where);

    std::map<ServerKey, std::string> seen;
    bool tunnels = forward == Forward::Tunnel;
    std::optional<Server> sorry;
    if (const auto* node_of_sorry = fields.node("sorry")) {
      sorry = server(*node_of_sorry, where + ": sorry", forward, base.key.port);
      if (sorry && sorry->forward == Forward::Tunnel) {
        tunnels = true;
        sorry->tunnel = tunnel;
      } else if (sorry && !addresses.empty() && !has_family(addresses, sorry->key.address.family())) {
        wrong_family(Fields(node_of_sorry, server_shape()), *sorry, where + ": sorry");
      }
    }
    auto health = read_service_health(fields, std::move(sorry), where, problems_);
    const auto* check = fields.node("check");
    each(fields.node("servers"), [&](const Node& server_name, const Node& server_node) {
      const auto what = where + ": server " + server_name.text;
      auto one = server(server_node, what, forward, base.key.port);
      if (!one) return;
      one->name = server_name.text;
      const Fields at(&server_node, server_shape());
      if (one->forward == Forward::Tunnel) {
        tunnels = true;
        one->tunnel = tunnel;
      } else if (!addresses.empty() && !has_family(addresses, one->key.address.family())) {
        wrong_family(at, *one, what);
      }
      auto of_server = read_server_health(at, what, problems_);
      const bool own = !of_server.checks.empty();
      if (const auto* place = own ? at.node("check") : check; place != nullptr)
        check_health(own ? of_server.checks : health.checks, *place, *one, base.key, what, problems_);
      if (of_server != ServerHealth{}) health.servers.emplace_back(one->key, std::move(of_server));
      const auto [first, fresh] = seen.emplace(one->key, one->name);
      if (!fresh)
        problems_.add(at.place("address"), what + ": " + one->key.text() + " is server " + first->second + " already");
      if (fresh) base.servers.push_back(*std::move(one));
    });
    if (fields.has("tunnel") && !tunnels) {
      problems_.add(fields.place("tunnel"), where + ": tunnel is of no use: no server has forward: tun");
    }
    const auto first = config_.services.size();
    if (by_mark) {
      listen_on_mark(listen, base, persistence, where);
    } else if (port) {
      listen_on(addresses, base, listen, persistence, where);
    }
    if (!is_checked(health)) return;
    for (auto i = first; i < config_.services.size(); ++i)
      config_.health.push_back(of_service(health, config_.services[i]));
  }

  // What of it concerns the one service that was made for an address family.
  static ServiceHealth of_service(ServiceHealth health, const Service& service) {
    health.service = service.key;
    std::erase_if(health.servers, [&](const auto& row) {
      return std::ranges::none_of(service.servers, [&](const Server& s) { return s.key == row.first; });
    });
    if (health.sorry && health.sorry->forward != Forward::Tunnel &&
        health.sorry->key.address.family() != service.key.family)
      health.sorry.reset();
    return health;
  }

  void wrong_family(const Fields& at, const Server& server, const std::string& where) {
    problems_.add(at.place("address"),
                  where + ": " + server.key.address.text() + " is " + name_of(server.key.address.family()) +
                      ", and the service listens on no such address",
                  "only forward: tun crosses address families");
  }

  // What the parts of a service's traffic allow one another, as ipvsadm has it.
  void check_listen(const Fields& listen, const Service& base, const std::optional<PersistenceText>& persistence,
                    const std::string& where) {
    const bool by_mark = listen.has("fwmark");
    if (by_mark) {
      for (const auto* key : {"vip", "address", "port", "protocol"})
        if (listen.has(key))
          problems_.add(listen.place(key), where + ": listen takes fwmark or " + key + ", not both",
                        "what a mark stands for is told in director: marks");
    } else {
      if (listen.has("family"))
        problems_.add(listen.place("family"), where + ": listen: family goes with fwmark; an address has its own");
      if (!listen.has("port") && listen.place("port").source)
        problems_.add(listen.place("port"), where + ": listen: key \"port\" is missing");
      if (listen.has("port") && listen.integer("port") == 0 && !persistence)
        problems_.add(listen.place("port"), where + ": listen: port any needs persistence",
                      "a client's connections to several ports must meet one server");
      if (base.one_packet && base.key.protocol != Protocol::Udp)
        problems_.add(listen.place("protocol"), where + ": one_packet needs protocol: udp");
    }
    if (persistence && persistence->engine == "sip" && !by_mark && base.key.protocol != Protocol::Udp)
      problems_.add(listen.place("protocol"), where + ": persistence: engine sip needs protocol: udp");
  }

  // One service per family that its clients may have: that of `family`, else the servers'.
  void listen_on_mark(const Fields& listen, const Service& base, const std::optional<PersistenceText>& persistence,
                      const std::string& where) {
    const auto mark = listen.integer("fwmark");
    if (!mark) return;
    const auto wanted = listen.text("family");
    for (const auto family : {net::Family::V4, net::Family::V6}) {
      if (wanted && (*wanted == "ipv4") != (family == net::Family::V4)) continue;
      Service out = base;
      out.key = {.fwmark = static_cast<std::uint32_t>(*mark), .family = family};
      if (persistence) out.persistence = persistence->of(family);
      std::erase_if(out.servers, [&](const Server& s) {
        return s.key.address.family() != family && (s.forward != Forward::Tunnel || !wanted);
      });
      if (out.servers.empty() && (!base.servers.empty() || (!wanted && family == net::Family::V6))) continue;
      add(std::move(out), listen.place("fwmark"), where);
    }
  }

  void add(Service service, const Place& place, const std::string& where) {
    const auto [first, fresh] = listens_.emplace(service.key, std::pair(where, place));
    if (fresh) {
      config_.services.push_back(std::move(service));
      return;
    }
    problems_.add(place, where + ": " + service.key.text() + " is taken by " + first->second.first + " at " +
                             first->second.second.text());
  }

  static bool has_family(const std::vector<net::Address>& addresses, net::Family family) {
    return std::any_of(addresses.begin(), addresses.end(), [&](const auto& a) { return a.family() == family; });
  }

  // One service per address. Where some servers are of the address's family or reach it by
  // tunnel it has those; an address that none of the servers can serve is left alone.
  void listen_on(const std::vector<net::Address>& addresses, const Service& base, const Fields& listen,
                 const std::optional<PersistenceText>& persistence, const std::string& where) {
    for (const auto& address : addresses) {
      Service out = base;
      out.key.family = address.family();
      out.key.address = address;
      if (persistence) out.persistence = persistence->of(address.family());
      std::erase_if(out.servers, [&](const Server& s) {
        return s.forward != Forward::Tunnel && s.key.address.family() != address.family();
      });
      if (out.servers.empty() && !base.servers.empty()) continue;
      add(std::move(out), listen.place("port"), where);
    }
  }

  std::vector<net::Address> addresses_of(const Fields& listen, const std::string& where) {
    std::vector<net::Address> out;
    if (listen.has("vip") && listen.has("address")) {
      problems_.add(listen.place("address"), where + ": listen takes vip or address, not both");
      return out;
    }
    if (listen.has("vip")) {
      const auto name = listen.text("vip");
      if (!name) return out;
      const auto vip =
          std::find_if(config_.vips.begin(), config_.vips.end(), [&](const auto& v) { return v.name == *name; });
      if (vip == config_.vips.end()) {
        std::vector<std::string_view> names;
        for (const auto& v : config_.vips) names.push_back(v.name);
        const auto near = nearest(*name, names);
        problems_.add(listen.place("vip"), where + ": there is no vip \"" + *name + "\"",
                      near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
        return out;
      }
      for (const auto& prefix : vip->addresses) out.push_back(prefix.address);
      return out;
    }
    if (listen.has("address")) {
      const auto address = listen.address("address");
      if (!address) return out;
      if (const auto* why = unfit_for_service(*address)) {
        problems_.add(listen.place("address"), where + ": " + address->text() + " " + why);
        return out;
      }
      out.push_back(*address);
      return out;
    }
    if (listen.place("vip").source) problems_.add(listen.place("vip"), where + ": listen needs vip, address or fwmark");
    return out;
  }

  std::uint32_t scheduler_flags_of(const Fields& service, const std::string& scheduler, const std::string& where) {
    std::uint32_t flags = 0;
    for (const auto& [name, at] : service.list<std::string>("scheduler_flags"))
      flags |= name == "fallback" ? kSchedulerFlag1 : kSchedulerFlag2;
    if (flags != 0 && scheduler != "sh" && scheduler != "mh")
      problems_.add(service.place("scheduler_flags"), where + ": scheduler " + scheduler + " has no flags",
                    "sh and mh have");
    return flags;
  }

  Tunnel tunnel_of(const Fields& service, const std::string& where) {
    const Fields fields(service.node("tunnel"), tunnel_shape());
    Tunnel out;
    const auto type = fields.text("type");
    if (!type) return out;
    const auto port = fields.integer("port");
    if (*type == "gue") {
      out.type = TunnelType::Gue;
      out.port = static_cast<std::uint16_t>(port.value_or(0));
      if (!fields.has("port")) problems_.add(fields.place("type"), where + ": tunnel: type gue needs a port");
    } else if (port) {
      problems_.add(fields.place("port"), where + ": tunnel: type " + *type + " has no port");
    }
    if (*type == "gre") out.type = TunnelType::Gre;
    const auto checksum = fields.text("checksum").value_or("none");
    if (checksum == "none") return out;
    out.checksum = checksum == "full" ? TunnelChecksum::Full : TunnelChecksum::Remote;
    if (*type == "ipip")
      problems_.add(fields.place("checksum"), where + ": tunnel: type ipip has no checksum");
    else if (*type == "gre" && checksum == "remote")
      problems_.add(fields.place("checksum"), where + ": tunnel: type gre has no remote checksum");
    return out;
  }

  std::optional<Server> server(const Node& node, const std::string& where, Forward forward, std::uint16_t listen_port) {
    const Fields fields(&node, server_shape());
    const auto address = fields.address("address");
    if (!address) return std::nullopt;
    if (const auto* why = unfit_for_server(*address)) {
      problems_.add(fields.place("address"), where + ": " + address->text() + " " + why);
    }
    Server out;
    out.forward = fields.has("forward") ? forward_of(fields.text("forward").value_or("dr")) : forward;
    out.key = {*address, static_cast<std::uint16_t>(fields.integer("port").value_or(listen_port))};
    if (out.forward != Forward::Masq && listen_port != 0 && out.key.port != listen_port) {
      problems_.add(fields.place("port"),
                    where + ": port must be that of listen, " + std::to_string(listen_port) +
                        ", with forward: " + conf::name_of(out.forward),
                    "only forward: nat can change the port");
    }
    out.weight = static_cast<std::int32_t>(fields.integer("weight").value_or(1));
    out.upper = static_cast<std::uint32_t>(fields.integer("upper").value_or(0));
    out.lower = static_cast<std::uint32_t>(fields.integer("lower").value_or(0));
    if (out.lower > out.upper) {
      problems_.add(fields.place("lower"), where + ": lower must not be above upper, " + std::to_string(out.upper));
    }
    return out;
  }

  Diagnostics& problems_;
  Diagnostics& warnings_;
  Config config_;
  std::map<net::Address, Place> vip_addresses_;
  std::map<ServiceKey, std::pair<std::string, Place>> listens_;
};

}  // namespace

Config assemble(const Node& file, const std::string& node, Diagnostics& problems, Diagnostics& warnings) {
  return Assembler(node, problems, warnings).file(file);
}

}  // namespace plenum::conf
