#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>

#include "conf/lvs_cf/read.h"

namespace plenum::conf::lvs_cf {
namespace {

bool is_own(const net::Address& address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  bool found = false;
  for (const auto* one = all; one && !found; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET) continue;
    found = net::Address::v4_bytes(&reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr) == address;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace

Host this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = 0;
  const std::string whole = name.data();
  return {whole.substr(0, whole.find('.')), is_own};
}

}  // namespace plenum::conf::lvs_cf
