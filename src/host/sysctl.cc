#include "host/sysctl.h"

#include <fcntl.h>

#include <algorithm>
#include <fstream>

#include "base/fd.h"

namespace plenum::host {

std::string dotted(std::string path) {
  for (char& c : path) {
    if (c == '/') {
      c = '.';
    } else if (c == '.') {
      c = '/';
    }
  }
  return path;
}

bool SysctlWish::holds(long now) const {
  return now == value || std::find(fine.begin(), fine.end(), now) != fine.end();
}

Sysctls SysctlTree::read(const std::vector<std::string>& paths) const {
  Sysctls out;
  for (const std::string& path : paths) {
    std::ifstream file(root_ + "/" + path);
    long value = 0;
    if (file >> value) out[path] = value;
  }
  return out;
}

Result<> SysctlTree::write(const std::string& path, long value) const {
  const std::string name = root_ + "/" + path;
  // Without O_CREAT: a misspelt setting must not become a file.
  const Fd fd(::open(name.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd) return fail_errno("set " + dotted(path));
  const std::string text = std::to_string(value) + "\n";
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno("set " + dotted(path) + " to " + std::to_string(value));
  }
  return {};
}

}  // namespace plenum::host
