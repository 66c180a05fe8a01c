#include "lb/state_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>

#include "base/fd.h"

namespace plenum::lb {

std::string state_path(const std::string& run_dir) { return run_dir + "/lbd.state"; }

Result<std::optional<RuntimeState>> StateFile::read(TimePoint now) const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return std::optional<RuntimeState>{};
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return fail(std::errc::io_error, "read " + path_);
  PLENUM_TRY(auto state, read_state(text.str(), now, ::time(nullptr)), path_);
  return std::optional<RuntimeState>{std::move(state)};
}

Result<> StateFile::write(const RuntimeState& state, TimePoint now) const {
  const auto text = write_state(state, now, ::time(nullptr));
  const auto fresh = path_ + ".new";
  const Fd fd{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd) return fail_errno("create " + fresh);
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return fail_errno("write " + fresh);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return fail_errno("rename " + fresh);
  return {};
}

void StateFile::remove() const { ::unlink(path_.c_str()); }

}  // namespace plenum::lb
