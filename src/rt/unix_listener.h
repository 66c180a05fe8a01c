#pragma once
// A UNIX stream socket that a daemon listens on: accepts many clients, hands their bytes to
// one callback, queues answers. Knows nothing of the protocol; by_line() cuts lines.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/loop.h"

namespace plenum::rt {

// Who is at the other end, as the kernel noted at connect() (SO_PEERCRED).
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// One client. Shared: whoever means to answer later keeps the pointer. When the last one
// goes, the queue is flushed and the connection closed; while the client has not closed its
// side the listener holds one. Loop thread only.
class Connection {
 public:
  struct State;
  explicit Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] const Peer& peer() const;
  // Queues bytes. False when the connection is gone, or goes now since the client does not
  // read and Options::max_output is passed. While more than Options::pause_output is
  // queued, nothing more is read from this client.
  bool send(std::string bytes);
  // Bytes queued that the kernel has not yet taken.
  [[nodiscard]] std::size_t queued() const;
  // More is queued than Options::pause_output.
  [[nodiscard]] bool paused() const;
  // Reads no more, closes when all queued is sent.
  void close();
  // Closes now.
  void abort();
  [[nodiscard]] bool open() const;
  // Called once when the connection is gone, for whatever reason, with queued() the bytes lost.
  void on_closed(std::function<void()> fn);
  // Called whenever the queue has run empty after a send(): time for the next part of a
  // long answer.
  void on_drained(std::function<void()> fn);

 private:
  std::shared_ptr<State> state_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

class UnixListener {
 public:
  // All bytes received and not yet consumed; returns how many are consumed now. Called
  // again when more have come, or when a paused connection goes on.
  using OnBytes = std::function<std::size_t(const ConnectionPtr&, std::string_view)>;
  using OnLine = std::function<void(const ConnectionPtr&, std::string_view line)>;

  struct Options {
    mode_t mode = 0660;
    std::optional<gid_t> group;           // owner group of the socket file
    std::size_t max_clients = 256;        // further ones are closed at once
    std::size_t max_input = 16u << 20;    // unconsumed bytes before a client is cut off
    std::size_t pause_output = 1u << 20;  // queued bytes above which reading pauses
    std::size_t max_output = 512u << 20;  // queued bytes above which a client is cut off
  };

  // How many, since the start.
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t refused_too_many = 0;  // max_clients
    std::uint64_t cut_input = 0;         // max_input
    std::uint64_t cut_output = 0;        // max_output
    std::uint64_t accept_errors = 0;     // EMFILE and the like; retried after 100 ms
    std::size_t open = 0;                // now
  };

  // Listens on `path` (107 bytes at most). A socket file on which nobody answers is
  // replaced. Fails with EADDRINUSE when somebody does, EEXIST when `path` is no socket.
  static Result<UnixListener> open(Loop& loop, const std::string& path, OnBytes on_bytes);
  static Result<UnixListener> open(Loop& loop, const std::string& path, OnBytes on_bytes, const Options& options);
  // Cuts input at '\n' (kept off, as is a '\r' before it); an unfinished last line is
  // dropped. Lines wait while the connection is paused.
  static OnBytes by_line(OnLine on_line);

  UnixListener(UnixListener&&) noexcept;
  UnixListener& operator=(UnixListener&&) noexcept;
  // Stops listening, closes every connection at once, removes the socket file if it is
  // still this one's.
  ~UnixListener();

  [[nodiscard]] Counts counts() const;

  struct State;

 private:
  explicit UnixListener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace plenum::rt
