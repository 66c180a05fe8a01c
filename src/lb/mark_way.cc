#include "lb/mark_way.h"

#include <chrono>
#include <initializer_list>
#include <utility>

#include "bpf/abi.h"
#include "lb/mark_addresses.h"
#include "rt/offloads.h"
#include "rt/sysctl.h"

namespace plenum::lb {

namespace {

// A datagram that was reassembled goes through as a whole, or as the fragments that it came in.
constexpr std::uint32_t kMtu = 65535;
constexpr Duration kAgain = std::chrono::seconds(30);

net::Mac target_mac() {
  net::Mac mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) mac.bytes[i] = static_cast<std::uint8_t>(PL_MARKED_MAC >> 8 * i);
  return mac;
}

Result<std::optional<rt::Link>> link_called(rt::Netlink& netlink, const std::string& name) {
  auto link = netlink.link(name);
  if (link) return std::optional(*std::move(link));
  if (link.error().code == std::errc::no_such_device) return std::optional<rt::Link>{};
  return tl::unexpected(std::move(link).error());
}

// Neither autoconfiguration nor answers, and no doubt of sources that are reached elsewhere.
void set_up(const std::string& device) {
  const auto v4 = "net/ipv4/conf/" + device, v6 = "net/ipv6/conf/" + device;
  rt::set_sysctl(v4 + "/rp_filter", '0');
  rt::set_sysctl(v4 + "/accept_local", '1');
  rt::set_sysctl(v4 + "/forwarding", '1');
  rt::set_sysctl(v6 + "/addr_gen_mode", '1');
  rt::set_sysctl(v6 + "/accept_ra", '0');
  rt::set_sysctl(v6 + "/forwarding", '1');
}

Result<> remove_tables(rt::Nftables& nftables, std::initializer_list<rt::NftFamily> families) {
  for (const auto family : families) {
    rt::NftBatch batch;
    batch.remove_table(family, kMarkTable);
    const auto done = nftables.commit(batch);
    // Not there, or a kernel without that family.
    if (!done && done.error().code != std::errc::no_such_file_or_directory &&
        done.error().code != std::errc::operation_not_supported &&
        done.error().code != std::errc::address_family_not_supported)
      return done;
  }
  return {};
}

}  // namespace

MarkWay::MarkWay(rt::Loop& loop, const Clock& clock, std::function<void()> on_change)
    : loop_(loop), clock_(clock), on_change_(std::move(on_change)) {}

// The devices last: where there are none there are no tables, and netfilter is not even asked for.
Result<> MarkWay::clear() {
  PLENUM_TRY(auto netlink, rt::Netlink::open(), "marks of nftables");
  PLENUM_TRY(const auto entry, link_called(netlink, kMarkEntry), "marks of nftables");
  if (!entry || entry->kind != "veth") return {};
  PLENUM_TRY(auto nftables, rt::Nftables::open(), "marks of nftables");
  PLENUM_CHECK(remove_tables(nftables, {rt::NftFamily::Ipv4, rt::NftFamily::Ipv6, rt::NftFamily::Netdev}),
               "marks of nftables");
  PLENUM_CHECK(netlink.remove_link(entry->ifindex), "marks of nftables");
  return {};
}

void MarkWay::failed(const Error& error) {
  problem_ = "marks of nftables are not seen, those of `director: marks` are: " + error.what;
  again_ = clock_.now() + kAgain;
  shown_ = {};
}

std::optional<MarkWay::Port> MarkWay::open(const MarksServed& marks) {
  if (marks.empty()) {
    if (is_clear_) return std::nullopt;
    monitor_.reset();
    shown_ = {};
    port_ = {};
    problem_.clear();
    if (const auto done = clear(); !done)
      failed(done.error());
    else
      is_clear_ = true;
    return std::nullopt;
  }
  // What failed a moment ago is not tried with every change of an interface. Where the devices are there the
  // program stays, for tables of before may still send packets to it.
  if (!problem_.empty() && !due()) return port_.ifindex != 0 ? std::optional(port_) : std::nullopt;
  is_clear_ = false;
  problem_.clear();
  auto port = devices(!marks.v6.empty());
  if (!port) {
    port_ = {};
    failed(port.error());
    return std::nullopt;
  }
  port_ = *port;
  return port_;
}

Result<MarkWay::Port> MarkWay::devices(bool v6) {
  if (!netlink_) {
    PLENUM_TRY(netlink_, rt::Netlink::open(), "devices");
  }
  PLENUM_TRY(auto entry, link_called(*netlink_, kMarkEntry), "devices");
  PLENUM_TRY(auto port, link_called(*netlink_, kPortName), "devices");
  if (!entry || !port) {
    PLENUM_CHECK(netlink_->add_veth(kMarkEntry, kPortName, kMtu), "devices");
    PLENUM_TRY(entry, link_called(*netlink_, kMarkEntry), "devices");
    PLENUM_TRY(port, link_called(*netlink_, kPortName), "devices");
  }
  if (!entry || !port || entry->kind != "veth" || port->kind != "veth")
    return fail(std::errc::file_exists, std::string(kMarkEntry) + " and " + kPortName + " are somebody else's");
  const Port found{port->ifindex, port->mac};
  if (found == port_ && entry->ifindex == entry_ && entry->up && port->up) return found;
  entry_ = entry->ifindex;
  for (const auto* link : {&*entry, &*port}) set_up(link->name);
  if (v6)
    for (const auto* link : {&*entry, &*port}) rt::set_sysctl("net/ipv6/conf/" + link->name + "/disable_ipv6", '0');
  PLENUM_CHECK(rt::switch_send_offloads_off(kMarkEntry), "devices");
  for (const auto* link : {&*entry, &*port}) PLENUM_CHECK(netlink_->set_link_up(link->ifindex, true), link->name);
  shown_ = {};
  return found;
}

void MarkWay::show(const MarksServed& marks) {
  if (!problem_.empty() || marks == shown_) return;
  if (const auto done = tables(marks); !done) return failed(done.error());
  shown_ = marks;
}

Result<> MarkWay::tables(const MarksServed& marks) {
  for (const auto& target : {mark_target_v4(), mark_target_v6()}) {
    if (target.is_v4() ? marks.v4.empty() : marks.v6.empty()) continue;
    PLENUM_CHECK(netlink_->set_link_route(entry_, net::Prefix{target, static_cast<std::uint8_t>(target.bits())}),
                 kMarkEntry);
    PLENUM_CHECK(netlink_->set_neighbour({entry_, target}, target_mac()), kMarkEntry);
  }
  if (!nftables_) {
    PLENUM_TRY(nftables_, rt::Nftables::open(), "tables");
  }
  // Heard from before they are written: what changes behind that is not missed.
  if (!monitor_) {
    PLENUM_TRY(monitor_,
               rt::NftMonitor::open(loop_, kMarkTable, nftables_->port(),
                                    [this] {
                                      shown_ = {};
                                      on_change_();
                                    }),
               "tables");
  }
  PLENUM_CHECK(nftables_->commit(mark_tables(marks, entry_, port_.ifindex)), "tables");
  // A family whose last mark went has no table any more.
  if (marks.v4.empty()) PLENUM_CHECK(remove_tables(*nftables_, {rt::NftFamily::Ipv4}), "tables");
  if (marks.v6.empty()) PLENUM_CHECK(remove_tables(*nftables_, {rt::NftFamily::Ipv6}), "tables");
  return {};
}

}  // namespace plenum::lb
