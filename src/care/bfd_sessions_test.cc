#include "care/bfd_sessions.h"

#include <gmock/gmock.h>

namespace plenum::care {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class TwoBfdSessions : public testing::Test {
 protected:
  std::optional<BfdSessions::State> hear(const std::string& name, const std::string& state,
                                         const std::string& from = "") {
    return sessions_.hear({proto::FailoverNews::Of::Session, name, state, from}, now_);
  }
  static BfdSessions::State up() { return {true, ""}; }
  static BfdSessions::State down() { return {false, "the BFD session is down"}; }

  TimePoint now_{std::chrono::hours(1)};
  BfdSessions sessions_;
};

TEST_F(TwoBfdSessions, OneThatFallsIsDownAtOnce) {
  EXPECT_EQ(hear("a", "up"), up());
  EXPECT_EQ(hear("a", "down", "up"), down());
  EXPECT_EQ(sessions_.due(), std::nullopt);
  EXPECT_EQ(hear("a", "init", "down"), (BfdSessions::State{false, "the BFD session is init"}));
  EXPECT_EQ(hear("a", "up", "init"), up());
}

TEST_F(TwoBfdSessions, ANewDaemonsSessionsHaveTimeToComeUp) {
  (void)hear("a", "up");
  (void)hear("b", "up");
  (void)hear("b", "down", "up");
  // Another plenum-vrrpd from here on.
  EXPECT_EQ(hear("a", "down"), std::nullopt);
  EXPECT_EQ(hear("b", "down"), down()) << "it was down before";
  EXPECT_EQ(sessions_.due(), now_ + BfdSessions::kComingUp);
  now_ += seconds(1);
  EXPECT_EQ(hear("a", "init", "down"), std::nullopt);
  EXPECT_EQ(sessions_.due(), now_ - seconds(1) + BfdSessions::kComingUp);
  EXPECT_EQ(hear("a", "up", "init"), up());
  EXPECT_EQ(sessions_.due(), std::nullopt);
}

TEST_F(TwoBfdSessions, ADaemonThatEndsInOrderTakesNobodyOut) {
  (void)hear("a", "up");
  EXPECT_EQ(hear("a", "admin-down", "up"), std::nullopt);
  EXPECT_EQ(sessions_.due(), std::nullopt);
  EXPECT_THAT(sessions_.told(), ElementsAre(Pair("a", up())));
  EXPECT_EQ(hear("a", "down"), std::nullopt) << "the next daemon's";
  EXPECT_EQ(hear("a", "up", "init"), up());
}

TEST_F(TwoBfdSessions, OneThatDoesNotComeUpIsDownInTheEnd) {
  (void)hear("a", "down");
  now_ += BfdSessions::kComingUp - seconds(1);
  EXPECT_THAT(sessions_.overdue(now_), IsEmpty());
  EXPECT_THAT(sessions_.told(), IsEmpty());
  now_ += seconds(1);
  EXPECT_THAT(sessions_.overdue(now_), ElementsAre(Pair("a", down())));
  EXPECT_THAT(sessions_.told(), ElementsAre(Pair("a", down())));
  EXPECT_EQ(sessions_.due(), std::nullopt);
  EXPECT_EQ(hear("a", "up", "init"), up());
}

TEST_F(TwoBfdSessions, WhileTheDaemonIsAwayTheLastStateHolds) {
  (void)hear("a", "up");
  (void)hear("a", "down");
  sessions_.forget_waiting();
  now_ += seconds(60);
  EXPECT_THAT(sessions_.overdue(now_), IsEmpty());
  EXPECT_THAT(sessions_.told(), ElementsAre(Pair("a", up())));
  (void)hear("a", "down");
  EXPECT_EQ(sessions_.due(), now_ + BfdSessions::kComingUp) << "its time begins with the next daemon";
}

}  // namespace
}  // namespace plenum::care
