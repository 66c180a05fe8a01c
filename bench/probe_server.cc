#include "bench/probe_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace plenum::bench {

namespace {

constexpr std::array<std::uint16_t, 3> kPorts = {80, 81, 82};
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

void sh(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

int listen_at(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(fd, 65535) != 0) ::_exit(1);
  return fd;
}

// What an accepted connection is for is in the upper half of the event's data.
[[noreturn]] void serve() {
  const int epoll = ::epoll_create1(0);
  const auto watch = [epoll](int fd, std::uint32_t port) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = std::uint64_t{port} << 32 | static_cast<std::uint32_t>(fd);
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  std::array<int, kPorts.size()> listeners{};
  for (std::size_t i = 0; i < kPorts.size(); ++i) watch(listeners[i] = listen_at(kPorts[i]), 0);
  std::array<epoll_event, 512> events{};
  std::array<char, 4096> block{};
  while (true) {
    const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int fd = static_cast<int>(event.data.u64 & 0xffffffff);
      const auto port = static_cast<std::uint32_t>(event.data.u64 >> 32);
      if (port == 0) {
        const auto listener = static_cast<std::size_t>(fd == listeners[0] ? 0 : fd == listeners[1] ? 1 : 2);
        for (int client = 0; (client = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
          if (kPorts[listener] == 82)
            ::close(client);
          else
            watch(client, kPorts[listener]);
        }
        continue;
      }
      const auto got = ::recv(fd, block.data(), block.size(), 0);
      if (got > 0 && port == 81) continue;
      if (got > 0) ::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
      ::close(fd);
    }
  }
}

// The thread that receives from an interface, which has one queue.
std::string receiver_of(const std::string& interface) {
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::string comm;
    std::ifstream(process.path() / "comm") >> comm;
    if (comm.starts_with("napi/" + interface + "-")) return process.path() / "stat";
  }
  throw std::runtime_error("no thread of the kernel's for " + interface);
}

// Only what the other end sends without segmentation offload waits in a queue. /sys shows the namespace's interfaces to
// whoever mounts it there.
void receive_by_thread(const std::string& there, const std::string& interface) {
  sh(
      fmt::format("{0}unshare -m sh -c 'mount -t sysfs sysfs /sys && ethtool -K {1} gro on tso off && "
                  "echo 1 > /sys/class/net/{1}/threaded && tc qdisc replace dev {1} root pfifo limit 10000'",
                  there, interface));
}

}  // namespace

std::string ProbeServer::address(unsigned i) { return fmt::format("10.1.{}.{}", i >> 8 & 0xff, i & 0xff); }

ProbeServer::ProbeServer() {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  std::array<int, 2> ready{};
  if (::pipe(ready.data()) != 0) throw std::runtime_error("pipe");
  server_ = ::fork();
  if (server_ < 0) throw std::runtime_error("fork");
  if (server_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setrlimit(RLIMIT_NOFILE, &most);
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(1);
    if (::system("ip link set lo up && sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535") != 0)
      ::_exit(1);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    serve();
  }
  char byte = 0;
  ::close(ready[1]);
  if (::read(ready[0], &byte, 1) != 1) throw std::runtime_error("the server did not start (needs root)");
  ::close(ready[0]);
  if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("network namespace (needs root)");
  const auto there = fmt::format("nsenter -t {} -n ", server_);
  // Threads of the kernel's are named after them, among those of all namespaces.
  const auto near = fmt::format("n{}", server_), far = fmt::format("f{}", server_);
  sh("ip link set lo up");
  sh(fmt::format("ip link add {} type veth peer name {} netns {}", near, far, server_));
  sh(fmt::format("ip addr add 10.0.0.1/24 dev {0} && ip link set {0} up && ip route add 10.1.0.0/16 via 10.0.0.2",
                 near));
  sh(fmt::format(
      "{0}ip addr add 10.0.0.2/24 dev {1} && {0}ip link set {1} up && {0}ip route add local 10.1.0.0/16 dev lo", there,
      far));
  receive_by_thread("", near);
  receive_by_thread(there, far);
  near_receiver_ = receiver_of(near);
  far_receiver_ = receiver_of(far);
}

double ProbeServer::receiving_seconds() const { return cpu_seconds_of(near_receiver_); }
double ProbeServer::server_seconds() const {
  return cpu_seconds_of(far_receiver_) + cpu_seconds_of(fmt::format("/proc/{}/stat", server_));
}

ProbeServer::~ProbeServer() {
  ::kill(server_, SIGKILL);
  ::waitpid(server_, nullptr, 0);
}

double cpu_seconds_of(const std::string& stat_file) {
  std::ifstream file(stat_file);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.rfind(')') == std::string::npos) throw std::runtime_error("no " + stat_file);
  std::istringstream words(text.substr(text.rfind(')') + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; words >> word && field <= 15; ++field)
    if (field >= 14) ticks += std::stod(word);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace plenum::bench
