// The director and its interfaces: on which the program stands, and what their neighbours are.

#include <set>
#include <string>
#include <utility>

#include "lb/abi_values.h"
#include "lb/director.h"
#include "lb/mapped_array.h"
#include "lb/mark_rules.h"
#include "lb/ports.h"
#include "rt/sysctl.h"

namespace plenum::lb {

void Director::schedule_ports() {
  if (ports_due_) return;
  ports_due_ = true;
  // Later than the picture of the network, which gathers events for NextHops::kBatch.
  ports_ = loop_.after(3 * NextHops::kBatch, [this] { update_ports(); });
}

void Director::forget_routes() { shared(program_->settings[0].route_epoch).fetch_add(1); }

void Director::update_ports() {
  ports_due_ = false;
  std::set<net::Address> vips = data_plane_->held_addresses();
  bool marks = false;
  for (const auto& entry : table_.services()) {
    if (entry.spec.key.fwmark == 0)
      vips.insert(entry.spec.key.address);
    else
      marks = true;
  }
  vips.merge(marked_addresses(config_.director.marks, next_hops_->network()));
  const auto netfilters = marks_served();
  if (!netfilters.empty()) vips.merge(addresses_of_ports(next_hops_->network()));
  show_fragment_targets(program_->vip_filter, vips, marks);
  std::set<std::uint32_t> ways_out;
  for (const auto& destination : destinations())
    if (const auto* hop = next_hops_->find(destination); hop != nullptr && hop->state == NextHop::State::Resolved)
      ways_out.insert(hop->ifindex);
  // Where plenum-vrrpd brings an address when this host is master: the program is there before it.
  for (const auto& name : vrrp_interfaces(config_, vips))
    if (const auto* link = next_hops_->network().link(name)) ways_out.insert(link->ifindex);
  const auto plan = plan_ports(config_.director.interfaces, vips, ways_out, next_hops_->network());
  port_problems_ = plan.warnings;
  data_plane_->set_marks(abi_marks(config_.director.marks, next_hops_->network(), port_problems_));
  for (const auto& port : plan.ports) {
    auto& slot = program_->ports[port.ifindex % PL_PORTS];
    for (std::size_t i = 0; i < PL_PORT_MACS; ++i) shared(slot.mac[i]).store(port.mac[i]);
    slot.macs = port.macs;
    slot.parent = port.parent;
    slot.vlan = port.vlan;
    slot.flags = port.flags;
    shared(slot.ifindex).store(port.ifindex);
  }
  for (const auto& port : plan.ports) {
    // Packets that the stack is to send on carry the host's own address as their source.
    if (const auto* link = next_hops_->network().link(port.ifindex))
      rt::set_sysctl("net/ipv4/conf/" + link->name + "/accept_local", '1');
  }
  forget_routes();
  attach_ports(plan);
  one_mode_for_all(plan);
  follow_marks(netfilters, plan);
  detach_ports(plan);
  frame_keeper_->listen(std::ranges::all_of(
      program_->attachments(), [this](const auto& row) { return row.second.native || row.first == marked_port_; }));
}

// Marks that netfilter may give: rules of the file are asked before it.
MarksServed Director::marks_served() const {
  MarksServed out;
  if (!config_.director.nftables_marks) return out;
  for (const auto& entry : table_.services())
    if (const auto& key = entry.spec.key; key.fwmark != 0)
      (key.family == net::Family::V4 ? out.v4 : out.v6).insert(key.fwmark);
  return out;
}

// The program stands at the port before anything is sent there, and nothing comes any more when it leaves.
void Director::follow_marks(const MarksServed& marks, const PortPlan& plan) {
  const auto port = mark_way_->open(marks);
  if (marked_port_ != 0 && (!port || port->ifindex != marked_port_)) {
    auto& slot = program_->ports[marked_port_ % PL_PORTS];
    if (slot.ifindex == marked_port_) shared(slot.ifindex).store(0);
    (void)program_->detach(marked_port_);
    marked_port_ = 0;
  }
  if (port) {
    const auto same = [&](const pl_port& other) { return other.ifindex % PL_PORTS == port->ifindex % PL_PORTS; };
    if (std::ranges::any_of(plan.ports, same))
      return port_problems_.push_back("marks of nftables are not seen: " + std::string(MarkWay::kPortName) +
                                      " shares an element of the port map with another interface");
    auto& slot = program_->ports[port->ifindex % PL_PORTS];
    shared(slot.mac[0]).store(abi_mac(port->mac));
    slot.macs = 1;
    slot.parent = 0;
    slot.vlan = 0;
    slot.flags = PL_PORT_MARKED;
    shared(slot.ifindex).store(port->ifindex);
    // Generic: native XDP takes no datagram that was reassembled.
    if (const auto done = program_->attach(port->ifindex, MarkWay::kPortName, conf::XdpMode::Generic); !done)
      return port_problems_.push_back("marks of nftables are not seen: " + done.error().what);
    marked_port_ = port->ifindex;
    mark_way_->show(marks);
  }
  if (!mark_way_->problem().empty()) port_problems_.push_back(mark_way_->problem());
}

void Director::attach_ports(const PortPlan& plan) {
  for (const auto ifindex : plan.attach) {
    const auto* link = next_hops_->network().link(ifindex);
    if (link == nullptr) continue;
    const bool fresh = !program_->attachments().contains(ifindex);
    if (const auto done = program_->attach(ifindex, link->name, config_.director.xdp); !done) {
      port_problems_.push_back(done.error().what);
      if (fresh) log_(done.error().what);
      continue;
    }
    if (const auto& attachment = program_->attachments().at(ifindex); fresh)
      log_("attached to " + link->name + (attachment.native ? "" : " in generic mode: " + attachment.note));
  }
}

// A device without native XDP takes no frames that a native program redirects to it: they
// would be lost after they were counted as sent. So all are generic when one is.
void Director::one_mode_for_all(const PortPlan& plan) {
  std::string generic;
  for (const auto& [ifindex, attachment] : program_->attachments())
    if (!attachment.native && plan.attach.contains(ifindex)) generic = attachment.name;
  if (generic.empty() || config_.director.xdp != conf::XdpMode::Auto) return;
  for (const auto ifindex : plan.attach) {
    const auto it = program_->attachments().find(ifindex);
    if (it == program_->attachments().end() || !it->second.native) continue;
    const auto name = it->second.name;
    auto done = program_->detach(ifindex);
    if (done) done = program_->attach(ifindex, name, conf::XdpMode::Generic);
    if (!done) port_problems_.push_back(done.error().what);
    log_(done ? name + " in generic mode too, since " + generic + " has no native XDP" : done.error().what);
  }
}

// Interfaces that are gone, and those a file that names interfaces no longer names. Without
// names one may be needed again in a moment, when its neighbour answers.
void Director::detach_ports(const PortPlan& plan) {
  std::vector<std::uint32_t> leave;
  for (const auto& [ifindex, attachment] : program_->attachments()) {
    if (ifindex == marked_port_) continue;
    const bool gone = next_hops_->network().link(ifindex) == nullptr;
    const bool unnamed = !config_.director.interfaces.empty() && !plan.attach.contains(ifindex);
    if (gone || unnamed) leave.push_back(ifindex);
  }
  for (const auto ifindex : leave) {
    const auto name = program_->attachments().at(ifindex).name;
    if (const auto done = program_->detach(ifindex); !done) {
      port_problems_.push_back(done.error().what);
      continue;
    }
    auto& slot = program_->ports[ifindex % PL_PORTS];
    if (slot.ifindex == ifindex) shared(slot.ifindex).store(0);
    log_("left " + (name.empty() ? "interface " + std::to_string(ifindex) : name));
  }
}

}  // namespace plenum::lb
