#include "rt/bpf_mount.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace plenum::rt {

namespace {

namespace fs = std::filesystem;
constexpr char kUsual[] = "/sys/fs/bpf";
// As /proc/mounts names a file system mounted for one directory; the usual one is nobody's.
constexpr char kOurs[] = "plenum";

bool on_bpf(const std::string& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 && static_cast<std::uint32_t>(info.f_type) == BPF_FS_MAGIC;
}

fs::path nearest_existing(fs::path path) {
  std::error_code error;
  while (!fs::exists(path, error) && path != path.parent_path()) path = path.parent_path();
  return path;
}

bool mounted_by_us(const std::string& dir) {
  std::error_code error;
  const auto path = fs::canonical(dir, error).string();
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string source, target, type;
    fields >> source >> target >> type;
    if (source == kOurs && target == path && type == "bpf") return true;
  }
  return false;
}

Result<> make_directories(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return fail_errno("make " + dir, error.value());
  return {};
}

}  // namespace

Result<std::string> ensure_bpf_dir(const std::string& dir) {
  const fs::path path = fs::absolute(dir).lexically_normal();
  std::string mounted;
  if (!on_bpf(nearest_existing(path))) {
    const bool usual = path.string() == kUsual || path.string().starts_with(std::string(kUsual) + "/");
    mounted = usual ? kUsual : path.string();
    if (!usual) PLENUM_CHECK(make_directories(mounted), "mount a BPF file system");
    if (::mount(usual ? "bpf" : kOurs, mounted.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
      return fail_errno("mount a BPF file system at " + mounted);
    }
  }
  PLENUM_CHECK(make_directories(path), "pins");
  return mounted;
}

Result<bool> unmount_bpf(const std::string& mounted_at) {
  if (!on_bpf(mounted_at)) return false;  // somebody else did
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(mounted_at, error)) {
    // Names with a dot are the kernel's own (maps.debug); nobody can pin under one.
    if (entry.path().filename().string().find('.') == std::string::npos) return false;
  }
  if (error) return fail_errno("read " + mounted_at, error.value());
  if (::umount2(mounted_at.c_str(), 0) != 0) return fail_errno("unmount " + mounted_at);
  return true;
}

Result<> release_bpf_dir(const std::string& dir) {
  if (mounted_by_us(dir)) {
    if (const auto done = unmount_bpf(dir); !done) return tl::unexpected(done.error());
  }
  std::error_code error;
  fs::remove(dir, error);
  if (error) return fail_errno("remove " + dir, error.value());
  return {};
}

}  // namespace plenum::rt
