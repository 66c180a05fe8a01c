// Two kinds of state: the listener's (accepting, limits, counts, the connections) and one
// per connection. Both are shared with the handlers asio still holds, so a handler that
// comes after its owner is gone finds `closed` and does nothing.
#include "rt/unix_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "rt/loop_impl.h"

namespace plenum::rt {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

// What connections need of their listener, kept apart so that they may outlive it.
struct ListenerShared {
  UnixListener::OnBytes on_bytes;
  UnixListener::Options options;
  UnixListener::Counts counts;
};

struct Connection::State : std::enable_shared_from_this<Connection::State> {
  State(stream_protocol::socket accepted, std::shared_ptr<ListenerShared> listener)
      : socket(std::move(accepted)), shared(std::move(listener)) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
      peer = {credentials.pid, credentials.uid, credentials.gid};
    ++shared->counts.open;
  }

  [[nodiscard]] bool paused() const { return queued > shared->options.pause_output; }

  void read() {
    if (closed || closing || reading || ended || paused()) return;
    reading = true;
    socket.async_read_some(asio::buffer(chunk), [self = shared_from_this()](const error_code& error, std::size_t size) {
      self->reading = false;
      self->on_read(error, size);
    });
  }

  void on_read(const error_code& error, std::size_t size) {
    if (closed || closing) return;
    if (error && error != asio::error::eof) {
      abort();
      return;
    }
    ended = error == asio::error::eof;
    input.append(chunk.data(), size);
    deliver();
  }

  void deliver() {
    if (!input.empty()) {
      const ConnectionPtr held = reader;
      const std::size_t used = shared->on_bytes(held, input);
      if (closed || closing) return;
      input.erase(0, std::min(used, input.size()));
      if (input.size() > shared->options.max_input) {
        ++shared->counts.cut_input;
        abort();
        return;
      }
    }
    // The client will say no more: from here on only whoever still owes an answer holds
    // the connection. What it said before and by_line() put off comes first.
    if (ended && !paused()) reader.reset();
    read();
  }

  bool send(std::string bytes) {
    if (closed || closing) return false;
    if (bytes.empty()) return true;
    queued += bytes.size();
    if (queued > shared->options.max_output) {
      queued -= bytes.size();
      ++shared->counts.cut_output;
      abort();
      return false;
    }
    output.push_back(std::move(bytes));
    write();
    return true;
  }

  void write() {
    if (writing || output.empty()) return;
    writing = true;
    asio::async_write(socket, asio::buffer(output.front()),
                      [self = shared_from_this()](const error_code& error, std::size_t) { self->on_written(error); });
  }

  void on_written(const error_code& error) {
    writing = false;
    if (closed) return;
    if (error) {
      abort();
      return;
    }
    const bool was_paused = paused();
    queued -= output.front().size();
    output.pop_front();
    if (output.empty() && drained && !closing) {
      const auto call = drained;  // may replace itself
      call();
      if (closed) return;
    }
    if (!output.empty()) {
      write();
    } else if (closing) {
      abort();
      return;
    }
    if (was_paused && !paused() && !closing) deliver();
  }

  void close() {
    if (closed || closing) return;
    closing = true;
    reader.reset();
    if (output.empty()) abort();
  }

  void abort() {
    if (closed) return;
    closed = true;
    --shared->counts.open;
    error_code ignored;
    socket.close(ignored);
    reader.reset();
    drained = nullptr;
    if (const auto call = std::exchange(on_closed, nullptr)) call();
  }

  stream_protocol::socket socket;
  std::shared_ptr<ListenerShared> shared;
  Peer peer;
  ConnectionPtr reader;  // held until the client closes its side
  std::string input;
  std::deque<std::string> output;
  std::size_t queued = 0;
  std::function<void()> on_closed, drained;
  std::vector<char> chunk = std::vector<char>(std::size_t{64} << 10);
  bool reading = false, writing = false, ended = false, closing = false, closed = false;
};

Connection::~Connection() { state_->close(); }
const Peer& Connection::peer() const { return state_->peer; }
bool Connection::send(std::string bytes) { return state_->send(std::move(bytes)); }
std::size_t Connection::queued() const { return state_->queued; }
bool Connection::paused() const { return state_->paused(); }
void Connection::close() {
  const auto state = state_;  // *this may go when the reader's share is dropped
  state->close();
}
void Connection::abort() {
  const auto state = state_;
  state->abort();
}
bool Connection::open() const { return !state_->closed && !state_->closing; }
void Connection::on_closed(std::function<void()> fn) { state_->on_closed = std::move(fn); }
void Connection::on_drained(std::function<void()> fn) { state_->drained = std::move(fn); }

struct UnixListener::State : std::enable_shared_from_this<UnixListener::State> {
  State(Loop& loop_, stream_protocol::acceptor listening, std::string path_, std::shared_ptr<ListenerShared> shared_)
      : loop(loop_), acceptor(std::move(listening)), path(std::move(path_)), shared(std::move(shared_)) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, stream_protocol::socket socket) {
      if (self->closed) return;
      if (error) {
        // Out of descriptors, most likely: the client stays in the backlog, so wait.
        ++self->shared->counts.accept_errors;
        self->retry = self->loop.after(std::chrono::milliseconds(100), [state = self.get()] { state->accept(); });
        return;
      }
      self->admit(std::move(socket));
      self->accept();
    });
  }

  void admit(stream_protocol::socket socket) {
    if (shared->counts.open >= shared->options.max_clients) {
      ++shared->counts.refused_too_many;
      return;
    }
    ++shared->counts.accepted;
    auto connection = std::make_shared<Connection::State>(std::move(socket), shared);
    connection->reader = std::make_shared<Connection>(connection);
    connection->read();
    std::erase_if(connections, [](const auto& known) { return known.expired(); });
    connections.push_back(connection);
  }

  void close() {
    closed = true;
    retry.cancel();
    error_code ignored;
    acceptor.close(ignored);
    struct stat now {};
    if (::lstat(path.c_str(), &now) == 0 && now.st_dev == device && now.st_ino == inode) ::unlink(path.c_str());
    for (const auto& known : std::exchange(connections, {}))
      if (const auto connection = known.lock()) connection->abort();
  }

  Loop& loop;
  stream_protocol::acceptor acceptor;
  std::string path;
  std::shared_ptr<ListenerShared> shared;
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<std::weak_ptr<Connection::State>> connections;
  Timer retry;
  bool closed = false;
};

namespace {

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(std::errc::filename_too_long,
                "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Removes a socket file that nobody answers on. The caller holds the directory's lock.
Result<> remove_stale(const sockaddr_un& address) {
  struct stat file {};
  if (::lstat(address.sun_path, &file) != 0) return errno == ENOENT ? Result<>{} : Result<>(fail_errno("look"));
  if (!S_ISSOCK(file.st_mode)) return fail(std::errc::file_exists, "exists and is not a socket");
  const Fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!probe) return fail_errno("socket");
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN: somebody listens, with a full backlog.
  if (connected == 0 || errno == EAGAIN) return fail(std::errc::address_in_use, "another process is listening");
  if (errno == EPROTOTYPE) return fail(std::errc::address_in_use, "a socket of another type is there");
  if (errno != ECONNREFUSED) return fail_errno("see whether another process is listening");
  if (::unlink(address.sun_path) != 0 && errno != ENOENT) return fail_errno("remove stale socket");
  return {};
}

Result<Fd> listen_on(const std::string& path, const UnixListener::Options& options) {
  PLENUM_TRY(const sockaddr_un address, socket_address(path), "address");
  // Two daemons that start at once must not each take the other's socket for a stale one.
  const auto directory = std::filesystem::path(path).parent_path();
  const Fd lock{::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!lock) return fail_errno("open directory");
  if (::flock(lock.get(), LOCK_EX) != 0) return fail_errno("lock directory");
  PLENUM_CHECK(remove_stale(address), "take over");

  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return fail_errno("socket");
  // Linux gives the file the socket's own mode: at no moment may others connect.
  if (::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0) return fail_errno("set mode");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail_errno("bind");
  if (options.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *options.group) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return fail_errno("give to group " + std::to_string(*options.group), error);
  }
  if (::chmod(path.c_str(), options.mode) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return fail_errno("listen", error);
  }
  return fd;
}

}  // namespace

Result<UnixListener> UnixListener::open(Loop& loop, const std::string& path, OnBytes on_bytes) {
  return open(loop, path, std::move(on_bytes), Options{});
}

Result<UnixListener> UnixListener::open(Loop& loop, const std::string& path, OnBytes on_bytes, const Options& options) {
  const std::string where = "listen on " + path;
  PLENUM_TRY(Fd fd, listen_on(path, options), where);
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return fail_errno(where);
  stream_protocol::acceptor acceptor(loop.impl().io);
  error_code error;
  acceptor.assign(stream_protocol(), fd.get(), error);
  if (error) return fail_errno(where, error.value());
  static_cast<void>(fd.release());  // the acceptor closes it
  auto shared = std::make_shared<ListenerShared>(ListenerShared{std::move(on_bytes), options, {}});
  auto state = std::make_shared<State>(loop, std::move(acceptor), path, std::move(shared));
  state->device = file.st_dev;
  state->inode = file.st_ino;
  state->accept();
  return UnixListener(std::move(state));
}

UnixListener::OnBytes UnixListener::by_line(OnLine on_line) {
  return [on_line = std::move(on_line)](const ConnectionPtr& connection, std::string_view bytes) {
    std::size_t used = 0;
    for (;;) {
      const auto end = bytes.find('\n', used);
      if (end == std::string_view::npos || !connection->open() || connection->paused()) return used;
      auto line = bytes.substr(used, end - used);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      used = end + 1;
      on_line(connection, line);
    }
  };
}

UnixListener::UnixListener(UnixListener&&) noexcept = default;

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
  if (this != &other) {
    if (state_) state_->close();
    state_ = std::move(other.state_);
  }
  return *this;
}

UnixListener::~UnixListener() {
  if (state_) state_->close();
}

UnixListener::Counts UnixListener::counts() const { return state_->shared->counts; }

}  // namespace plenum::rt
