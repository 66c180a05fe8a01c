#include "rt/line_stream.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plenum::rt {

namespace {

constexpr Duration kAgain = std::chrono::milliseconds(250);
// Longer than any answer: plenum-vrrpd's status of 255 routers with a thousand events.
constexpr std::size_t kLongestLine = std::size_t{16} << 20;

}  // namespace

LineStream::LineStream(Loop& loop, std::string path, std::string questions, OnLine on_line)
    : loop_(loop), path_(std::move(path)), questions_(std::move(questions)), on_line_(std::move(on_line)) {}

void LineStream::enable(bool on) {
  if (on == on_) return;
  on_ = on;
  if (on)
    connect();
  else
    hang_up();
}

void LineStream::hang_up() {
  ++connection_;
  again_.cancel();
  watch_.cancel();
  socket_.reset();
  received_.clear();
}

void LineStream::connect() {
  hang_up();
  again_ = loop_.after(kAgain, [this] { connect(); });
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  // Never waits: a daemon that stands still does not take connections.
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(socket.get(), questions_.data(), questions_.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(questions_.size()))
    return;
  auto watch = loop_.on_readable(socket.get(), [this] { read(); });
  if (!watch) return;
  socket_ = std::move(socket);
  watch_ = *std::move(watch);
  again_.cancel();
}

void LineStream::read() {
  std::array<char, 65536> chunk{};
  const auto n = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0 || received_.size() > kLongestLine) {
    hang_up();
    again_ = loop_.after(kAgain, [this] { connect(); });
    return;
  }
  received_.append(chunk.data(), static_cast<std::size_t>(n));
  // A line may turn the stream off, or off and on: what came with it is of the past then.
  auto lines = std::exchange(received_, {});
  const auto connection = connection_;
  std::size_t begin = 0;
  for (auto end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', begin)) {
    on_line_(std::string_view(lines).substr(begin, end - begin));
    if (connection_ != connection) return;
    begin = end + 1;
  }
  received_ = lines.substr(begin);
}

}  // namespace plenum::rt
