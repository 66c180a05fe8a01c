#include "conf/keepalived/host.h"

#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/text.h"

namespace plenum::conf::keepalived {
namespace {

// As keepalived looks for a program without a path: root's.
std::string full_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  for (const auto directory : split("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ':')) {
    const auto path = std::string(directory) + "/" + program;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

bool changed_by_root_alone(const char* path) {
  struct stat info {};
  if (::stat(path, &info) != 0) return false;
  const bool writable = (info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0);
  const bool sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  return info.st_uid == 0 && (!writable || sticky);
}

ScriptState state_of(const std::string& program) {
  const auto path = full_path(program);
  struct stat info {};
  // That it may not be run is found when it is.
  if (path.empty() || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return ScriptState::Missing;
  std::array<char, 4096> real{};
  if (::realpath(path.c_str(), real.data()) == nullptr) return ScriptState::Missing;
  for (std::string at = real.data(); !at.empty(); at.resize(at.rfind('/')))
    if (!changed_by_root_alone(at.c_str())) return ScriptState::Unsafe;
  return changed_by_root_alone("/") ? ScriptState::Fine : ScriptState::Unsafe;
}

std::string node_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string whole = name.data();
  return whole.substr(0, whole.find('.'));
}

}  // namespace

Host this_host() {
  return {node_name(), [](const std::string& name) { return ::if_nametoindex(name.c_str()) != 0; }, state_of,
          [](const std::string& user) { return ::getpwnam(user.c_str()) != nullptr; },
          [](const std::string& group) { return ::getgrnam(group.c_str()) != nullptr; }};
}

}  // namespace plenum::conf::keepalived
