#include "rt/nftables.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <vector>

#include "rt/netlink.h"
#include "rt/netlink_socket.h"

namespace plenum::rt {

namespace {

constexpr int kReceiveBuffer = 1 << 20;
constexpr std::size_t kDatagram = std::size_t{64} << 10;
constexpr int kDatagramsPerTurn = 64;

// The table a message is about: the first attribute of every one that is about something in a table.
std::string table_of(const nlmsghdr& header) {
  if (header.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || header.nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg))) return {};
  auto* raw = const_cast<nlmsghdr*>(&header);
  const nlattr* name = nlmsg_find_attr(raw, sizeof(nfgenmsg), NFTA_TABLE_NAME);
  if ((header.nlmsg_type & 0xff) == NFT_MSG_NEWGEN || name == nullptr) return {};
  const auto* text = static_cast<const char*>(nla_data(name));
  return {text, ::strnlen(text, static_cast<std::size_t>(nla_len(name)))};
}

int refusal_of(const nlmsghdr& header) {
  nlmsgerr error{};
  if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_len < NLMSG_LENGTH(sizeof error)) return 0;
  std::memcpy(&error, NLMSG_DATA(const_cast<nlmsghdr*>(&header)), sizeof error);
  return -error.error;
}

}  // namespace

Result<Nftables> Nftables::open() {
  PLENUM_TRY(Fd fd, open_netlink_socket(kReceiveBuffer, NETLINK_NETFILTER), "nftables");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  sockaddr_nl own{};
  socklen_t length = sizeof own;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return fail_errno("nftables");
  return Nftables(std::move(fd), own.nl_pid);
}

// Every message but both ends is acknowledged; where the batch is refused as a whole the kernel says it of
// its beginning, and of no other.
Result<> Nftables::commit(const NftBatch& batch) {
  const auto first = sequence_ + 1;
  const auto bytes = batch.bytes(first);
  sequence_ += batch.size();
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0)
    return fail_errno("nftables");

  const auto give_up = SteadyClock().now() + Netlink::kTimeout;
  std::vector<char> buffer(kDatagram);
  int refused = 0;
  for (auto open = batch.size() - 2; open > 0;) {
    PLENUM_TRY(const auto read, receive_netlink(fd_.get(), buffer), "nftables");
    if (read.status == NetlinkRead::Status::Overflow) return fail(std::errc::no_buffer_space, "nftables: answer lost");
    if (read.status == NetlinkRead::Status::Empty) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - SteadyClock().now()).count();
      pollfd ready{fd_.get(), POLLIN, 0};
      if (left <= 0) return fail(std::errc::timed_out, "nftables does not answer");
      if (::poll(&ready, 1, static_cast<int>(left)) < 0 && errno != EINTR) return fail_errno("nftables");
      continue;
    }
    int left = static_cast<int>(read.size);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(at, left); at = nlmsg_next(at, &left)) {
      if (at->nlmsg_type != NLMSG_ERROR || at->nlmsg_seq - first >= batch.size()) continue;
      if (const auto error = refusal_of(*at); error != 0 && refused == 0) refused = error;
      const bool of_the_whole = at->nlmsg_seq == first || at->nlmsg_seq == first + batch.size() - 1;
      open = of_the_whole ? 0 : open - (open > 0 ? 1 : 0);
    }
  }
  if (refused != 0) return fail_errno("nftables", refused);
  return {};
}

NftMonitor::NftMonitor(Fd fd, std::string table, std::uint32_t port, std::function<void()> on_change)
    : fd_(std::move(fd)), table_(std::move(table)), port_(port), on_change_(std::move(on_change)) {}

Result<std::unique_ptr<NftMonitor>> NftMonitor::open(Loop& loop, std::string table, std::uint32_t port,
                                                     std::function<void()> on_change) {
  PLENUM_TRY(Fd fd, open_netlink_socket(kReceiveBuffer, NETLINK_NETFILTER), "watch nftables");
  const int group = NFNLGRP_NFTABLES;
  if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return fail_errno("watch nftables");
  std::unique_ptr<NftMonitor> monitor(new NftMonitor(std::move(fd), std::move(table), port, std::move(on_change)));
  auto* self = monitor.get();
  PLENUM_TRY(monitor->watch_, loop.on_readable(self->fd_.get(), [self] { self->on_readable(); }), "watch nftables");
  return monitor;
}

void NftMonitor::on_readable() {
  std::vector<char> buffer(kDatagram);
  bool changed = false;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    const auto read = receive_netlink(fd_.get(), buffer);
    if (!read || read->status == NetlinkRead::Status::Overflow) {
      changed = true;
      continue;
    }
    if (read->status == NetlinkRead::Status::Empty) break;
    int left = static_cast<int>(read->size);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(at, left); at = nlmsg_next(at, &left))
      changed = changed || (at->nlmsg_pid != port_ && table_of(*at) == table_);
  }
  if (changed) on_change_();
}

}  // namespace plenum::rt
