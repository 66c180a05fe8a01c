#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "rt/netlink.h"
#include "rt/netlink_message.h"
#include "rt/netlink_socket.h"

namespace plenum::rt {

namespace {

constexpr std::array kGroups = {RTNLGRP_LINK,        RTNLGRP_NEIGH,      RTNLGRP_IPV4_IFADDR,
                                RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                                RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,  RTNLGRP_NEXTHOP};
constexpr int kReceiveBuffer = 8 << 20;
constexpr int kDatagramsPerTurn = 64;  // then the loop's other callbacks have theirs

}  // namespace

struct NetlinkMonitor::State : std::enable_shared_from_this<NetlinkMonitor::State> {
  void on_readable() {
    const auto self = shared_from_this();  // on_event may destroy the monitor
    for (int i = 0; i < kDatagramsPerTurn && watch.active(); ++i) {
      const auto read = receive_netlink(fd.get(), buffer);
      // An error on a netlink socket is always that messages were lost, in other words.
      if (!read || read->status == NetlinkRead::Status::Overflow) {
        on_event(Overflow{});
        continue;
      }
      if (read->status == NetlinkRead::Status::Empty) return;
      int left = static_cast<int>(read->size);
      for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(at, left) && watch.active();
           at = nlmsg_next(at, &left))
        if (const auto event = parse_event(*at)) on_event(*event);
    }
  }

  Fd fd;
  OnEvent on_event;
  Watch watch;
  std::vector<char> buffer = std::vector<char>(std::size_t{64} << 10);
};

Result<NetlinkMonitor> NetlinkMonitor::open(Loop& loop, OnEvent on_event) {
  auto state = std::make_shared<State>();
  state->on_event = std::move(on_event);
  PLENUM_TRY(state->fd, open_netlink_socket(kReceiveBuffer, NETLINK_ROUTE), "watch rtnetlink");
  for (const int group : kGroups)
    if (::setsockopt(state->fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      return fail_errno("watch rtnetlink: group " + std::to_string(group));
  PLENUM_TRY(state->watch, loop.on_readable(state->fd.get(), [raw = state.get()] { raw->on_readable(); }),
             "watch rtnetlink");
  return NetlinkMonitor(std::move(state));
}

NetlinkMonitor::NetlinkMonitor(std::shared_ptr<State> state) : state_(std::move(state)) {}
NetlinkMonitor::NetlinkMonitor(NetlinkMonitor&&) noexcept = default;

NetlinkMonitor& NetlinkMonitor::operator=(NetlinkMonitor&& other) noexcept {
  if (this != &other) {
    if (state_) state_->watch.cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

NetlinkMonitor::~NetlinkMonitor() {
  if (state_) state_->watch.cancel();
}

}  // namespace plenum::rt
