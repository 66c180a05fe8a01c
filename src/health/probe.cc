#include "health/probe.h"

#include <array>

namespace plenum::health {

std::unique_ptr<Probe> make_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  // In the order of conf::Probe.
  constexpr std::array kMakers = {make_tcp_probe, make_http_probe, make_expect_probe, make_smtp_probe, make_dns_probe,
                                  make_udp_probe, make_ping_probe, make_script_probe, make_file_probe, make_bfd_probe};
  static_assert(kMakers.size() == std::variant_size_v<conf::Probe>);
  return kMakers[target.check.probe.index()](target, around, std::move(on_end));
}

}  // namespace plenum::health
