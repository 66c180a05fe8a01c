#include "cli/top/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>

namespace plenum::cli {

namespace {

// The alternate screen, so that what stood there comes back; no cursor, no line wrap.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace

Result<Terminal> Terminal::open(int input, int output) {
  if (::isatty(output) == 0) return fail_errno("output");
  termios before{};
  if (::tcgetattr(input, &before) != 0) return fail_errno("input");
  Terminal out(input, output, before);
  auto raw = before;
  // Signals still come from keys, but not the one that stops: nobody would put the screen back.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;
  if (::tcsetattr(input, TCSANOW, &raw) != 0) return fail_errno("input");
  if (!out.write(kEnter)) return fail_errno("output");
  return out;
}

Terminal::Terminal(Terminal&& other) noexcept
    : input_(std::exchange(other.input_, -1)), output_(other.output_), before_(other.before_) {}

Terminal::~Terminal() {
  if (input_ < 0) return;
  (void)write(kLeave);
  ::tcsetattr(input_, TCSAFLUSH, &before_);
}

Terminal::Size Terminal::size() const {
  winsize size{};
  if (::ioctl(output_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool Terminal::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::write(output_, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace plenum::cli
