// The client of the recorded scenarios: opens flows one after the other and prints which server
// answered each. Its command line stands in the recordings, so it stays as it is:
//
//   cli [-u] [-n FLOWS] [-k | -K SECONDS] [-b SOURCE[,SOURCE...]] [-p PORT] [-t MS] [-s] [-x COUNT]
//       [-q FILE] [-i] HOST[,HOST...] PORT
//
// -u UDP; -k keeps all open until the end, -K holds them that long; -b source addresses in turn;
// -p flow i is sent from port PORT + i; -t how long an answer may take; -s prints each flow's
// server; -x datagrams a flow; -q what they hold. The last line counts answers: "rs1=8 rs2=8",
// "!ECONNREFUSED=2". -i keeps one flow open and prints its answers as they are: the server's greeting, if it
// has one, then one to each line of standard input.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Options {
  bool udp = false, keep = false, sequence = false, interactive = false;
  std::string question = "q";
  int flows = 1, hold = 0, source_port = 0, patience_ms = 1500, datagrams = 1;
  std::vector<std::string> sources, hosts;
  int port = 0;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress address_of(const std::string& host, int port) {
  SocketAddress address;
  if (host.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr);
    address.length = sizeof(*v6);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, host.c_str(), &v4->sin_addr);
    address.length = sizeof(*v4);
  }
  return address;
}

std::string error_name(int error) {
  return std::string("!") + (error == EINPROGRESS || error == EAGAIN ? "timeout" : ::strerrorname_np(error));
}

class Flow {
 public:
  Flow(const Options& options, int number) : options_(options) {
    const std::string& host = options.hosts[static_cast<std::size_t>(number) % options.hosts.size()];
    to_ = address_of(host, options.port);
    fd_ = ::socket(to_.storage.ss_family, options.udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    const int one = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (!options.sources.empty() || options.source_port != 0) bind_source(number);
    const timeval patience{options.patience_ms / 1000, options.patience_ms % 1000 * 1000};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }

  // Who answered, or "!" and why nobody did; one for each datagram.
  std::vector<std::string> run() {
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to_.storage), to_.length) != 0) return {error_name(errno)};
    std::vector<std::string> answers;
    for (int i = 0; i < options_.datagrams; ++i) {
      if (options_.udp && ::send(fd_, options_.question.data(), options_.question.size(), 0) < 0) {
        answers.push_back(error_name(errno));
        break;
      }
      answers.push_back(answer(" \n"));
    }
    return answers;
  }

  // One line out for each that comes in; ends with the input.
  void converse() {
    const bool connected = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to_.storage), to_.length) == 0;
    if (!connected || !options_.udp) std::cout << (connected ? answer("\n") : error_name(errno)) << std::endl;
    for (std::string line; connected && std::getline(std::cin, line);) {
      line += '\n';
      const bool sent = ::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) >= 0;
      std::cout << (sent ? answer("\n") : error_name(errno)) << std::endl;
    }
  }

  void close() { ::close(fd_); }

 private:
  void bind_source(int number) {
    const auto n = static_cast<std::size_t>(number);
    const std::string any = to_.storage.ss_family == AF_INET6 ? "::" : "0.0.0.0";
    const SocketAddress from =
        address_of(options_.sources.empty() ? any : options_.sources[n % options_.sources.size()],
                   options_.source_port == 0 ? 0 : options_.source_port + number);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&from.storage), from.length) != 0) std::perror("bind");
  }

  // Up to the first of `ends`.
  std::string answer(const char* ends) const {
    std::array<char, 256> buffer{};
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size() - 1, 0);
    if (got == 0) return "!closed";
    if (got < 0) return error_name(errno);
    return std::string(buffer.data(), std::strcspn(buffer.data(), ends));
  }

  const Options& options_;
  SocketAddress to_;
  int fd_ = -1;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int option; (option = ::getopt(argc, argv, "un:kK:b:p:t:sx:q:i")) > 0;) {
    switch (option) {
      case 'u':
        options.udp = true;
        break;
      case 'n':
        options.flows = std::atoi(optarg);
        break;
      case 'k':
        options.keep = true;
        break;
      case 'K':
        options.hold = std::atoi(optarg), options.keep = true;
        break;
      case 'b':
        options.sources = split(optarg);
        break;
      case 'p':
        options.source_port = std::atoi(optarg);
        break;
      case 't':
        options.patience_ms = std::atoi(optarg);
        break;
      case 's':
        options.sequence = true;
        break;
      case 'x':
        options.datagrams = std::atoi(optarg);
        break;
      case 'q': {
        std::ifstream file(optarg, std::ios::binary);
        options.question.assign(std::istreambuf_iterator<char>(file), {});
        break;
      }
      case 'i':
        options.interactive = true;
        break;
      default:
        std::exit(2);
    }
  }
  if (argc - optind != 2) std::exit(2);
  options.hosts = split(argv[optind]);
  options.port = std::atoi(argv[optind + 1]);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  if (options.interactive) {
    Flow(options, 0).converse();
    return 0;
  }
  std::map<std::string, int> counts;
  std::vector<Flow> flows;
  std::string sequence;
  for (int i = 0; i < options.flows; ++i) {
    Flow flow(options, i);
    for (const std::string& answer : flow.run()) {
      ++counts[answer];
      sequence += (sequence.empty() ? "" : " ") + answer;
    }
    if (options.keep)
      flows.push_back(flow);
    else
      flow.close();
  }
  if (options.sequence) std::puts(sequence.c_str());
  std::string sum;
  for (const auto& [answer, count] : counts) sum += (sum.empty() ? "" : " ") + answer + "=" + std::to_string(count);
  std::puts(sum.c_str());
  std::fflush(stdout);
  if (options.hold > 0) ::sleep(static_cast<unsigned>(options.hold));
  return 0;
}
