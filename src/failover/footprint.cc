#include "failover/footprint.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>
#include <vector>

#include "conf/vmac_names.h"
#include "proto/vrrp.h"
#include "rt/sysctl.h"

namespace plenum::failover {

namespace {

// Answers for the addresses on the macvlan come from it alone, and what it sends comes back to it.
void prepare(const std::string& name, const std::string& base) {
  const auto path = [](const std::string& interface, const char* key) {
    return "net/ipv4/conf/" + interface + "/" + key;
  };
  // It is down yet: no IPv6 address by itself, for its MAC is on other hosts, too.
  rt::set_sysctl("net/ipv6/conf/" + name + "/addr_gen_mode", '1');
  rt::set_sysctl(path(name, "arp_ignore"), '1');
  rt::set_sysctl(path(name, "accept_local"), '1');
  rt::set_sysctl(path(name, "rp_filter"), '0');
  rt::set_sysctl(path(base, "arp_ignore"), '1');
  // Its own questions are not asked in a virtual address's name, which would tell everybody the wrong MAC of it.
  rt::set_sysctl(path(base, "arp_announce"), '2');
}

std::set<std::string> wanted(const conf::Vrrp& all) {
  std::set<std::string> out;
  for (const auto& conf : all.routers)
    if (conf.vmac) out.insert(vmac_name(conf));
  return out;
}

// All that a router may have, on the interfaces that it has them on.
std::vector<NamedAddress> addresses_of(const conf::VirtualRouter& conf) {
  const auto usual = conf.vmac ? vmac_name(conf) : conf.interface;
  std::vector<NamedAddress> out;
  for (const auto* list : {&conf.addresses, &conf.excluded})
    for (const auto& address : *list)
      out.emplace_back(address.interface.empty() ? usual : address.interface, address.prefix);
  return out;
}

}  // namespace

Footprint::Footprint(std::string run_dir, rt::Netlink& netlink, rt::Network& network, Log log)
    : run_dir_(std::move(run_dir)), netlink_(netlink), network_(network), log_(std::move(log)) {}

std::string Footprint::table_name() const {
  auto out = "plenum-vrrpd" + std::filesystem::absolute(run_dir_).lexically_normal().string();
  // What nft(8) takes in a name.
  std::replace_if(
      out.begin(), out.end(),
      [](unsigned char c) { return !std::isalnum(c) && std::string_view("/-_.").find(char(c)) == std::string::npos; },
      '_');
  return out;
}

void Footprint::make_macvlans(const conf::Vrrp& all, const std::function<bool(std::uint32_t ifindex)>& in_use) {
  std::set<std::string> done;  // the first who names one has it
  for (const auto& conf : all.routers) {
    if (!conf.vmac) continue;
    const auto name = vmac_name(conf);
    const auto* base = network_.link(conf.interface);
    const auto* have = network_.link(name);
    if (base == nullptr || !done.insert(name).second) continue;
    const auto mac = proto::vrrp_mac(conf.family, conf.vrid);
    const bool fits = have != nullptr && have->kind == "macvlan" && have->parent == base->ifindex && have->mac == mac;
    if (fits && have->up) continue;
    const auto refuse = [&](const Error& error) { log_(true, conf.name + ": " + error.what); };
    if (have != nullptr && !fits) {
      // Somebody else's, or not free yet: the plan says so.
      if (!macvlans_.contains(name) || have->kind != "macvlan" || in_use(have->ifindex)) continue;
      if (const auto gone = netlink_.remove_link(have->ifindex); !gone) {
        refuse(gone.error());
        continue;
      }
      network_.apply(rt::LinkGone{.ifindex = have->ifindex});
      have = nullptr;
    }
    if (have == nullptr) {
      if (const auto made = netlink_.add_macvlan(name, base->ifindex, mac); !made) {
        refuse(made.error());
        continue;
      }
      macvlans_.insert(name);
    }
    prepare(name, conf.interface);
    auto link = netlink_.link(name);
    if (link && !link->up)
      if (const auto up = netlink_.set_link_up(link->ifindex, true); !up) refuse(up.error());
    if (link) link = netlink_.link(name);
    // The picture needs it at once: its router starts in this very round.
    if (link) network_.apply(rt::LinkChanged{*link});
  }
}

void Footprint::drop_macvlans(const conf::Vrrp& conf) { drop(wanted(conf)); }

void Footprint::drop(const std::set<std::string>& but) {
  for (auto at = macvlans_.begin(); at != macvlans_.end();) {
    if (but.contains(*at)) {
      ++at;
      continue;
    }
    if (auto link = netlink_.link(*at)) (void)netlink_.remove_link(link->ifindex);
    at = macvlans_.erase(at);
  }
}

void Footprint::take_over(const conf::Vrrp& all) {
  const auto before = read_left_over(memory_path());
  std::set<NamedAddress> addresses;
  for (const auto& conf : all.routers)
    for (auto& address : addresses_of(conf)) addresses.insert(std::move(address));
  for (const auto& [name, prefix] : before.addresses) {
    const auto* link = network_.link(name);
    if (link == nullptr || addresses.contains({name, prefix})) continue;
    const auto done = netlink_.remove_address(link->ifindex, prefix);
    if (done && *done) log_(false, "took away " + prefix.text() + " on " + name + ", which a daemon before left");
  }
  put_ = before.addresses;
  tables_left_ = before.tables;
  macvlans_ = before.macvlans;
  drop_macvlans(all);
}

void Footprint::note_own(const conf::Vrrp& all) {
  std::set<NamedAddress> own;
  for (const auto& conf : all.routers)
    for (auto& named : addresses_of(conf)) {
      const auto* link = network_.link(named.first);
      // Who is an owner no more has no right to the host's address, either.
      bool is_own = own_.contains(named);
      if (!is_own && conf.priority == proto::kVrrpPriorityOwner && link != nullptr && !put_.contains(named)) {
        const auto have = network_.addresses(link->ifindex);
        is_own = std::any_of(have.begin(), have.end(), [&](const auto& one) { return one.prefix == named.second; });
      }
      if (is_own) own.insert(std::move(named));
    }
  own_ = std::move(own);
}

void Footprint::remember(LeftOver now) {
  now.macvlans = macvlans_;
  put_.insert(now.addresses.begin(), now.addresses.end());
  // Of before, too, until those were certainly taken away: they are checked against the host anyway.
  if (remembered_ == now) return;
  if (const auto done = write_left_over(memory_path(), now); !done) log_(true, done.error().what);
  remembered_ = std::move(now);
}

void Footprint::clear() {
  drop({});
  remembered_ = {};
  (void)write_left_over(memory_path(), remembered_);
}

}  // namespace plenum::failover
