#include "failover/unfit.h"

#include <gtest/gtest.h>

namespace plenum::failover {
namespace {

using namespace std::chrono_literals;

TEST(Unfit, EachKindHasItsWordsAndItsMend) {
  conf::VirtualRouter conf;
  conf.version = 3;
  conf.advert = 1s;
  for (int why = 1; why <= static_cast<int>(Unfit::OwnSource); ++why) {
    const UnfitAdverts adverts{.source = {}, .why = static_cast<Unfit>(why), .theirs = 2, .interval = 2s};
    EXPECT_NE(unfit_text(adverts, conf), "") << why;
    EXPECT_NE(unfit_mend(adverts.why), "") << why;
  }
  EXPECT_EQ(unfit_text({.source = {}, .why = Unfit::Version, .theirs = 2}, conf), "it speaks version 2, this one 3");
  EXPECT_EQ(unfit_text({.source = {}, .why = Unfit::Interval, .theirs = 2, .interval = 2s}, conf),
            "it advertises every 2000 ms, this one every 1000 ms");
}

}  // namespace
}  // namespace plenum::failover
