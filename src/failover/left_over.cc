#include "failover/left_over.h"

#include <cstdio>
#include <fstream>
#include <sstream>

namespace plenum::failover {

LeftOver read_left_over(const std::string& path) {
  LeftOver out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name, address;
    words >> kind >> name >> address;
    const auto prefix = net::Prefix::parse(address);
    if (kind == "address" && prefix) out.addresses.emplace(name, *prefix);
    if (kind == "macvlan" && !name.empty()) out.macvlans.insert(name);
    if (kind == "nftables") out.tables = true;
  }
  return out;
}

Result<> write_left_over(const std::string& path, const LeftOver& what) {
  const auto fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    for (const auto& [name, prefix] : what.addresses) file << "address " << name << " " << prefix.text() << "\n";
    for (const auto& name : what.macvlans) file << "macvlan " << name << "\n";
    if (what.tables) file << "nftables\n";
    file.flush();
    if (!file) return fail(std::errc::io_error, "write " + fresh);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return fail_errno("rename " + fresh);
  return {};
}

}  // namespace plenum::failover
