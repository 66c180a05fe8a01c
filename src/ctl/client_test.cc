// The client against a socket of the test's own that answers what the test says.

#include "ctl/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

namespace plenum::ctl {
namespace {

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/plenum-client-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    path_ = lbd_socket(dir_);
  }
  void TearDown() override {
    if (thread_.joinable()) thread_.join();
    ::unlink(path_.c_str());
    ::rmdir(dir_.c_str());
  }

  void bind_socket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path_.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path_.data(), path_.size());
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  // Serves one connection: each request line is answered by `answer`; an empty one hangs up.
  void serve(std::function<std::string(const std::string&)> answer) {
    bind_socket();
    ASSERT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, answer = std::move(answer)] {
      Fd peer(::accept(listener_.get(), nullptr, nullptr));
      std::string pending;
      char chunk[4096];
      for (ssize_t got = 0; (got = ::read(peer.get(), chunk, sizeof(chunk))) > 0;) {
        pending.append(chunk, static_cast<std::size_t>(got));
        for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;) {
          const std::string reply = answer(pending.substr(0, end));
          pending.erase(0, end + 1);
          if (reply.empty()) return;
          for (std::size_t at = 0; at < reply.size();) {
            const auto sent = ::send(peer.get(), reply.data() + at, reply.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return;
            at += static_cast<std::size_t>(sent);
          }
        }
      }
    });
  }

  std::string dir_, path_;
  Fd listener_;
  std::thread thread_;
};

TEST_F(ClientTest, SeveralCallsShareAConnection) {
  serve([](const std::string& line) {
    const auto request = decode_request(line);
    if (!request) return encode(Result<Reply>(tl::unexpected(request.error()))) + "\n";
    if (std::holds_alternative<TimeoutsRequest>(*request)) return encode(Result<Reply>(TimeoutsReply{1, 2, 3})) + "\n";
    return encode(Result<Reply>(fail(std::errc::no_such_process, "no such service"))) + "\n";
  });
  auto client = Client::connect(path_);
  ASSERT_TRUE(client) << client.error().what;
  for (int i = 0; i < 3; ++i) {
    const auto timeouts = client->call(TimeoutsRequest{});
    ASSERT_TRUE(timeouts) << timeouts.error().what;
    EXPECT_EQ(std::get<TimeoutsReply>(*timeouts).udp, 3u);
    const auto refused = client->call(ListRequest{conf::ServiceKey{.fwmark = 7}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::no_such_process);
  }
  client = fail(std::errc::not_connected, "closed");  // lets the server's read end
}

TEST_F(ClientTest, LongAnswersComeWhole) {
  ListReply list;
  list.services.resize(1);
  list.services[0].servers.resize(20000);
  const std::string answer = encode(Result<Reply>(list)) + "\n";
  ASSERT_GT(answer.size(), std::size_t{1} << 20);
  serve([&](const std::string&) { return answer; });
  auto client = Client::connect(path_);
  ASSERT_TRUE(client);
  const auto reply = client->call(ListRequest{});
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(std::get<ListReply>(*reply).services.at(0).servers.size(), 20000u);
  client = fail(std::errc::not_connected, "closed");
}

TEST_F(ClientTest, HangUpIsConnectionReset) {
  serve([](const std::string&) { return std::string(); });
  auto client = Client::connect(path_);
  ASSERT_TRUE(client);
  const auto reply = client->call(StatusRequest{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, std::errc::connection_reset);
}

TEST_F(ClientTest, SilenceIsATimeout) {
  bind_socket();
  ASSERT_EQ(::listen(listener_.get(), 1), 0);
  auto client = Client::connect(path_, std::chrono::seconds(1));
  ASSERT_TRUE(client);
  const auto reply = client->call(StatusRequest{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, std::errc::timed_out);
}

TEST_F(ClientTest, NobodyThereIsSaidAsConnectDoes) {
  EXPECT_EQ(Client::connect(path_).error().code, std::errc::no_such_file_or_directory);
  bind_socket();
  EXPECT_EQ(Client::connect(path_).error().code, std::errc::connection_refused);
  EXPECT_EQ(Client::connect(std::string(200, 'x')).error().code, std::errc::filename_too_long);
}

TEST_F(ClientTest, SocketNotForTheCallerIsPermissionDenied) {
  bind_socket();
  ASSERT_EQ(::listen(listener_.get(), 1), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chmod(dir_.c_str(), 0755), 0);  // so that the socket's own mode decides
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto client = Client::connect(path_);
  if (::getuid() == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, std::errc::permission_denied);
}

TEST(RunDir, EnvironmentNamesIt) {
  ASSERT_EQ(::setenv("PLENUM_RUN_DIR", "/tmp/somewhere", 1), 0);
  EXPECT_EQ(default_run_dir(), "/tmp/somewhere");
  ASSERT_EQ(::setenv("PLENUM_RUN_DIR", "", 1), 0);
  EXPECT_EQ(default_run_dir(), "/run/plenum");
  ASSERT_EQ(::unsetenv("PLENUM_RUN_DIR"), 0);
  EXPECT_EQ(lbd_socket(default_run_dir()), "/run/plenum/lbd.sock");
}

}  // namespace
}  // namespace plenum::ctl
