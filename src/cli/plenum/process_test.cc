#include "cli/plenum/process.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace plenum::cli {
namespace {

TEST(Author, IsWhoCalledSudoElseWhoRuns) {
  for (const auto* name : {"SUDO_USER", "USER", "LOGNAME"}) ::unsetenv(name);
  EXPECT_THAT(plenum_author(), ::testing::EndsWith("plenum"));
  ::setenv("USER", "root", 1);
  EXPECT_EQ(plenum_author(), "root via plenum");
  ::setenv("SUDO_USER", "ann", 1);
  EXPECT_EQ(plenum_author(), "ann via plenum");
}

}  // namespace
}  // namespace plenum::cli
