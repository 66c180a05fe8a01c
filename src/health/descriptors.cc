#include "health/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace plenum::health {

std::size_t raise_descriptor_limit(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  if (limit.rlim_max < wanted) {
    // Takes CAP_SYS_RESOURCE, and no more than fs.nr_open.
    const rlimit more{wanted, wanted};
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  }
  const rlimit some{std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &some) == 0 ? some.rlim_cur : limit.rlim_cur;
}

}  // namespace plenum::health
