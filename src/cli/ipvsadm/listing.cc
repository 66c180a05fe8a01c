#include "cli/ipvsadm/listing.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "cli/ipvsadm/columns.h"
#include "cli/ipvsadm/order.h"
#include "cli/ipvsadm/scheduler_flags.h"

namespace plenum::cli::ipvsadm {

namespace {

constexpr std::size_t kServiceRoom = 33, kServerRoom = 28;

std::string titles(const Format& format) {
  constexpr std::string_view kPlain = "Prot LocalAddress:Port";
  constexpr std::string_view kServers = "  -> RemoteAddress:Port\n";
  std::string line = left(kPlain, kServiceRoom);
  if (format.stats || format.rate) {
    const auto names = format.stats ? std::array{"Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"}
                                    : std::array{"CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"};
    for (const char* name : names) line += ' ' + right(name, 8);
    return line + '\n' + std::string(kServers);
  }
  if (format.thresholds) return line + " Uthreshold Lthreshold ActiveConn InActConn \n" + std::string(kServers);
  if (format.persistent_conn) return line + " Weight    PersistConn ActiveConn InActConn \n" + std::string(kServers);
  if (format.tun_info)
    return "Prot LocalAddress:Port Scheduler Flags\n"
           "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n";
  if (format.rule) return "";
  return "Prot LocalAddress:Port Scheduler Flags\n"
         "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
}

std::string_view forward_title(conf::Forward forward) {
  switch (forward) {
    case conf::Forward::Masq:
      return "Masq";
    case conf::Forward::Local:
      return "Local";
    case conf::Forward::Tunnel:
      return "Tunnel";
    case conf::Forward::Route:
      return "Route";
  }
  return "";
}

std::string_view forward_option(conf::Forward forward) {
  switch (forward) {
    case conf::Forward::Masq:
      return "-m";
    case conf::Forward::Tunnel:
      return "-i";
    case conf::Forward::Local:
    case conf::Forward::Route:
      return "-g";
  }
  return "";
}

std::string tunnel_title(const conf::Server& server) {
  constexpr std::string_view kChecksums[] = {"-c", "+c", "r+c"};
  if (server.forward != conf::Forward::Tunnel) return "n/a";
  const conf::Tunnel& tunnel = server.tunnel;
  std::string text = conf::name_of(tunnel.type);
  if (tunnel.type == conf::TunnelType::Gue) text += ':' + std::to_string(tunnel.port);
  if (tunnel.type != conf::TunnelType::Ipip)
    text += ':' + std::string(kChecksums[static_cast<std::size_t>(tunnel.checksum)]);
  return text;
}

std::string tunnel_options(const conf::Server& server) {
  constexpr std::string_view kChecksums[] = {" --tun-nocsum", " --tun-csum", " --tun-remcsum"};
  if (server.forward != conf::Forward::Tunnel) return "";
  const conf::Tunnel& tunnel = server.tunnel;
  std::string text = " --tun-type " + std::string(conf::name_of(tunnel.type));
  if (tunnel.type == conf::TunnelType::Gue) text += " --tun-port " + std::to_string(tunnel.port);
  if (tunnel.type != conf::TunnelType::Ipip) text += kChecksums[static_cast<std::size_t>(tunnel.checksum)];
  return text;
}

// A mask narrower than one client, in the form -M takes; empty for the usual.
std::string mask_text(const conf::ServiceKey& key, std::uint32_t netmask) {
  if (key.family == net::Family::V6) return netmask == 128 ? "" : std::to_string(static_cast<std::int32_t>(netmask));
  return netmask == 0xffffffff ? "" : net::Address::v4(netmask).text();
}

class Lister {
 public:
  Lister(const Format& format, const Names& names) : format_(format), names_(names) {}

  void add(const lb::ServiceStatus& status) {
    const std::string name = service_name(status.service.key);
    if (format_.rule) {
      add_rule(status.service, name);
    } else if (format_.stats) {
      text_ += left(name, kServiceRoom) + numbers(status.counters);
    } else if (format_.rate) {
      text_ += left(name, kServiceRoom) + numbers(status.rates);
    } else {
      add_service(status.service, name);
    }
    text_ += '\n';
    for (const auto* server : ordered(status.servers)) add_server(*server, status.service.key, name);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] std::string service_name(const conf::ServiceKey& key) const {
    if (key.fwmark != 0) {
      // ipvsadm takes an unsigned number and prints a signed one.
      const std::string mark = std::to_string(static_cast<std::int32_t>(key.fwmark));
      const bool v6 = key.family == net::Family::V6;
      if (format_.rule) return "-f " + mark + (v6 ? " -6" : "");
      return "FWM  " + mark + (v6 ? " IPv6" : "");
    }
    const std::string at = endpoint_name(key.address, key.port, key.protocol, format_.numeric, names_);
    if (format_.rule) {
      if (key.protocol == conf::Protocol::Sctp) return "--sctp-service " + at;
      return (key.protocol == conf::Protocol::Tcp ? "-t " : "-u ") + at;
    }
    std::string text = left(protocol_title(key.protocol), 4) + ' ' + at;
    if (key.family == net::Family::V4 && text.size() > kServiceRoom) text.resize(kServiceRoom);
    return text;
  }

  void add_rule(const conf::Service& service, const std::string& name) {
    text_ += "-A " + name + " -s " + service.scheduler;
    if (service.persistence) {
      text_ += " -p " + std::to_string(service.persistence->timeout);
      const std::string mask = mask_text(service.key, service.persistence->netmask);
      if (!mask.empty()) text_ += " -M " + mask;
      if (!service.persistence->engine.empty()) text_ += " --pe " + service.persistence->engine;
    }
    if (service.one_packet) text_ += " -o";
    if (service.scheduler_flags != 0)
      text_ += " -b " + scheduler_flag_names(service.scheduler, service.scheduler_flags);
  }

  void add_service(const conf::Service& service, const std::string& name) {
    text_ += name + ' ' + service.scheduler;
    if (service.scheduler_flags != 0)
      text_ += " (" + scheduler_flag_names(service.scheduler, service.scheduler_flags) + ')';
    if (service.persistence) {
      text_ += " persistent " + std::to_string(service.persistence->timeout);
      const std::string mask = mask_text(service.key, service.persistence->netmask);
      if (!mask.empty()) text_ += " mask " + mask;
      if (!service.persistence->engine.empty()) text_ += " pe " + service.persistence->engine;
    }
    if (service.one_packet) text_ += " ops";
  }

  [[nodiscard]] std::vector<const lb::ServerStatus*> ordered(const std::vector<lb::ServerStatus>& servers) const {
    std::vector<const lb::ServerStatus*> order;
    order.reserve(servers.size());
    // What health keeps out is not there, as it would not be behind another program's `ipvsadm -d`; what is saved is
    // what is wanted.
    for (const auto& server : servers)
      if (format_.rule ? !server.sorry : !server.out) order.push_back(&server);
    std::reverse(order.begin(), order.end());  // IPVS's own order is newest first
    if (format_.nosort) return order;
    return sorted(std::move(order), [](const lb::ServerStatus& a, const lb::ServerStatus& b) {
      return compare(a.server.key, b.server.key);
    });
  }

  void add_server(const lb::ServerStatus& status, const conf::ServiceKey& service, const std::string& service_text) {
    const conf::Server& server = status.server;
    std::string name = endpoint_name(server.key.address, server.key.port, service.protocol, format_.numeric, names_);
    if (format_.rule) {
      text_ += "-a " + service_text + " -r " + name + ' ' + std::string(forward_option(server.forward)) + " -w " +
               std::to_string(status.wanted_weight.value_or(server.weight)) + tunnel_options(server) + '\n';
      return;
    }
    if (server.key.address.is_v4() && name.size() > kServerRoom) name.resize(kServerRoom);
    text_ += "  -> " + left(name, kServerRoom);
    if (format_.stats) {
      text_ += numbers(status.counters);
    } else if (format_.rate) {
      const lb::Rates& rates = status.rates;
      for (const auto rate : {rates.connections, rates.in_packets, rates.out_packets})
        text_ += ' ' + right(std::to_string(rate), 8);
      text_ += large_number(rates.in_bytes, format_.exact) + large_number(rates.out_bytes, format_.exact);
    } else {
      add_columns(status);
    }
    text_ += '\n';
  }

  void add_columns(const lb::ServerStatus& status) {
    const auto column = [this](const auto& value, std::size_t width) { text_ += ' ' + left(value, width); };
    const auto weight = std::to_string(status.server.weight);
    if (format_.thresholds) {
      column(std::to_string(status.server.upper), 10);
      column(std::to_string(status.server.lower), 10);
    } else if (format_.persistent_conn) {
      column(weight, 9);
      column(std::to_string(status.persistent), 11);
    } else {
      column(forward_title(status.server.forward), 7);
      if (format_.tun_info) column(tunnel_title(status.server), 13);
      column(weight, 6);
    }
    column(std::to_string(status.active), 10);
    column(std::to_string(status.inactive), 10);
  }

  template <class Counts>  // lb::Counters or lb::Rates
  [[nodiscard]] std::string numbers(const Counts& counts) const {
    std::string text;
    for (const auto number :
         {counts.connections, counts.in_packets, counts.out_packets, counts.in_bytes, counts.out_bytes})
      text += large_number(number, format_.exact);
    return text;
  }

  const Format& format_;
  const Names& names_;
  std::string text_;
};

}  // namespace

std::string list_services(const ctl::ListReply& table, const Format& format, bool head, const Names& names) {
  std::string text;
  if (head && !format.rule) text = "IP Virtual Server version 1.2.1 (size=" + std::to_string(table.table_size) + ")\n";
  text += titles(format);
  std::vector<const lb::ServiceStatus*> services;
  services.reserve(table.services.size());
  for (const auto& service : table.services) services.push_back(&service);
  if (!format.nosort) {
    services = sorted(std::move(services), [](const lb::ServiceStatus& a, const lb::ServiceStatus& b) {
      return compare(a.service.key, b.service.key);
    });
  }
  Lister lister(format, names);
  for (const auto* service : services) lister.add(*service);
  return text + lister.take();
}

std::string daemon_row(const lb::SyncStatus& status) {
  const auto& d = status.daemon;
  std::string out = status.role + " sync daemon (mcast=" + d.interface + ", syncid=" + std::to_string(d.syncid);
  if (d.maxlen != 0) out += ", maxlen=" + std::to_string(d.maxlen);
  return out + ", group=" + d.group.text() + ", port=" + std::to_string(d.port) + ", ttl=" + std::to_string(d.ttl) +
         ")\n";
}

}  // namespace plenum::cli::ipvsadm
