#include "rt/paced.h"

#include <algorithm>

namespace plenum::rt {

void Paced::soon(Duration wait) {
  if (!timer_.active()) timer_ = loop_.after(std::max(wait, rest_ - clock_.now()), [this] { run(); });
}

void Paced::run() {
  const auto begin = clock_.now();
  work_();
  const auto end = clock_.now();
  rest_ = end + std::min<Duration>(pace_.longest_rest, (kShare - 1) * (end - begin));
}

}  // namespace plenum::rt
