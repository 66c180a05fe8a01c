#pragma once
// A daemon's UNIX stream socket, listened to: asked once at the beginning of each connection, then heard line by line.
// While nobody is there it is tried again and again. Knows nothing of what lines mean. Loop thread only.

#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "rt/loop.h"

namespace plenum::rt {

class LineStream {
 public:
  // Without its newline. May turn the stream off and on.
  using OnLine = std::function<void(std::string_view line)>;

  // `questions`: said at the beginning of each connection. Nothing is done before enable().
  LineStream(Loop& loop, std::string path, std::string questions, OnLine on_line);
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  // Off: the connection ends. On again: another begins.
  void enable(bool on);
  // Somebody is there, as far as is known.
  [[nodiscard]] bool connected() const { return static_cast<bool>(socket_); }

 private:
  void connect();
  void read();
  void hang_up();

  Loop& loop_;
  const std::string path_, questions_;
  const OnLine on_line_;
  bool on_ = false;
  unsigned connection_ = 0;  // counts them
  Fd socket_;
  std::string received_;  // up to a line's end
  Watch watch_;
  Timer again_;
};

}  // namespace plenum::rt
