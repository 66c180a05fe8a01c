#include "rt/line_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/unix_listener.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class LineStreamTest : public testing::Test {
 protected:
  LineStreamTest() {
    std::string name = "/tmp/rt-stream-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    path_ = directory_ + "/vrrpd.sock";
  }
  ~LineStreamTest() override { std::filesystem::remove_all(directory_); }

  void listen() {
    auto listener = UnixListener::open(
        loop_, path_, UnixListener::by_line([this](const ConnectionPtr& client, std::string_view line) {
          client_ = client;
          asked_.emplace_back(line);
          client->send("one\ntwo\nthr");
        }));
    ASSERT_TRUE(listener) << listener.error().what;
    listener_.emplace(*std::move(listener));
  }
  // Runs the loop until `done` or 5 s have passed.
  template <class Done>
  bool until(Done done) {
    const auto end = SteadyClock().now() + 5s;
    while (!done() && SteadyClock().now() < end) loop_.run_for(2ms);
    return done();
  }

  Loop loop_;
  std::string directory_, path_;
  std::optional<UnixListener> listener_;
  ConnectionPtr client_;
  std::vector<std::string> asked_, heard_;
};

TEST_F(LineStreamTest, ItAsksAndHearsWholeLines) {
  listen();
  LineStream stream(loop_, path_, "how\n", [this](std::string_view line) { heard_.emplace_back(line); });
  stream.enable(true);
  ASSERT_TRUE(until([&] { return heard_.size() == 2; }));
  EXPECT_THAT(asked_, ElementsAre("how"));
  client_->send("ee\n\n");
  ASSERT_TRUE(until([&] { return heard_.size() == 4; }));
  EXPECT_THAT(heard_, ElementsAre("one", "two", "three", ""));
}

TEST_F(LineStreamTest, WhoeverComesLaterOrAgainIsAskedThen) {
  LineStream stream(loop_, path_, "how\n", [this](std::string_view line) { heard_.emplace_back(line); });
  stream.enable(true);
  listen();
  ASSERT_TRUE(until([&] { return heard_.size() == 2; }));
  client_->abort();
  ASSERT_TRUE(until([&] { return heard_.size() == 4; }));
  EXPECT_THAT(asked_, ElementsAre("how", "how"));
  EXPECT_THAT(heard_, ElementsAre("one", "two", "one", "two")) << "without the half line of the first connection";
}

TEST_F(LineStreamTest, ALineMayTurnItOffAndOn) {
  listen();
  std::unique_ptr<LineStream> stream;
  bool on = false;
  stream = std::make_unique<LineStream>(loop_, path_, "how\n", [&](std::string_view line) {
    heard_.emplace_back(line);
    if (heard_.size() > 2) return;
    stream->enable(false);
    stream->enable(on);
  });
  stream->enable(true);
  ASSERT_TRUE(until([&] { return heard_.size() == 1; }));
  on = true;
  stream->enable(true);
  ASSERT_TRUE(until([&] { return heard_.size() == 4; }));
  EXPECT_THAT(heard_, ElementsAre("one", "one", "one", "two")) << "what came with a line is not heard any more";
}

}  // namespace
}  // namespace plenum::rt
