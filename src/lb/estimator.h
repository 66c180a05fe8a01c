#pragma once
// IPVS's rates (net/netfilter/ipvs/ip_vs_est.c): every 2 s a quarter of the way from the
// old estimate to what the last 2 s showed. Pure.

#include "lb/status.h"

namespace plenum::lb {

class Estimator {
 public:
  // To be called every 2 s with the totals so far.
  void sample(const Counters& totals);
  // The totals start anew (a listing was zeroed): rates go on from here.
  void restart(const Counters& totals) { last_ = totals; }
  [[nodiscard]] Rates rates() const;

 private:
  Counters last_;
  // Per second; packets and connections times 1024, bytes times 32, as the kernel keeps them.
  std::uint64_t cps_ = 0, in_pps_ = 0, out_pps_ = 0, in_bps_ = 0, out_bps_ = 0;
};

}  // namespace plenum::lb
