#include "conf/vmac_names.h"

#include <set>

namespace plenum::conf {

namespace {

// As keepalived has them: vrrp.51, vrrp1.51, vrrp2.51. IPv6's cannot be taken for one of those.
std::string usual(const VirtualRouter& router, int number) {
  std::string out = router.family == net::Family::V4 ? "vrrp" : "vrrp6";
  if (number > 0) out += (router.family == net::Family::V4 ? "" : "-") + std::to_string(number);
  return out + "." + std::to_string(router.vrid);
}

}  // namespace

std::string vmac_name(const VirtualRouter& router) {
  return router.vmac && !router.vmac->name.empty() ? router.vmac->name : usual(router, 0);
}

void name_vmacs(Vrrp& all) {
  std::set<std::string> taken;
  for (const auto& router : all.routers)
    if (router.vmac && !router.vmac->name.empty()) taken.insert(router.vmac->name);
  for (auto& router : all.routers) {
    if (!router.vmac || !router.vmac->name.empty()) continue;
    int number = 0;
    while (!taken.insert(usual(router, number)).second) ++number;
    if (number > 0) router.vmac->name = usual(router, number);
  }
}

}  // namespace plenum::conf
