#include "base/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace plenum {
namespace {

bool found(const std::string& pattern, std::string_view text, bool ignore_case = false) {
  auto compiled = Pattern::compile(pattern, ignore_case);
  EXPECT_TRUE(compiled) << pattern;
  const auto answer = compiled->found_in(text);
  EXPECT_TRUE(answer) << pattern;
  return *answer;
}

TEST(Pattern, KnowsPerlsSyntax) {
  EXPECT_TRUE(found(R"(\bok\b)", "all ok here"));
  EXPECT_FALSE(found(R"(\bok\b)", "okay"));
  EXPECT_TRUE(found(R"(^status:\s+\d{3}$)", "a\nstatus:  200\nb"));
  EXPECT_TRUE(found(R"((?i)healthy(?!\?))", "HEALTHY!"));
  EXPECT_TRUE(found(R"((?<=up: )yes)", "up: yes"));
  EXPECT_TRUE(found(R"((\w)\1)", "hello"));
  EXPECT_TRUE(found("ok", "OK", true));
  EXPECT_FALSE(found("ok", "OK"));
  EXPECT_TRUE(found("", ""));
  EXPECT_TRUE(found("a.c", std::string_view("a\0c", 3)));
}

TEST(Pattern, SaysWhatIsWrongWithOne) {
  for (const char* bad : {"(", "[a", "a{2,1}", "*", "(?<n"}) {
    const auto compiled = Pattern::compile(bad);
    ASSERT_FALSE(compiled) << bad;
    EXPECT_EQ(compiled.error().code, std::errc::invalid_argument);
    EXPECT_FALSE(compiled.error().what.empty());
  }
}

TEST(Pattern, GivesUpRatherThanTryForEver) {
  const auto compiled = Pattern::compile("(a+)+$");
  ASSERT_TRUE(compiled);
  const std::string text = std::string(5000, 'a') + "!";
  const auto start = std::chrono::steady_clock::now();
  const auto answer = compiled->found_in(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, std::errc::argument_list_too_long);
}

TEST(Pattern, LooksThroughALongTextWithoutRecursion) {
  EXPECT_TRUE(found("[ab]*c", std::string(250000, 'a') + "c"));
  EXPECT_FALSE(found("nowhere", std::string(250000, 'a')));
}

}  // namespace
}  // namespace plenum
