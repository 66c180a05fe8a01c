// The rules that ipvsadm -R reads, carried out against a daemon that takes everything. Each
// request must be one the daemon could read.

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "cli/ipvsadm/ipvsadm.h"
#include "ctl/messages.h"

namespace {

using namespace plenum;

void require(bool condition) {
  if (!condition) std::abort();
}

// Knows one name of each kind; no look-up leaves the process.
class FewNames final : public cli::ipvsadm::Names {
 public:
  std::optional<net::Address> host_to_address(const std::string& host) const override {
    if (host == "web") return net::Address::v4(0x0a000001);
    return std::nullopt;
  }
  std::optional<std::string> address_to_host(const net::Address& address) const override {
    if (address == net::Address::v4(0x0a000001)) return "web";
    return std::nullopt;
  }
  std::optional<std::uint16_t> service_to_port(const std::string& service, conf::Protocol) const override {
    if (service == "http") return std::uint16_t{80};
    return std::nullopt;
  }
  std::optional<std::string> port_to_service(std::uint16_t port, conf::Protocol) const override {
    if (port == 80) return "http";
    return std::nullopt;
  }
};

// Lists back what was added last, so that the printers see what the parser made.
struct Daemon {
  lb::ServiceStatus last;

  Result<ctl::Reply> answer(const ctl::Request& request) {
    const std::string line = ctl::encode(request);
    const auto read = ctl::decode_request(line);
    require(read.has_value() && ctl::encode(*read) == line);
    if (const auto* change = std::get_if<ctl::ChangeRequest>(&*read)) {
      for (const auto& step : change->steps) {
        if (const auto* service = std::get_if<lb::AddService>(&step)) last.service = service->service;
        if (const auto* server = std::get_if<lb::AddServer>(&step)) last.servers = {{.server = server->server}};
      }
      return ctl::ChangeReply{};
    }
    if (std::holds_alternative<ctl::ListRequest>(*read)) return ctl::ListReply{.services = {last}, .table_size = 1};
    if (std::holds_alternative<ctl::TimeoutsRequest>(*read)) return ctl::TimeoutsReply{};
    return ctl::ConnectionsReply{};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FewNames names;
  Daemon daemon;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  std::ostringstream out, err;
  const cli::IpvsadmWorld world{
      .connect = [&]() -> Result<cli::IpvsadmWorld::Call> {
        return cli::IpvsadmWorld::Call([&](const ctl::Request& request) { return daemon.answer(request); });
      },
      .names = names,
      .in = in,
      .out = out,
      .err = err};
  const int exit = cli::ipvsadm_main("ipvsadm", {"-R"}, world);
  require(exit == 0 || exit == 1 || exit == 2 || exit == 255);
  require(exit != 2 || !err.str().empty());
  cli::ipvsadm_main("ipvsadm", {"-Sn"}, world);
  cli::ipvsadm_main("ipvsadm", {"-L", "--tun-info"}, world);
  return 0;
}
