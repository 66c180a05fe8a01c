#include "rt/script_rules.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace plenum::rt {

namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// One of a name's places that cannot be run gives way to the next, so that each that is there counts.
Result<> all_safe(const std::string& program, uid_t uid) {
  Result<> out = fail(std::errc::no_such_file_or_directory, "there is no program " + program);
  for (const auto& place : program_places(program)) {
    auto safe = program_is_safe(place, uid);
    if (!safe && safe.error().code == std::errc::operation_not_permitted) return safe;
    if (safe || (!out && safe.error().code != std::errc::no_such_file_or_directory)) out = std::move(safe);
  }
  return out;
}

}  // namespace

std::vector<std::string> program_places(const std::string& program) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> out;
  const char* configured = ::getenv("PATH");
  std::string_view rest = configured != nullptr && *configured != '\0' ? configured : kPath;
  while (true) {
    const auto end = rest.find(':');
    out.push_back(std::string(rest.substr(0, end)) + "/" + program);
    if (end == std::string_view::npos) return out;
    rest.remove_prefix(end + 1);
  }
}

Result<std::optional<Credentials>> admit_script(const ScriptRules& rules, const std::string& program,
                                                const std::string& user, const std::string& group) {
  std::optional<Credentials> out;
  if (::geteuid() == 0) {
    const bool own = !user.empty();
    auto found = script_credentials(own ? user : rules.user, own || !group.empty() ? group : rules.group);
    if (!found) return fail(std::errc::invalid_argument, program + ": " + found.error().what);
    out = *std::move(found);
  }
  if (rules.secure)
    if (auto safe = all_safe(program, out ? out->uid : ::geteuid()); !safe)
      return tl::unexpected(std::move(safe).error());
  if (out == own_credentials()) out.reset();  // which needs no change of it
  return out;
}

}  // namespace plenum::rt
