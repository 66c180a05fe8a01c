#include "bfd/session.h"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

namespace plenum::bfd {
namespace {

using proto::BfdDiagnostic;
using proto::BfdPacket;
using proto::BfdState;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Two sessions and the way between them, with a clock that jumps from event to event.
class Pair : public testing::Test {
 protected:
  struct End {
    Session session;
    std::deque<std::pair<TimePoint, BfdPacket>> arriving;
    std::size_t sent = 0;
  };

  void begin(SessionSettings a, SessionSettings b) {
    a.discriminator = 1;
    b.discriminator = 2;
    ends_.clear();
    ends_.push_back({Session(a, now_, [this] { return random_; }), {}, 0});
    ends_.push_back({Session(b, now_, [this] { return random_; }), {}, 0});
  }
  Session& a() { return ends_[0].session; }
  Session& b() { return ends_[1].session; }

  void send(std::size_t from, const std::vector<BfdPacket>& packets) {
    for (const auto& packet : packets) {
      ++ends_[from].sent;
      last_[from] = packet;
      if (!cut_[from]) ends_[1 - from].arriving.emplace_back(now_ + delay_, packet);
    }
  }
  // Until nothing is to happen before that.
  void run_for(Duration time) {
    const auto end = now_ + time;
    for (;;) {
      auto next = end + Duration(1);
      for (auto& e : ends_) {
        if (const auto due = e.session.due()) next = std::min(next, *due);
        if (!e.arriving.empty()) next = std::min(next, e.arriving.front().first);
      }
      if (next > end) break;
      now_ = std::max(now_, next);
      for (std::size_t i = 0; i < ends_.size(); ++i) {
        auto& e = ends_[i];
        while (!e.arriving.empty() && e.arriving.front().first <= now_) {
          const auto packet = e.arriving.front().second;
          e.arriving.pop_front();
          send(i, e.session.receive(packet, now_));
        }
        if (const auto due = e.session.due(); due && *due <= now_) send(i, e.session.advance(now_));
      }
    }
    now_ = end;
  }
  void expect_both(BfdState state) {
    EXPECT_EQ(a().state(), state);
    EXPECT_EQ(b().state(), state);
  }

  TimePoint now_{seconds(100)};
  Duration delay_ = milliseconds(1);
  double random_ = 0.999;
  bool cut_[2] = {};  // what end 0, 1 sends is lost
  BfdPacket last_[2];
  std::vector<End> ends_;
};

TEST_F(Pair, ComesUpByTheHandshake) {
  begin({}, {});
  run_for(milliseconds(100));
  expect_both(BfdState::Up);
  EXPECT_EQ(a().diagnostic(), BfdDiagnostic::None);
  EXPECT_EQ(a().remote_discriminator(), 2u);
  EXPECT_EQ(b().remote_discriminator(), 1u);
}

TEST_F(Pair, AlongsideSlowPacketsUntilUpAndFastOnesBehind) {
  begin({}, {});
  cut_[1] = true;
  run_for(seconds(10));
  EXPECT_EQ(a().state(), BfdState::Down);
  EXPECT_EQ(b().state(), BfdState::Init) << "it hears a, who does not hear it";
  EXPECT_NEAR(static_cast<double>(ends_[0].sent), 11, 1);
  cut_[1] = false;
  run_for(seconds(3));
  expect_both(BfdState::Up);
  const auto before = ends_[0].sent;
  run_for(seconds(5));
  EXPECT_NEAR(static_cast<double>(ends_[0].sent - before), 100, 5) << "every 50 ms";
  EXPECT_EQ(a().detection_time(), milliseconds(150));
}

TEST_F(Pair, JitterTakesUpToAQuarter) {
  random_ = 0;
  begin({}, {});
  run_for(seconds(3));
  const auto before = ends_[0].sent;
  run_for(seconds(3));
  EXPECT_NEAR(static_cast<double>(ends_[0].sent - before), 80, 3) << "every 37.5 ms";
  random_ = 0.999;
  begin({.detect_multiplier = 1}, {});
  run_for(seconds(3));
  const auto sent = ends_[0].sent;
  run_for(seconds(9));
  EXPECT_NEAR(static_cast<double>(ends_[0].sent - sent), 200, 5) << "never more than nine tenths of 50 ms";
}

TEST_F(Pair, SilenceIsDetectedInTime) {
  begin({}, {});
  run_for(seconds(3));
  const auto cut = now_;
  cut_[0] = true;
  run_for(seconds(1));
  EXPECT_EQ(b().state(), BfdState::Down);
  EXPECT_EQ(b().diagnostic(), BfdDiagnostic::TimeExpired);
  EXPECT_GE(b().since() - cut, milliseconds(100));
  EXPECT_LE(b().since() - cut, milliseconds(150) + delay_);
  // Who still hears is told, and why.
  EXPECT_EQ(a().diagnostic(), BfdDiagnostic::NeighborDown);
  EXPECT_EQ(a().remote_diagnostic(), BfdDiagnostic::TimeExpired);
  cut_[0] = false;
  run_for(seconds(3));
  expect_both(BfdState::Up);
}

TEST_F(Pair, TheSlowerOfBothIntervalsCounts) {
  begin({.desired_min_tx = milliseconds(30), .required_min_rx = milliseconds(300)},
        {.desired_min_tx = milliseconds(100), .required_min_rx = milliseconds(200), .detect_multiplier = 5});
  run_for(seconds(5));
  expect_both(BfdState::Up);
  EXPECT_EQ(a().transmit_interval(), milliseconds(200)) << "what b takes";
  EXPECT_EQ(b().transmit_interval(), milliseconds(300)) << "what a takes";
  EXPECT_EQ(a().detection_time(), milliseconds(300) * 5);
  EXPECT_EQ(b().detection_time(), milliseconds(200) * 3);
}

TEST_F(Pair, NewIntervalsAreAgreedOnByAPoll) {
  begin({}, {});
  run_for(seconds(5));
  a().change({.desired_min_tx = milliseconds(200), .required_min_rx = milliseconds(20)}, now_);
  EXPECT_EQ(a().transmit_interval(), milliseconds(50)) << "not rarer before b knows";
  EXPECT_EQ(a().detection_time(), milliseconds(150)) << "nor quicker to judge";
  run_for(seconds(1));
  expect_both(BfdState::Up);
  EXPECT_EQ(a().transmit_interval(), milliseconds(200));
  EXPECT_EQ(a().detection_time(), milliseconds(150)) << "b still sends every 50 ms";
  EXPECT_EQ(b().detection_time(), milliseconds(600));
  EXPECT_FALSE(last_[0].poll) << "the poll is over";
}

TEST_F(Pair, APollIsAnsweredAtOnce) {
  begin({}, {});
  run_for(seconds(5));
  BfdPacket poll = last_[0];
  poll.poll = true;
  const auto answer = b().receive(poll, now_);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].final);
  EXPECT_FALSE(answer[0].poll);
}

TEST_F(Pair, AdministrativelyDown) {
  begin({}, {});
  run_for(seconds(5));
  a().set_admin_down(true, now_);
  run_for(seconds(3));
  EXPECT_EQ(a().state(), BfdState::AdminDown);
  EXPECT_EQ(b().state(), BfdState::Down);
  EXPECT_EQ(b().diagnostic(), BfdDiagnostic::NeighborDown);
  EXPECT_EQ(b().remote_state(), BfdState::AdminDown);
  EXPECT_EQ(b().remote_diagnostic(), BfdDiagnostic::AdminDown);
  a().set_admin_down(false, now_);
  run_for(seconds(5));
  expect_both(BfdState::Up);
}

TEST_F(Pair, ThePassiveOneWaitsToBeSpokenTo) {
  begin({.passive = true}, {.passive = true});
  run_for(seconds(5));
  EXPECT_EQ(ends_[0].sent + ends_[1].sent, 0u);
  begin({.passive = true}, {});
  run_for(seconds(5));
  expect_both(BfdState::Up);
  cut_[1] = true;
  run_for(seconds(5));
  const auto before = ends_[0].sent;
  run_for(seconds(5));
  EXPECT_EQ(ends_[0].sent, before) << "whom it does not hear it has forgotten";
}

TEST_F(Pair, ARestartedNeighbourIsTakenForWhatItIs) {
  begin({}, {});
  run_for(seconds(5));
  ends_[1].session = Session({.discriminator = 9}, now_, [] { return 0.5; });
  run_for(seconds(4));
  expect_both(BfdState::Up);
  EXPECT_EQ(a().remote_discriminator(), 9u);
}

// Section 6.6: sent nothing while both are up; it is heard all the same.
TEST_F(Pair, DemandModeOfTheNeighbourIsObeyed) {
  begin({}, {});
  run_for(seconds(5));
  auto demand = last_[1];
  demand.demand = true;
  EXPECT_TRUE(a().receive(demand, now_).empty());
  ASSERT_TRUE(a().due());
  EXPECT_EQ(*a().due(), now_ + milliseconds(150)) << "the end of the detection time alone";
  EXPECT_TRUE(a().advance(now_ + milliseconds(149)).empty());
  EXPECT_EQ(a().state(), BfdState::Up);
  (void)a().advance(now_ + milliseconds(150));
  EXPECT_EQ(a().state(), BfdState::Down);
}

TEST_F(Pair, WhoTakesNothingIsSentNothing) {
  begin({}, {});
  run_for(seconds(5));
  auto stop = last_[1];
  stop.required_min_rx_us = 0;
  (void)a().receive(stop, now_);
  EXPECT_TRUE(a().advance(now_ + milliseconds(100)).empty());
}

TEST_F(Pair, WhatIsNotForTheSessionIsIgnored) {
  begin({}, {});
  run_for(seconds(5));
  auto down = last_[1];
  down.state = BfdState::Down;
  auto for_another = down;
  for_another.your_discriminator = 77;
  EXPECT_TRUE(a().receive(for_another, now_).empty());
  auto authenticated = down;
  authenticated.authenticated = true;
  EXPECT_TRUE(a().receive(authenticated, now_).empty());
  EXPECT_EQ(a().state(), BfdState::Up);
  (void)a().receive(down, now_);
  EXPECT_EQ(a().state(), BfdState::Down);
}

// The table of section 6.8.6, state by state.
TEST_F(Pair, EveryTransition) {
  using enum BfdState;
  const struct {
    BfdState have, hear, then;
  } rows[] = {{Down, AdminDown, Down},
              {Down, Down, Init},
              {Down, Init, Up},
              {Down, Up, Down},
              {Init, AdminDown, Down},
              {Init, Down, Init},
              {Init, Init, Up},
              {Init, Up, Up},
              {Up, AdminDown, Down},
              {Up, Down, Down},
              {Up, Init, Up},
              {Up, Up, Up},
              {AdminDown, Down, AdminDown},
              {AdminDown, Init, AdminDown},
              {AdminDown, Up, AdminDown}};
  for (const auto& row : rows) {
    Session session({.discriminator = 5}, now_, [] { return 0.5; });
    const auto hear = [&](BfdState state) {
      (void)session.receive({.state = state, .my_discriminator = 6, .your_discriminator = 5}, now_);
    };
    if (row.have == Init || row.have == Up) hear(Down);
    if (row.have == Up) hear(Up);
    if (row.have == AdminDown) session.set_admin_down(true, now_);
    ASSERT_EQ(session.state(), row.have);
    hear(row.hear);
    EXPECT_EQ(session.state(), row.then) << proto::bfd_state_text(row.have) << " hears "
                                         << proto::bfd_state_text(row.hear);
  }
}

TEST_F(Pair, WhileItIsNotUpItSendsAsSeldomAsItIsTold) {
  const SessionSettings idle{.idle_tx = seconds(5)};
  begin(idle, {});
  cut_[0] = cut_[1] = true;
  run_for(seconds(60));
  // Less up to a quarter of it.
  EXPECT_GE(ends_[0].sent, 12u);
  EXPECT_LE(ends_[0].sent, 17u);
  EXPECT_GE(ends_[1].sent, 60u);
  EXPECT_EQ(a().transmit_interval(), seconds(5));
  a().change({.idle_tx = seconds(2)}, now_);
  EXPECT_EQ(a().transmit_interval(), seconds(2));
  cut_[0] = cut_[1] = false;
  run_for(seconds(10));
  EXPECT_EQ(a().state(), BfdState::Up);
  EXPECT_EQ(a().transmit_interval(), milliseconds(50));
}

}  // namespace
}  // namespace plenum::bfd
