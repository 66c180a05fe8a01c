#pragma once
// The asking side of a control socket: one blocking UNIX stream connection that sends a
// request line and reads the line that answers it. Knows nothing of what the messages mean.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "ctl/messages.h"

namespace plenum::ctl {

// Where plenum-lbd listens: RUN_DIR/lbd.sock.
std::string lbd_socket(std::string_view run_dir);
// The run directory programs use unless told otherwise: $PLENUM_RUN_DIR, else /run/plenum.
std::string default_run_dir();

class Client {
 public:
  // An answer longer than this is refused (EMSGSIZE); some two million servers' listing.
  static constexpr std::size_t kMaxReply = std::size_t{1} << 30;

  // Errors are connect(2)'s: ENOENT and ECONNREFUSED when nobody listens, EACCES when the
  // caller may not ask; ENAMETOOLONG for a path over 107 bytes. `patience` bounds each wait
  // for the other side; a longer silence is ETIMEDOUT.
  static Result<Client> connect(const std::string& path, std::chrono::seconds patience = std::chrono::seconds(60));

  // The answer, or the daemon's refusal with its errno and text. A connection that breaks is
  // ECONNRESET; after such an error, and after ETIMEDOUT, the client is of no more use.
  Result<Reply> call(const Request& request);
  // The line that answers a line, both without their newline: for vocabularies of other daemons.
  Result<std::string> exchange(std::string line);
  // The next line of a stream that follows an answer, waited for without end; nothing when
  // `wake` (a pollable fd) became readable first.
  Result<std::optional<std::string>> next_line(int wake);

 private:
  explicit Client(Fd socket) : socket_(std::move(socket)) {}
  Result<> send(std::string_view bytes);
  Result<std::string> receive_line();

  Fd socket_;
  std::string received_;  // bytes read past the last line
};

}  // namespace plenum::ctl
