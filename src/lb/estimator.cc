#include "lb/estimator.h"

namespace plenum::lb {

namespace {

void approach(std::uint64_t& estimate, std::uint64_t now) {
  const auto step = (static_cast<std::int64_t>(now) - static_cast<std::int64_t>(estimate)) >> 2;
  estimate = static_cast<std::uint64_t>(static_cast<std::int64_t>(estimate) + step);
}

}  // namespace

void Estimator::sample(const Counters& totals) {
  approach(cps_, (totals.connections - last_.connections) << 9);
  approach(in_pps_, (totals.in_packets - last_.in_packets) << 9);
  approach(out_pps_, (totals.out_packets - last_.out_packets) << 9);
  approach(in_bps_, (totals.in_bytes - last_.in_bytes) << 4);
  approach(out_bps_, (totals.out_bytes - last_.out_bytes) << 4);
  last_ = totals;
}

Rates Estimator::rates() const {
  return {(cps_ + 0x1ff) >> 10, (in_pps_ + 0x1ff) >> 10, (out_pps_ + 0x1ff) >> 10, (in_bps_ + 0xf) >> 5,
          (out_bps_ + 0xf) >> 5};
}

}  // namespace plenum::lb
