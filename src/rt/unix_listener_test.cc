#include "rt/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

class UnixListenerTest : public testing::Test {
 protected:
  UnixListenerTest() {
    std::string name = "/tmp/rt-listener-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    path_ = directory_ + "/lbd.sock";
  }
  ~UnixListenerTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] Fd client() const {
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = where();
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
    return fd;
  }
  [[nodiscard]] sockaddr_un where() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }
  static void say(const Fd& fd, std::string_view text) {
    ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Runs the loop until `done` or 5 s have passed.
  template <class Done>
  bool until(Done done) {
    const auto end = SteadyClock().now() + 5s;
    while (!done() && SteadyClock().now() < end) loop_.run_for(2ms);
    return done();
  }
  struct Heard {
    std::string text;
    bool end = false;
  };
  static void hear(const Fd& fd, Heard& heard) {
    std::array<char, 65536> buffer{};
    for (;;) {
      const auto size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (size > 0)
        heard.text.append(buffer.data(), static_cast<std::size_t>(size));
      else {
        heard.end = heard.end || size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return;
      }
    }
  }

  std::string directory_, path_;
  Loop loop_;
};

UnixListener::OnBytes echo_lines() {
  return UnixListener::by_line(
      [](const ConnectionPtr& connection, std::string_view line) { connection->send(std::string(line) + "!\n"); });
}

TEST_F(UnixListenerTest, AnswersManyClientsLineByLine) {
  auto listener = UnixListener::open(loop_, path_, echo_lines());
  ASSERT_TRUE(listener) << listener.error().what;
  std::vector<Fd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(client());
  std::vector<Heard> heard(clients.size());
  for (std::size_t i = 0; i < clients.size(); ++i) say(clients[i], "one\r\ntw");
  loop_.run_for(10ms);
  for (std::size_t i = 0; i < clients.size(); ++i) say(clients[i], "o " + std::to_string(i) + "\n\nhalf");
  EXPECT_TRUE(until([&] {
    bool all = true;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      hear(clients[i], heard[i]);
      all = all && heard[i].text == "one!\ntwo " + std::to_string(i) + "!\n!\n";
    }
    return all;
  }));
  EXPECT_EQ(listener->counts().open, 20u);
  clients.clear();
  EXPECT_TRUE(until([&] { return listener->counts().open == 0; }));
  EXPECT_EQ(listener->counts().accepted, 20u);
}

TEST_F(UnixListenerTest, SocketFileHasItsModeAndGoesWithTheListener) {
  {
    auto listener = UnixListener::open(loop_, path_, echo_lines());
    ASSERT_TRUE(listener);
    struct stat file {};
    ASSERT_EQ(::lstat(path_.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 07777u, 0660u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(UnixListenerTest, KnowsThePeer) {
  std::optional<Peer> peer;
  auto listener = UnixListener::open(loop_, path_, [&](const ConnectionPtr& connection, std::string_view bytes) {
    peer = connection->peer();
    return bytes.size();
  });
  const auto fd = client();
  say(fd, "x");
  ASSERT_TRUE(until([&] { return peer.has_value(); }));
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::getuid());
}

TEST_F(UnixListenerTest, ReplacesAStaleSocketButNotALiveOneNorAFile) {
  {
    const Fd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = where();
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  auto first = UnixListener::open(loop_, path_, echo_lines());
  ASSERT_TRUE(first) << first.error().what;

  auto second = UnixListener::open(loop_, path_, echo_lines());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, std::errc::address_in_use);
  const auto fd = client();  // the refusal has not harmed the first
  say(fd, "alive\n");
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(fd, heard);
    return heard.text == "alive!\n";
  }));

  const std::string file = directory_ + "/file";
  std::ofstream(file) << "precious";
  auto third = UnixListener::open(loop_, file, echo_lines());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, std::errc::file_exists);
  EXPECT_EQ(std::filesystem::file_size(file), 8u);
}

TEST_F(UnixListenerTest, OfManyThatStartAtOnceOverAStaleSocketOneWins) {
  for (int round = 0; round < 1000; ++round) {
    {
      const Fd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      const sockaddr_un address = where();
      ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    std::array<Loop, 4> loops;
    std::array<std::optional<UnixListener>, 4> won;
    std::vector<std::thread> daemons;
    std::barrier start(static_cast<std::ptrdiff_t>(loops.size()));
    for (std::size_t i = 0; i < loops.size(); ++i)
      daemons.emplace_back([&, i] {
        start.arrive_and_wait();
        if (auto opened = UnixListener::open(loops[i], path_, echo_lines())) won[i] = *std::move(opened);
      });
    for (auto& daemon : daemons) daemon.join();
    EXPECT_EQ(std::count_if(won.begin(), won.end(), [](const auto& it) { return it.has_value(); }), 1);
    EXPECT_TRUE(client());
  }
}

TEST_F(UnixListenerTest, LeavesASocketThatIsNoLongerItsOwn) {
  auto first = UnixListener::open(loop_, path_, echo_lines());
  ASSERT_TRUE(first);
  std::filesystem::remove(path_);
  auto second = UnixListener::open(loop_, path_, echo_lines());
  ASSERT_TRUE(second);
  first = fail(std::errc::owner_dead, "gone");
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, RefusesAPathTooLong) {
  auto listener = UnixListener::open(loop_, directory_ + "/" + std::string(100, 'x'), echo_lines());
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, std::errc::filename_too_long);
}

TEST_F(UnixListenerTest, AnswersAfterTheClientHasShutItsSide) {
  ConnectionPtr owed;
  auto listener = UnixListener::open(
      loop_, path_,
      UnixListener::by_line([&](const ConnectionPtr& connection, std::string_view) { owed = connection; }));
  const auto fd = client();
  say(fd, "question\n");
  ASSERT_EQ(::shutdown(fd.get(), SHUT_WR), 0);
  ASSERT_TRUE(until([&] { return owed != nullptr; }));
  loop_.run_for(20ms);  // the end of input is seen
  EXPECT_TRUE(owed->open());
  EXPECT_TRUE(owed->send("answer\n"));
  owed.reset();
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(fd, heard);
    return heard.end;
  }));
  EXPECT_EQ(heard.text, "answer\n");
  EXPECT_EQ(listener->counts().open, 0u);
}

TEST_F(UnixListenerTest, SendsAllThatIsQueuedBeforeItCloses) {
  const std::string big(20u << 20, 'z');
  bool closed = false, drained = false;
  auto listener =
      UnixListener::open(loop_, path_, UnixListener::by_line([&](const ConnectionPtr& connection, std::string_view) {
                           connection->on_closed([&] { closed = true; });
                           connection->on_drained([&] { drained = true; });
                           EXPECT_TRUE(connection->send(big));
                           EXPECT_TRUE(connection->send("end"));
                           connection->close();
                           EXPECT_FALSE(connection->send("more"));
                         }));
  const auto fd = client();
  say(fd, "go\n");
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(fd, heard);
    return heard.end;
  }));
  EXPECT_EQ(heard.text.size(), big.size() + 3);
  EXPECT_TRUE(heard.text.ends_with("zend"));
  EXPECT_TRUE(closed);
  EXPECT_FALSE(drained);  // closing: nobody is to send more
}

TEST_F(UnixListenerTest, PausesAClientThatAsksWithoutReading) {
  UnixListener::Options options;
  options.pause_output = 1000;
  int asked = 0;
  auto listener =
      UnixListener::open(loop_, path_, UnixListener::by_line([&](const ConnectionPtr& connection, std::string_view) {
                           ++asked;
                           connection->send(std::string(1u << 20, 'a') + "\n");
                         }),
                         options);
  const auto fd = client();
  say(fd, "1\n2\n3\n4\n5\n");
  ASSERT_EQ(::shutdown(fd.get(), SHUT_WR), 0);
  loop_.run_for(50ms);
  EXPECT_EQ(asked, 1);  // its answer does not fit the socket's buffer
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(fd, heard);
    return heard.end;
  }));
  EXPECT_EQ(asked, 5);  // every question asked before the end was answered
  EXPECT_EQ(heard.text.size(), 5 * ((1u << 20) + 1));
}

TEST_F(UnixListenerTest, CutsOffWhoExceedsTheLimits) {
  UnixListener::Options options;
  options.max_input = 1000;
  options.max_output = 5u << 20;
  options.max_clients = 2;
  auto listener =
      UnixListener::open(loop_, path_, UnixListener::by_line([&](const ConnectionPtr& connection, std::string_view) {
                           while (connection->send(std::string(1u << 20, 'a'))) {
                           }
                         }),
                         options);
  const auto wordy = client(), deaf = client();
  loop_.run_for(10ms);
  const auto third = client();
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(third, heard);
    return heard.end;
  }));
  EXPECT_EQ(listener->counts().refused_too_many, 1u);
  say(wordy, std::string(1500, 'x'));
  say(deaf, "go\n");
  EXPECT_TRUE(until([&] { return listener->counts().open == 0; }));
  EXPECT_EQ(listener->counts().cut_input, 1u);
  EXPECT_EQ(listener->counts().cut_output, 1u);
}

TEST_F(UnixListenerTest, ClosingItClosesEveryConnection) {
  bool closed = false;
  ConnectionPtr kept;
  auto listener =
      UnixListener::open(loop_, path_, UnixListener::by_line([&](const ConnectionPtr& connection, std::string_view) {
                           kept = connection;
                           connection->on_closed([&] { closed = true; });
                         }));
  const auto fd = client();
  say(fd, "hello\n");
  ASSERT_TRUE(until([&] { return kept != nullptr; }));
  listener = fail(std::errc::owner_dead, "gone");
  EXPECT_TRUE(closed);
  EXPECT_FALSE(kept->open());
  EXPECT_FALSE(kept->send("late"));
  Heard heard;
  EXPECT_TRUE(until([&] {
    hear(fd, heard);
    return heard.end;
  }));
}

}  // namespace
}  // namespace plenum::rt
