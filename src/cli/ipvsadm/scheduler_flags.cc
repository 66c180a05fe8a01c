#include "cli/ipvsadm/scheduler_flags.h"

#include "base/text.h"
#include "conf/l4.h"

namespace plenum::cli::ipvsadm {

namespace {

struct Flag {
  std::string_view name;
  std::string_view scheduler;  // empty: any without flags of its own
  std::uint32_t bit;
};

constexpr Flag kFlags[] = {
    {"flag-1", "", conf::kSchedulerFlag1},    {"flag-2", "", conf::kSchedulerFlag2},
    {"flag-3", "", conf::kSchedulerFlag3},    {"sh-fallback", "sh", conf::kSchedulerFlag1},
    {"sh-port", "sh", conf::kSchedulerFlag2}, {"mh-fallback", "mh", conf::kSchedulerFlag1},
    {"mh-port", "mh", conf::kSchedulerFlag2},
};

}  // namespace

tl::expected<std::uint32_t, std::string> parse_scheduler_flags(std::string_view scheduler, std::string_view names) {
  std::uint32_t flags = 0;
  for (const auto name : split(names, ',')) {
    if (name.empty()) continue;
    const Flag* found = nullptr;
    for (const auto& flag : kFlags)
      if (flag.name == name) found = &flag;
    if (found == nullptr) return tl::unexpected("invalid scheduler flag `" + std::string(name) + "'");
    if (!found->scheduler.empty() && found->scheduler != scheduler)
      return tl::unexpected("incompatible scheduler flag `" + std::string(name) + "'");
    flags |= found->bit;
  }
  return flags;
}

std::string scheduler_flag_names(std::string_view scheduler, std::uint32_t flags) {
  const std::string_view group = scheduler == "sh" || scheduler == "mh" ? scheduler : "";
  std::string names;
  for (const auto& flag : kFlags) {
    if (flag.scheduler != group || (flags & flag.bit) == 0) continue;
    if (!names.empty()) names += ',';
    names += flag.name;
  }
  return names;
}

}  // namespace plenum::cli::ipvsadm
