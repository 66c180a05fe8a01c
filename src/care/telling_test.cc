#include "care/telling.h"

#include <gmock/gmock.h>

namespace plenum::care {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Said said(const std::string& of, const std::string& state, const std::string& program = "/notify") {
  return {of, state, of + " is " + state, {{.words = {program}}, {}}};
}

std::vector<std::string> lines(Telling& telling) {
  std::vector<std::string> out;
  for (const auto& [group, one] : telling.take()) out.push_back(group + ": " + one.line);
  return out;
}

TEST(Telling, WhatServicesOfOneGroupSayAtOnceIsToldOnce) {
  Telling telling;
  for (int i = 0; i < 3; ++i) telling.add("g", {said("a", "down"), said("quorum", "down")});
  telling.add("h", {said("a", "down")});
  EXPECT_THAT(lines(telling),
              ElementsAre("g: a is down (in 3 services)", "g: quorum is down (in 3 services)", "h: a is down"));
  EXPECT_THAT(lines(telling), IsEmpty());
  telling.add("g", {said("a", "down")});
  EXPECT_THAT(lines(telling), ElementsAre("g: a is down")) << "another time is another matter";
}

TEST(Telling, ThereAndBackIsToldAsOftenAsItWas) {
  Telling telling;
  for (int i = 0; i < 2; ++i) telling.add("g", {said("a", "down"), said("a", "up"), said("a", "down")});
  EXPECT_THAT(lines(telling), ElementsAre("g: a is down (in 2 services)", "g: a is up (in 2 services)",
                                          "g: a is down (in 2 services)"));
}

TEST(Telling, WhatIsLastInAServiceIsNotTakenForWhatWasEarlierInAnother) {
  Telling telling;
  telling.add("g", {said("a", "up")});
  telling.add("g", {said("a", "down"), said("a", "up")});
  EXPECT_THAT(lines(telling), ElementsAre("g: a is up", "g: a is down", "g: a is up"));
}

TEST(Telling, EachProgramIsRun) {
  Telling telling;
  telling.add("g", {said("a", "down", "/one")});
  telling.add("g", {said("a", "down", "/two")});
  EXPECT_EQ(telling.take().size(), 2u);
}

}  // namespace
}  // namespace plenum::care
