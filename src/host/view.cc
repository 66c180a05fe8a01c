#include "host/view.h"

namespace plenum::host {

const rt::Link* View::link(const std::string& name) const {
  for (const rt::Link& one : links) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::string View::name_of(std::uint32_t ifindex) const {
  for (const rt::Link& one : links) {
    if (one.ifindex == ifindex) return one.name;
  }
  return "interface " + std::to_string(ifindex);
}

std::vector<View::Holder> View::holders(const net::Address& address) const {
  std::vector<Holder> out;
  for (const rt::InterfaceAddress& one : addresses) {
    if (one.prefix.address == address) out.push_back({name_of(one.ifindex), one.prefix});
  }
  return out;
}

bool View::has(const std::string& interface, const net::Prefix& prefix) const {
  for (const Holder& holder : holders(prefix.address)) {
    if (holder.interface == interface && holder.prefix == prefix) return true;
  }
  return false;
}

std::set<std::string> View::carriers(const std::set<net::Address>& vips) const {
  std::set<std::string> out;
  for (const rt::InterfaceAddress& one : addresses) {
    if (one.link_scope || vips.contains(one.prefix.address)) continue;
    for (const rt::Link& l : links) {
      if (l.ifindex == one.ifindex && l.up && !l.loopback && l.ethernet) out.insert(l.name);
    }
  }
  return out;
}

std::set<net::Address> View::own_addresses(const std::set<net::Address>& vips) const {
  std::set<net::Address> out;
  for (const rt::InterfaceAddress& one : addresses) {
    const net::Address& address = one.prefix.address;
    if (!one.link_scope && !address.is_loopback() && !vips.contains(address)) out.insert(address);
  }
  return out;
}

}  // namespace plenum::host
