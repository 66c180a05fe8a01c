#include "base/text.h"

#include <gtest/gtest.h>

namespace plenum {
namespace {

TEST(ParseNumber, TakesWholeDecimalWithinRange) {
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_number<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_number<int>("-1"), -1);
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<int>("1.5"), std::nullopt);
  EXPECT_EQ(parse_number<int>(""), std::nullopt);
  EXPECT_EQ(parse_number<int>(" 1"), std::nullopt);
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Nearest, FindsALikelySlipAndNothingElse) {
  EXPECT_EQ(nearest("schedular", {"listen", "scheduler", "servers"}), "scheduler");
  EXPECT_EQ(nearest("zzz", {"listen", "scheduler"}), "");
}

}  // namespace
}  // namespace plenum
