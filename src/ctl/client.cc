#include "ctl/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace plenum::ctl {

namespace {

Result<> set_patience(int fd, std::chrono::seconds patience) {
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
    return fail_errno("set time limit");
  return {};
}

// What a failed send or recv means to the caller.
tl::unexpected<Error> broken(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return fail(std::errc::timed_out, "no answer from the daemon");
  if (error == EPIPE || error == ECONNRESET) return fail(std::errc::connection_reset, "the daemon hung up");
  return fail_errno("talk to the daemon", error);
}

}  // namespace

std::string lbd_socket(std::string_view run_dir) { return std::string(run_dir) + "/lbd.sock"; }

std::string default_run_dir() {
  const char* dir = std::getenv("PLENUM_RUN_DIR");
  return dir != nullptr && *dir != '\0' ? dir : "/run/plenum";
}

Result<Client> Client::connect(const std::string& path, std::chrono::seconds patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return fail(std::errc::filename_too_long, path + ": path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("socket");
  PLENUM_CHECK(set_patience(socket.get(), patience), path);
  int result = 0;
  do {
    result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return fail_errno(path);
  return Client(std::move(socket));
}

Result<Reply> Client::call(const Request& request) {
  std::string line = encode(request);
  line += '\n';
  PLENUM_CHECK(send(line), "ask");
  PLENUM_TRY(const std::string answer, receive_line(), "answer");
  return decode_reply(request, answer);
}

Result<std::string> Client::exchange(std::string line) {
  line += '\n';
  PLENUM_CHECK(send(line), "ask");
  return receive_line();
}

Result<> Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return broken(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::optional<std::string>> Client::next_line(int wake) {
  while (received_.find('\n') == std::string::npos) {
    pollfd ready[] = {{socket_.get(), POLLIN, 0}, {wake, POLLIN, 0}};
    const int count = ::poll(ready, 2, -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("wait");
    if (ready[1].revents != 0) return std::optional<std::string>{};
    char chunk[64 * 1024];
    const auto got = ::recv(socket_.get(), chunk, sizeof(chunk), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return broken(errno);
    if (got == 0) return broken(ECONNRESET);
    received_.append(chunk, static_cast<std::size_t>(got));
  }
  PLENUM_TRY(auto line, receive_line(), "line");
  return std::optional<std::string>(std::move(line));
}

Result<std::string> Client::receive_line() {
  std::size_t scanned = 0;
  for (;;) {
    const auto newline = received_.find('\n', scanned);
    if (newline != std::string::npos) {
      std::string line = received_.substr(0, newline);
      received_.erase(0, newline + 1);
      return line;
    }
    scanned = received_.size();
    if (scanned > kMaxReply) return fail(std::errc::message_size, "answer is too long");
    char chunk[64 * 1024];
    const auto got = ::recv(socket_.get(), chunk, sizeof(chunk), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return broken(errno);
    if (got == 0) return broken(ECONNRESET);
    received_.append(chunk, static_cast<std::size_t>(got));
  }
}

}  // namespace plenum::ctl
