#include "failover/proc_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/fd.h"
#include "base/text.h"

namespace plenum::failover {

namespace {

constexpr std::size_t kName = 15;

std::string read_small(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out(4096, '\0');
  const auto got = fd ? ::read(fd.get(), out.data(), out.size()) : -1;
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

std::vector<ProcEntry> read_processes() {
  std::vector<ProcEntry> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), ::closedir);
  if (!dir) return out;
  while (const auto* entry = ::readdir(dir.get())) {
    const auto pid = parse_number<int>(entry->d_name);
    if (!pid) continue;
    const auto base = "/proc/" + std::string(entry->d_name);
    ProcEntry one{*pid, read_small(base + "/comm"), {}};
    while (!one.name.empty() && one.name.back() == '\n') one.name.pop_back();
    auto line = read_small(base + "/cmdline");
    while (!line.empty() && line.back() == '\0') line.pop_back();
    if (!line.empty())
      for (const auto word : split(line, '\0')) one.words.emplace_back(word);
    out.push_back(std::move(one));
  }
  return out;
}

bool is_meant(const conf::TrackedProcess& wanted, const ProcEntry& process) {
  if (wanted.words.empty()) return false;
  const auto& program = wanted.words.front();
  if (!wanted.full_command && wanted.words.size() == 1 && program.find('/') == std::string::npos)
    return process.name == program.substr(0, kName);
  if (process.words.empty()) return false;
  const auto& actual = process.words.front();
  if (program.find('/') != std::string::npos ? actual != program : last_part(actual) != program) return false;
  if (wanted.words.size() == 1 && !wanted.full_command) return true;
  if (wanted.words.size() > process.words.size()) return false;
  if (!wanted.match_initial && wanted.words.size() != process.words.size()) return false;
  return std::equal(wanted.words.begin() + 1, wanted.words.end(), process.words.begin() + 1);
}

}  // namespace plenum::failover
