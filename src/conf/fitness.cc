#include "conf/fitness.h"

namespace plenum::conf {

const char* unfit_for_server(const net::Address& a) {
  if (a.is_unspecified() || (a.is_v4() && a.data()[0] == 0)) return "is the unspecified address";
  if (a.is_multicast()) return "is a multicast address";
  if (a.is_v4() && a == net::Address::v4(0xffffffffu)) return "is the broadcast address";
  if (a.is_link_local()) return "is a link-local address";
  return nullptr;
}

const char* unfit_for_service(const net::Address& a) {
  if (a.is_unspecified()) return "is the unspecified address";
  if (a.is_multicast()) return "is a multicast address";
  if (a.is_loopback()) return "is a loopback address";
  return nullptr;
}

}  // namespace plenum::conf
