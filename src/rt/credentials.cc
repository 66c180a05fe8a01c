#include "rt/credentials.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/text.h"

namespace plenum::rt {
namespace {

constexpr std::size_t kEntry = 16384;  // room for one entry of the user database, larger than any seen

Result<passwd> user_entry(const std::string& user, std::array<char, kEntry>& room) {
  passwd entry{};
  passwd* found = nullptr;
  const auto number = parse_number<uid_t>(user);
  const int error = number ? ::getpwuid_r(*number, &entry, room.data(), room.size(), &found)
                           : ::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found);
  if (found != nullptr) return entry;
  if (error != 0 && error != ENOENT && error != ESRCH) return fail_errno("user " + user, error);
  if (number) {  // a number that nobody has is a user all the same
    entry.pw_uid = entry.pw_gid = *number;
    return entry;
  }
  return fail(std::errc::no_such_file_or_directory, "there is no user " + user);
}

Result<gid_t> group_number(const std::string& name) {
  if (const auto number = parse_number<gid_t>(name)) return *number;
  std::array<char, kEntry> room{};
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
  if (found != nullptr) return entry.gr_gid;
  if (error != 0 && error != ENOENT && error != ESRCH) return fail_errno("group " + name, error);
  return fail(std::errc::no_such_file_or_directory, "there is no group " + name);
}

// Root's, or `uid`'s, and for others to read at most. A directory in which only owners may remove (/tmp) does not let
// others replace what is in it.
bool only_ours(const struct stat& what, uid_t uid) {
  if (what.st_uid != 0 && what.st_uid != uid) return false;
  const bool others_write = (what.st_mode & S_IWOTH) != 0 || ((what.st_mode & S_IWGRP) != 0 && what.st_gid != 0);
  return !others_write || (S_ISDIR(what.st_mode) && (what.st_mode & S_ISVTX) != 0);
}

}  // namespace

Result<Credentials> credentials_of(const std::string& user, const std::string& group) {
  std::array<char, kEntry> room{};
  PLENUM_TRY(const passwd entry, user_entry(user, room), "credentials");
  Credentials out{entry.pw_uid, entry.pw_gid, {}};
  if (!group.empty()) {
    PLENUM_TRY(out.gid, group_number(group), "credentials");
  }
  if (entry.pw_name != nullptr && out.uid != 0) {
    int count = 64;
    out.groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(entry.pw_name, out.gid, out.groups.data(), &count) < 0) {
      out.groups.resize(static_cast<std::size_t>(count));
      if (::getgrouplist(entry.pw_name, out.gid, out.groups.data(), &count) < 0) count = 0;
    }
    out.groups.resize(static_cast<std::size_t>(count));
  }
  return out;
}

Result<Credentials> script_credentials(const std::string& user, const std::string& group) {
  if (!user.empty()) return credentials_of(user, group);
  for (const auto* usual : {"plenum_script", "keepalived_script"})
    if (auto found = credentials_of(usual, group)) return found;
  return credentials_of("nobody", group);
}

Credentials own_credentials() { return {::geteuid(), ::getegid(), {}}; }

Result<> program_is_safe(const std::string& path, uid_t uid) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return fail_errno(path);
  const std::string whole(real.get());
  for (std::size_t end = 0; end != std::string::npos;) {
    end = whole.find('/', end + 1);
    const auto part = end == std::string::npos ? whole : whole.substr(0, end);
    struct stat what {};
    if (::stat(part.c_str(), &what) != 0) return fail_errno(part);
    if (!only_ours(what, uid))
      return fail(std::errc::operation_not_permitted,
                  path + ": others than root may change " + part + ", which is not safe to run");
    if (end == std::string::npos && (what.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
      return fail(std::errc::permission_denied, path + " is not executable");
  }
  return {};
}

}  // namespace plenum::rt
