#include "lb/bpffs.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace plenum::lb {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSource = "plenum";  // as /proc/mounts names filesystems we mounted
constexpr const char* kSystem = "/sys/fs/bpf";

bool on_bpffs(const std::string& dir) {
  struct statfs info {};
  return ::statfs(dir.c_str(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

bool mounted_by_us(const std::string& dir) {
  std::error_code error;
  const auto path = fs::canonical(dir, error).string();
  std::ifstream mounts("/proc/self/mounts");
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string source, target, type;
    fields >> source >> target >> type;
    if (source == kSource && target == path && type == "bpf") return true;
  }
  return false;
}

}  // namespace

Result<> prepare_bpffs(const std::string& dir) {
  std::error_code error;
  const bool system = dir.starts_with(std::string(kSystem) + "/");
  if (system && !on_bpffs(kSystem) && ::mount("bpf", kSystem, "bpf", 0, "mode=0700") != 0)
    return fail_errno(std::string("mount a BPF filesystem on ") + kSystem);
  fs::create_directories(dir, error);
  if (error) return fail_errno("create " + dir, error.value());
  if (on_bpffs(dir)) return {};
  if (::mount(kSource, dir.c_str(), "bpf", 0, "mode=0700") != 0) return fail_errno("mount a BPF filesystem on " + dir);
  return {};
}

Result<> release_bpffs(const std::string& dir) {
  if (mounted_by_us(dir) && ::umount(dir.c_str()) != 0) return fail_errno("unmount " + dir);
  std::error_code error;
  fs::remove(dir, error);
  if (error) return fail_errno("remove " + dir, error.value());
  return {};
}

}  // namespace plenum::lb
