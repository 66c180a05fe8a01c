// Each option's own words and limits.

#include <arpa/inet.h>
#include <netinet/in.h>

#include <climits>
#include <cstdlib>

#include "cli/ipvsadm/numbers.h"
#include "cli/ipvsadm/parser.h"

namespace plenum::cli::ipvsadm {

namespace {

constexpr long kMaxTimeout = 86400L * 31;
constexpr std::uint32_t kDefaultPersistence = 360;
constexpr std::size_t kSchedulerNameRoom = 15, kEngineNameRoom = 16, kFlagNamesRoom = 127;
constexpr const char* kBadVirtualServer = "illegal virtual server address[:port] specified";

std::string quoted(const std::string& text) { return "`" + text + "'"; }

}  // namespace

Complaint Parser::add(Column column) {
  if (given_.add(column)) return std::nullopt;
  return "multiple '" + std::string(name_of(column)) + "' options specified";
}

Complaint Parser::option(Tag tag, const std::optional<std::string>& argument, const std::string& word) {
  const std::string text = argument.value_or("");
  switch (tag) {
    case Tag::TcpService:
    case Tag::UdpService:
    case Tag::SctpService:
    case Tag::FwmarkService:
    case Tag::Ipv6:
    case Tag::Scheduler:
    case Tag::SchedulerFlags:
    case Tag::Persistent:
    case Tag::PersistenceEngine:
    case Tag::Netmask:
    case Tag::OnePacket:
      return service_option(tag, argument);
    case Tag::RealServer:
    case Tag::Masquerading:
    case Tag::Ipip:
    case Tag::Gatewaying:
    case Tag::Weight:
    case Tag::UpperThreshold:
    case Tag::LowerThreshold:
      return server_option(tag, text);
    case Tag::TunType:
    case Tag::TunPort:
    case Tag::TunNoCsum:
    case Tag::TunCsum:
    case Tag::TunRemCsum:
      return tunnel_option(tag, text);
    case Tag::Numeric:
    case Tag::Connection:
    case Tag::Timeout:
    case Tag::Daemon:
    case Tag::Stats:
    case Tag::Rate:
    case Tag::Thresholds:
    case Tag::PersistentConn:
    case Tag::NoSort:
    case Tag::Sort:
    case Tag::Exact:
    case Tag::TunInfo:
      return listing_option(tag);
    case Tag::McastInterface:
    case Tag::SyncId:
    case Tag::McastGroup:
    case Tag::McastPort:
    case Tag::McastTtl:
    case Tag::SyncMaxlen:
      return daemon_option(tag, text);
    default:
      return "invalid option " + quoted(word);  // a second command
  }
}

Complaint Parser::service_option(Tag tag, const std::optional<std::string>& argument) {
  const std::string text = argument.value_or("");
  switch (tag) {
    case Tag::TcpService:
      return virtual_server(conf::Protocol::Tcp, text);
    case Tag::UdpService:
      return virtual_server(conf::Protocol::Udp, text);
    case Tag::SctpService:
      return virtual_server(conf::Protocol::Sctp, text);
    case Tag::FwmarkService:
      return mark(text);
    case Tag::Ipv6:
      if (service_.fwmark == 0) return "-6 used before -f\n";
      service_.family = DraftFamily::V6;
      service_.netmask = 128;
      return std::nullopt;
    case Tag::Scheduler:
      service_.scheduler = text.substr(0, kSchedulerNameRoom);
      return add(Column::Scheduler);
    case Tag::SchedulerFlags:
      flag_names_ = text.substr(0, kFlagNamesRoom);
      return add(Column::SchedulerFlags);
    case Tag::Persistent:
      if (auto complaint = add(Column::Persistent)) return complaint;
      service_.persistent = true;
      service_.timeout = kDefaultPersistence;
      return argument ? timeout(*argument, 1, service_.timeout) : std::nullopt;
    case Tag::PersistenceEngine:
      service_.engine = text.substr(0, kEngineNameRoom);
      return add(Column::PersistenceEngine);
    case Tag::Netmask:
      return netmask(text);
    default:
      service_.one_packet = true;
      return add(Column::OnePacket);
  }
}

Complaint Parser::virtual_server(conf::Protocol protocol, const std::string& text) {
  if (auto complaint = add(Column::Service)) return complaint;
  service_.protocol = protocol;
  service_.protocol_known = true;
  if (parse_address(text, names_, service_) == AddressParts::None) return kBadVirtualServer;
  return std::nullopt;
}

Complaint Parser::mark(const std::string& text) {
  if (auto complaint = add(Column::Service)) return complaint;
  const auto number = to_number(text, 1, UINT_MAX);
  if (!number) return "invalid fwmark value " + quoted(text) + " specified";
  service_.family = DraftFamily::V4;
  service_.protocol = conf::Protocol::Tcp;
  service_.protocol_known = true;
  service_.fwmark = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

Complaint Parser::netmask(const std::string& text) {
  if (auto complaint = add(Column::Netmask)) return complaint;
  if (service_.family == DraftFamily::V6) {
    const int length = std::atoi(text.c_str());
    if (length < 1 || length > 128) return "illegal ipv6 netmask specified";
    service_.netmask = static_cast<std::uint32_t>(length);
    return std::nullopt;
  }
  in_addr mask{};
  if (::inet_aton(text.c_str(), &mask) != 0) {
    service_.netmask = ntohl(mask.s_addr);
  } else if (const auto address = names_.host_to_address(text); address && address->is_v4()) {
    const std::uint8_t* byte = address->data();
    service_.netmask =
        std::uint32_t{byte[0]} << 24 | std::uint32_t{byte[1]} << 16 | std::uint32_t{byte[2]} << 8 | byte[3];
  } else {
    return "illegal virtual server persistent mask specified";
  }
  return std::nullopt;
}

Complaint Parser::server_option(Tag tag, const std::string& text) {
  switch (tag) {
    case Tag::RealServer:
      return real_server(text);
    case Tag::Masquerading:
      return forward(conf::Forward::Masq);
    case Tag::Ipip:
      return forward(conf::Forward::Tunnel);
    case Tag::Gatewaying:
      return forward(conf::Forward::Route);
    case Tag::Weight: {
      if (auto complaint = add(Column::Weight)) return complaint;
      const auto weight = to_number(text, 0, INT_MAX);
      if (!weight) return "illegal weight specified";
      command_.server.weight = static_cast<std::int32_t>(*weight);
      return std::nullopt;
    }
    case Tag::UpperThreshold:
      return threshold(Column::UpperThreshold, text, command_.server.upper);
    default:
      return threshold(Column::LowerThreshold, text, command_.server.lower);
  }
}

Complaint Parser::real_server(const std::string& text) {
  if (auto complaint = add(Column::Server)) return complaint;
  server_ = service_;
  const auto parts = parse_address(text, names_, server_);
  if (parts == AddressParts::None) return "illegal real server address[:port] specified";
  if (parts == AddressParts::Address) server_.port = service_.port;
  return std::nullopt;
}

Complaint Parser::forward(conf::Forward method) {
  command_.server.forward = method;
  return add(Column::Forward);
}

Complaint Parser::threshold(Column column, const std::string& text, std::uint32_t& field) {
  if (auto complaint = add(column)) return complaint;
  const auto number = to_number(text, 0, INT_MAX);
  if (!number)
    return std::string(column == Column::UpperThreshold ? "illegal u_threshold" : "illegal l_threshold") + " specified";
  field = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

Complaint Parser::timeout(const std::string& text, long min, std::uint32_t& field) {
  const auto seconds = to_number(text, min, kMaxTimeout);
  if (!seconds) return "invalid timeout value " + quoted(text) + " specified";
  field = static_cast<std::uint32_t>(*seconds);
  return std::nullopt;
}

Complaint Parser::tunnel_option(Tag tag, const std::string& text) {
  conf::Tunnel& tunnel = command_.server.tunnel;
  switch (tag) {
    case Tag::TunType:
      if (auto complaint = add(Column::TunType)) return complaint;
      for (const auto type : {conf::TunnelType::Ipip, conf::TunnelType::Gue, conf::TunnelType::Gre}) {
        if (text != conf::name_of(type)) continue;
        tunnel.type = type;
        return std::nullopt;
      }
      return "illegal tunnel type specified";
    case Tag::TunPort: {
      if (auto complaint = add(Column::TunPort)) return complaint;
      const auto port = to_number(text, 1, 65535);
      if (!port) return "illegal tunnel port specified";
      tunnel.port = static_cast<std::uint16_t>(*port);
      return std::nullopt;
    }
    case Tag::TunNoCsum:
      return add(Column::TunNoCsum);
    case Tag::TunCsum:
      tunnel.checksum = conf::TunnelChecksum::Full;
      return add(Column::TunCsum);
    default:
      tunnel.checksum = conf::TunnelChecksum::Remote;
      return add(Column::TunRemCsum);
  }
}

Complaint Parser::listing_option(Tag tag) {
  Format& format = command_.format;
  switch (tag) {
    case Tag::Numeric:
      format.numeric = true;
      return add(Column::Numeric);
    case Tag::Connection:
      command_.connections = true;
      return add(Column::Connection);
    case Tag::Timeout:
      command_.timeouts = true;
      return add(Column::Timeout);
    case Tag::Daemon:
      command_.daemon = true;
      return add(Column::Daemon);
    case Tag::Stats:
      format.stats = true;
      return add(Column::Stats);
    case Tag::Rate:
      format.rate = true;
      return add(Column::Rate);
    case Tag::Thresholds:
      format.thresholds = true;
      return add(Column::Thresholds);
    case Tag::PersistentConn:
      format.persistent_conn = true;
      return add(Column::PersistentConn);
    case Tag::NoSort:
      format.nosort = true;
      return add(Column::NoSort);
    case Tag::Exact:
      format.exact = true;
      return add(Column::Exact);
    case Tag::TunInfo:
      format.tun_info = true;
      return add(Column::TunInfo);
    default:
      return std::nullopt;  // --sort: as it is anyway
  }
}

Complaint Parser::number(Column column, const std::string& text, long min, long max, const char* what) {
  if (auto complaint = add(column)) return complaint;
  if (!to_number(text, min, max)) return "illegal " + std::string(what) + " specified";
  return std::nullopt;
}

Complaint Parser::daemon_option(Tag tag, const std::string& text) {
  auto& daemon = command_.sync;
  const auto into = [&](Column column, long min, long max, const char* what, auto& field) {
    auto complaint = number(column, text, min, max, what);
    if (!complaint) field = static_cast<std::remove_reference_t<decltype(field)>>(*to_number(text, min, max));
    return complaint;
  };
  switch (tag) {
    case Tag::McastInterface:
      // The kernel's name field takes 15 characters, and the rest is cut off.
      daemon.interface = text.substr(0, 15);
      return add(Column::Mcast);
    case Tag::SyncId:
      return into(Column::SyncId, 0, 255, "syncid", daemon.syncid);
    case Tag::McastPort:
      return into(Column::McastPort, 1, 65535, "mcast-port", daemon.port);
    case Tag::McastTtl:
      return into(Column::McastTtl, 1, 255, "mcast-ttl", daemon.ttl);
    case Tag::SyncMaxlen:
      return into(Column::SyncMaxlen, 1, 65535 - 20 - 8, "sync-maxlen", daemon.maxlen);
    default:
      break;
  }
  if (auto complaint = add(Column::McastGroup)) return complaint;
  const bool v6 = text.find(':') != std::string::npos;
  const auto group = net::Address::parse(text);
  if (group && group->is_v4() != v6 && group->is_multicast()) {
    daemon.group = *group;
    return std::nullopt;
  }
  return (v6 ? "invalid IPv6 mcast-group " : "invalid IPv4 mcast-group ") + quoted(text);
}

}  // namespace plenum::cli::ipvsadm
