#include "cli/ipvsadm/rules.h"

#include <gtest/gtest.h>

#include <sstream>

namespace plenum::cli::ipvsadm {
namespace {

std::vector<std::vector<std::string>> rules(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::vector<std::string>> all;
  while (const auto rule = next_rule(in)) all.push_back(*rule);
  return all;
}

using Rules = std::vector<std::vector<std::string>>;

TEST(Rules, BlanksSeparateAndEmptyLinesAreSkipped) {
  EXPECT_EQ(rules("-A  -t\t1.2.3.4:80 \r\n\n \t\n-C\n"), (Rules{{"-A", "-t", "1.2.3.4:80"}, {"-C"}}));
}

TEST(Rules, LastLineNeedsNoNewline) { EXPECT_EQ(rules("-C\n-L -n"), (Rules{{"-C"}, {"-L", "-n"}})); }

TEST(Rules, TheProgramsNameIsLeftOut) { EXPECT_EQ(rules("ipvsadm -C\nipvsadm\n"), (Rules{{"-C"}})); }

TEST(Rules, NoQuotesAndNoComments) { EXPECT_EQ(rules("# '-A b'\n"), (Rules{{"#", "'-A", "b'"}})); }

}  // namespace
}  // namespace plenum::cli::ipvsadm
