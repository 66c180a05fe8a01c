#include "host/driver.h"

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fd.h"
#include "host/decapsulation_program.h"
#include "host/director.h"
#include "host/ethtool.h"
#include "rt/netlink.h"

namespace plenum::host {

namespace {

namespace fs = std::filesystem;
using Notes = std::vector<std::string>;

std::map<std::string, std::string> read_files(const Places& places, const std::vector<std::string>& paths) {
  std::map<std::string, std::string> out;
  for (const std::string& path : paths) {
    const std::string real = places.file(path);
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(real, error))) {
      out[path] = "-> " + fs::read_symlink(real, error).string();
    } else if (std::ifstream file(real); file) {
      std::stringstream text;
      text << file.rdbuf();
      out[path] = text.str();
    }
  }
  return out;
}

Result<> make_parent(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return fail_errno("make the directory of " + path, error.value());
  return {};
}

struct Apply {
  const Places& places;

  Result<Notes> operator()(const SetSysctl& a) const {
    PLENUM_CHECK(places.sysctls.write(a.path, a.to), "sysctl");
    return Notes{};
  }
  Result<Notes> operator()(const SetLink& a) const {
    PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "netlink");
    PLENUM_TRY(const rt::Link link, netlink.link(a.interface), a.interface);
    PLENUM_CHECK(netlink.set_link_up(link.ifindex, a.up), a.interface);
    return Notes{};
  }
  Result<Notes> operator()(const AddAddress& a) const {
    PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "netlink");
    PLENUM_TRY(const rt::Link link, netlink.link(a.interface), a.interface);
    const bool preferred = a.prefix.address.is_v4();
    PLENUM_CHECK(netlink.add_address(link.ifindex, a.prefix, preferred),
                 "add " + a.prefix.text() + " to " + a.interface);
    return Notes{};
  }
  Result<Notes> operator()(const RemoveAddress& a) const {
    PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "netlink");
    PLENUM_TRY(const rt::Link link, netlink.link(a.interface), a.interface);
    PLENUM_CHECK(netlink.remove_address(link.ifindex, a.prefix), "remove " + a.prefix.text() + " from " + a.interface);
    return Notes{};
  }
  Result<Notes> operator()(const WriteFile& a) const {
    const std::string path = places.file(a.path);
    PLENUM_CHECK(make_parent(path), "write");
    const std::string beside = path + ".new";
    {
      std::ofstream file(beside, std::ios::trunc);
      file << a.content;
      file.flush();
      if (!file) return fail_errno("write " + path);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno("write " + path);
    return Notes{};
  }
  Result<Notes> operator()(const WriteSymlink& a) const {
    const std::string path = places.file(a.path);
    PLENUM_CHECK(make_parent(path), "link");
    ::unlink(path.c_str());
    if (::symlink(a.target.c_str(), path.c_str()) != 0) return fail_errno("link " + path);
    return Notes{};
  }
  Result<Notes> operator()(const RemoveFile& a) const {
    if (::unlink(places.file(a.path).c_str()) != 0 && errno != ENOENT)
      return fail_errno("remove " + places.file(a.path));
    return Notes{};
  }
  Result<Notes> operator()(const SetOffload& a) const {
    PLENUM_CHECK(set_offload(a.interface, a.feature, a.on), "offload");
    return Notes{};
  }
  Result<Notes> operator()(const SetDecapsulation& a) const {
    return DecapsulationProgram(places.bpf_dir).set(a.wished);
  }
  Result<Notes> operator()(const RemoveDecapsulation&) const {
    PLENUM_CHECK(DecapsulationProgram(places.bpf_dir).remove(), "decapsulation");
    return Notes{};
  }
};

}  // namespace

Result<View> observe(const Places& places, const Look& look) {
  View out;
  PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "look at the host");
  PLENUM_TRY(out.links, netlink.links(), "look at the links");
  PLENUM_TRY(out.addresses, netlink.addresses(), "look at the addresses");
  out.sysctls = places.sysctls.read(look.sysctls);
  out.files = read_files(places, look.files);
  for (const std::string& interface : look.interfaces) {
    PLENUM_TRY(out.offloads[interface], read_offloads(interface, unwanted_offloads()), interface);
  }
  if (look.decapsulation) {
    PLENUM_TRY(out.decapsulation, DecapsulationProgram(places.bpf_dir).read(), "look at the decapsulation");
  }
  return out;
}

Result<std::vector<std::string>> apply(const Action& action, const Places& places) {
  return std::visit(Apply{places}, action);
}

Where here() {
  Where out;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::getline(file, out.boot_id);
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  socklen_t size = sizeof(out.netns);
  if (!fd || ::getsockopt(fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &out.netns, &size) != 0) out.netns = 0;
  return out;
}

}  // namespace plenum::host
