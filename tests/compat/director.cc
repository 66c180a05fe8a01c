#include "director.h"

#include <algorithm>
#include <sstream>
#include <variant>

#include "lb/sync_role.h"

namespace plenum::compat {

Result<cli::IpvsadmWorld::Call> Director::connect() {
  if (refusal_) return tl::unexpected(*refusal_);
  return cli::IpvsadmWorld::Call([this](const ctl::Request& request) -> Result<ctl::Reply> {
    const auto arrived = ctl::decode_request(ctl::encode(request));
    if (!arrived) return tl::unexpected(arrived.error());
    return ctl::decode_reply(request, ctl::encode(answer(*arrived)));
  });
}

Result<ctl::Reply> Director::answer(const ctl::Request& request) {
  asked_.push_back(request);
  return std::visit(
      [this](const auto& alternative) -> Result<ctl::Reply> {
        if constexpr (requires { on(alternative); }) return on(alternative);
        return fail(std::errc::function_not_supported, "ipvsadm does not ask that");
      },
      request);
}

Result<ctl::Reply> Director::on(const ctl::ChangeRequest& request) {
  ctl::ChangeReply reply;
  for (std::size_t i = 0; i < request.steps.size(); ++i) {
    const auto& step = request.steps[i];
    const auto done = table_.apply(step, {.now = {}, .author = request.author, .reason = request.reason});
    if (!done && !request.each) return tl::unexpected(done.error());
    if (!done) reply.failures.push_back({static_cast<std::uint32_t>(i), done.error().code.value(), done.error().what});
    if (!done) continue;
    if (const auto* zeroed = std::get_if<lb::Zero>(&step)) zero(zeroed->service);
    if (std::holds_alternative<lb::Clear>(step)) counts_.clear();
  }
  return reply;
}

void Director::zero(const std::optional<conf::ServiceKey>& service) {
  for (auto& [part, counts] : counts_)
    if (!service || part.first == *service) counts.counters = {};
}

Result<ctl::Reply> Director::on(const ctl::ListRequest& request) {
  ctl::ListReply reply{.services = {}, .table_size = 4096};
  for (const auto& entry : table_.services()) {
    const conf::ServiceKey key = entry.spec.key;
    if (request.service && lb::Table::normal(*request.service) != key) continue;
    lb::ServiceStatus status = lb::status_of(entry, {});
    status.counters = counts_[{key, std::nullopt}].counters;
    status.rates = counts_[{key, std::nullopt}].rates;
    status.servers.clear();
    for (const auto& server : entry.servers) {
      lb::ServerStatus& row = status.servers.emplace_back(lb::status_of(server, {}));
      const Counts& counts = counts_[{key, server.spec.key}];
      row.active = counts.active;
      row.inactive = counts.inactive;
      row.persistent = counts.persistent;
      row.counters = counts.counters;
      row.rates = counts.rates;
    }
    reply.services.push_back(std::move(status));
  }
  if (request.service && reply.services.empty()) return fail(std::errc::no_such_process, "no such service");
  return reply;
}

Result<ctl::Reply> Director::on(const ctl::ConnectionsRequest& request) {
  constexpr std::uint64_t kPage = 7;  // so that listings go over several
  ctl::ConnectionsReply reply;
  const std::uint64_t end = std::min<std::uint64_t>(connections_.size(), request.cursor + kPage);
  for (std::uint64_t i = request.cursor; i < end; ++i) reply.connections.push_back(connections_[i]);
  if (end < connections_.size()) reply.next = end;
  return reply;
}

Result<ctl::Reply> Director::on(const ctl::TimeoutsRequest& request) {
  if (request.tcp.value_or(0) != 0) timeouts_.tcp = *request.tcp;
  if (request.tcp_fin.value_or(0) != 0) timeouts_.tcp_fin = *request.tcp_fin;
  if (request.udp.value_or(0) != 0) timeouts_.udp = *request.udp;
  return timeouts_;
}

// The recordings' machine had eth0, of Ethernet.
Result<ctl::Reply> Director::on(const ctl::SyncRequest& request) {
  const auto role = request.role == "backup" ? lb::SyncRole::Backup : lb::SyncRole::Master;
  auto& daemon = role == lb::SyncRole::Master ? master_ : backup_;
  if (request.action == "start") {
    if (daemon) return fail(std::errc::file_exists, "runs");
    if (request.daemon.interface != "eth0") return fail(std::errc::invalid_argument, "no such interface");
    PLENUM_TRY(daemon, lb::completed(role, request.daemon, 1500), "start");
  } else if (request.action == "stop") {
    if (!daemon) return fail(std::errc::no_such_process, "none");
    daemon.reset();
  }
  ctl::SyncReply reply;
  if (master_) reply.daemons.push_back({"master", *master_, true, "", {}});
  if (backup_) reply.daemons.push_back({"backup", *backup_, true, "", {}});
  return reply;
}

namespace {

struct ServiceName {
  const char* name;
  std::uint16_t port;
  conf::Protocol protocol;
};

constexpr ServiceName kServices[] = {
    {"http", 80, conf::Protocol::Tcp},       {"http-alt", 8080, conf::Protocol::Tcp},
    {"http-alt", 8080, conf::Protocol::Udp}, {"domain", 53, conf::Protocol::Tcp},
    {"domain", 53, conf::Protocol::Udp},     {"ssh", 22, conf::Protocol::Tcp},
    {"sip", 5060, conf::Protocol::Tcp},      {"sip", 5060, conf::Protocol::Udp},
};

}  // namespace

std::optional<net::Address> TestNames::host_to_address(const std::string& host) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return std::nullopt;
  const auto address = net::Address::parse(found->second);
  return address && address->is_v4() ? address : std::nullopt;
}

std::optional<std::string> TestNames::address_to_host(const net::Address& address) const {
  for (const auto& [name, text] : hosts_)
    if (text == address.text()) return name;
  return std::nullopt;
}

std::optional<std::uint16_t> TestNames::service_to_port(const std::string& service, conf::Protocol protocol) const {
  for (const auto& row : kServices)
    if (service == row.name && protocol == row.protocol) return row.port;
  return std::nullopt;
}

std::optional<std::string> TestNames::port_to_service(std::uint16_t port, conf::Protocol protocol) const {
  for (const auto& row : kServices)
    if (port == row.port && protocol == row.protocol) return row.name;
  return std::nullopt;
}

Answer run_ipvsadm(Director& director, const cli::ipvsadm::Names& names, const std::vector<std::string>& args,
                   const std::string& input, const std::string& program) {
  std::istringstream in(input);
  std::ostringstream out, err;
  const cli::IpvsadmWorld world{.connect = [&] { return director.connect(); },
                                .names = names,
                                .in = in,
                                .out = out,
                                .err = err,
                                .author = "ipvsadm by test"};
  const int exit = cli::ipvsadm_main(program, args, world);
  return {out.str(), err.str(), exit};
}

}  // namespace plenum::compat
