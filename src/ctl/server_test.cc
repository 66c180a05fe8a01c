#include "ctl/server.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plenum::ctl {
namespace {

std::vector<std::string> drain(LineFramer& framer) {
  std::vector<std::string> lines;
  while (auto line = framer.next()) lines.push_back(*line);
  return lines;
}

TEST(LineFramer, LinesComeOutHoweverTheBytesArrive) {
  const std::string bytes = "one\ntwo\n\nthree\nrest";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    LineFramer framer;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      ASSERT_TRUE(framer.feed(bytes.substr(at, step)));
      for (auto& line : drain(framer)) lines.push_back(line);
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "three"})) << "in steps of " << step;
    ASSERT_TRUE(framer.feed("\n"));
    EXPECT_EQ(drain(framer), std::vector<std::string>{"rest"});
  }
}

TEST(LineFramer, LineOfExactlyTheLimitPasses) {
  LineFramer framer(4);
  EXPECT_TRUE(framer.feed("abcd\nab"));
  EXPECT_TRUE(framer.feed("cd\n"));
  EXPECT_EQ(drain(framer), (std::vector<std::string>{"abcd", "abcd"}));
}

TEST(LineFramer, OverlongLineIsRefusedForGood) {
  for (const std::string overlong : {"abcde", "abcde\n", "abcde\nok\n"}) {
    LineFramer framer(4);
    const auto fed = framer.feed("ok\n" + overlong);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, std::errc::message_size);
    EXPECT_EQ(drain(framer), std::vector<std::string>{"ok"});
    EXPECT_FALSE(framer.feed("x\n"));
    EXPECT_TRUE(drain(framer).empty());
  }
}

TEST(LineFramer, OverlongLineIsRefusedAlthoughItComesInPieces) {
  LineFramer framer(4);
  EXPECT_TRUE(framer.feed("abc"));
  EXPECT_TRUE(framer.feed("d"));
  EXPECT_FALSE(framer.feed("e"));
}

}  // namespace
}  // namespace plenum::ctl
