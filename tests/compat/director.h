#pragma once
// A director for ipvsadm to talk to, in the test's own process: the real table of services
// behind the real control messages (each is encoded and decoded on its way), and counts that
// the test gives where a listing shows traffic.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/ipvsadm/ipvsadm.h"
#include "ctl/messages.h"
#include "lb/table.h"

namespace plenum::compat {

struct Counts {
  std::uint32_t active = 0, inactive = 0, persistent = 0;
  lb::Counters counters;
  lb::Rates rates;
};

class Director {
 public:
  // The service's own counts have the key {service, nullopt}.
  using Part = std::pair<conf::ServiceKey, std::optional<conf::ServerKey>>;
  Counts& counts(const Part& part) { return counts_[part]; }
  void set_connections(std::vector<lb::ConnectionStatus> connections) { connections_ = std::move(connections); }
  void refuse_connections(Error error) { refusal_ = std::move(error); }
  // Requests in the order they came.
  [[nodiscard]] const std::vector<ctl::Request>& asked() const { return asked_; }

  Result<cli::IpvsadmWorld::Call> connect();

 private:
  Result<ctl::Reply> answer(const ctl::Request& request);
  Result<ctl::Reply> on(const ctl::ChangeRequest& request);
  Result<ctl::Reply> on(const ctl::ListRequest& request);
  Result<ctl::Reply> on(const ctl::ConnectionsRequest& request);
  Result<ctl::Reply> on(const ctl::TimeoutsRequest& request);
  Result<ctl::Reply> on(const ctl::SyncRequest& request);
  void zero(const std::optional<conf::ServiceKey>& service);

  lb::Table table_;
  std::map<Part, Counts> counts_;
  std::vector<lb::ConnectionStatus> connections_;
  ctl::TimeoutsReply timeouts_;
  std::optional<conf::SyncDaemon> master_, backup_;
  std::optional<Error> refusal_;
  std::vector<ctl::Request> asked_;
};

// Names as the recordings' machine resolved them: services as in Debian 12's /etc/services,
// hosts as given.
class TestNames final : public cli::ipvsadm::Names {
 public:
  explicit TestNames(std::map<std::string, std::string> hosts = {}) : hosts_(std::move(hosts)) {}
  [[nodiscard]] std::optional<net::Address> host_to_address(const std::string& host) const override;
  [[nodiscard]] std::optional<std::string> address_to_host(const net::Address& address) const override;
  [[nodiscard]] std::optional<std::uint16_t> service_to_port(const std::string& service,
                                                             conf::Protocol protocol) const override;
  [[nodiscard]] std::optional<std::string> port_to_service(std::uint16_t port, conf::Protocol protocol) const override;

 private:
  std::map<std::string, std::string> hosts_;  // name to address
};

struct Answer {
  std::string out, err;
  int exit = 0;
};

// Runs ipvsadm with `args` against `director`; `input` is its standard input.
Answer run_ipvsadm(Director& director, const cli::ipvsadm::Names& names, const std::vector<std::string>& args,
                   const std::string& input = "", const std::string& program = "ipvsadm");

}  // namespace plenum::compat
