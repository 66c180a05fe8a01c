#include "rt/sysctl.h"

#include <fstream>

namespace plenum::rt {

bool sysctl_is(const std::string& path, char value) {
  std::ifstream file("/proc/sys/" + path);
  return file.get() == value;
}

void set_sysctl(const std::string& path, char value) {
  if (sysctl_is(path, value)) return;
  std::ofstream file("/proc/sys/" + path);
  file << value;
}

}  // namespace plenum::rt
