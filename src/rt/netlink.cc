#include "rt/netlink.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <span>
#include <utility>

#include "rt/netlink_message.h"
#include "rt/netlink_socket.h"

namespace plenum::rt {

namespace {

constexpr int kReceiveBuffer = 4 << 20;
// Requests sent together; their answers, under 2 KiB each as the kernel counts, fit the
// receive buffer even where SO_RCVBUFFORCE is refused.
constexpr std::size_t kBatch = 48;
constexpr int kDumpTries = 5;

// The kernel's own words on a refusal, which come behind the error number.
std::string refusal_text(const nlmsghdr& header, const nlmsgerr& error) {
  if (!(header.nlmsg_flags & NLM_F_ACK_TLVS)) return {};
  std::size_t skip = sizeof error;
  if (!(header.nlmsg_flags & NLM_F_CAPPED)) skip += error.msg.nlmsg_len - NLMSG_HDRLEN;
  const std::size_t size = header.nlmsg_len - NLMSG_HDRLEN;
  if (skip >= size) return {};
  auto* first = reinterpret_cast<nlattr*>(static_cast<char*>(NLMSG_DATA(const_cast<nlmsghdr*>(&header))) + skip);
  const nlattr* text = nla_find(first, static_cast<int>(size - skip), NLMSGERR_ATTR_MSG);
  if (!text) return {};
  const auto* data = static_cast<const char*>(nla_data(text));
  return {data, ::strnlen(data, static_cast<std::size_t>(nla_len(text)))};
}

}  // namespace

// One conversation: what is asked, and what is done with the answers.
struct Netlink::Exchange {
  std::span<nl_msg* const> requests;
  std::function<void(std::size_t index, const nlmsghdr&)> on_message;
  // The end of one request: errno 0 or why the kernel refused, and its text.
  std::function<void(std::size_t index, int error, const std::string& text)> on_end;
  bool interrupted = false;  // the table changed under the dump
};

Result<Netlink> Netlink::open() {
  PLENUM_TRY(Fd fd, open_netlink_socket(kReceiveBuffer, NETLINK_ROUTE), "rtnetlink");
  const int on = 1;
  // Texts of refusals; a kernel that lacks an option does without.
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return Netlink(std::move(fd));
}

Result<> Netlink::run(Exchange& exchange) {
  const std::uint32_t first = sequence_ + 1;
  std::vector<iovec> parts;
  for (nl_msg* request : exchange.requests) {
    nlmsghdr* header = nlmsg_hdr(request);
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_pid = 0;
    parts.push_back({header, NLMSG_ALIGN(header->nlmsg_len)});
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  msghdr outgoing{};
  outgoing.msg_name = &kernel;
  outgoing.msg_namelen = sizeof kernel;
  outgoing.msg_iov = parts.data();
  outgoing.msg_iovlen = parts.size();
  if (::sendmsg(fd_.get(), &outgoing, 0) < 0) return fail_errno("rtnetlink request");

  const auto give_up = SteadyClock().now() + kTimeout;
  for (std::size_t open = exchange.requests.size(); open > 0;) {
    PLENUM_TRY(const auto bytes, receive_netlink(fd_.get(), buffer_), "rtnetlink answer");
    if (bytes.status == NetlinkRead::Status::Overflow) return fail(std::errc::no_buffer_space, "rtnetlink answer lost");
    if (bytes.status == NetlinkRead::Status::Empty) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - SteadyClock().now()).count();
      pollfd ready{fd_.get(), POLLIN, 0};
      if (left <= 0) return fail(std::errc::timed_out, "rtnetlink does not answer");
      if (::poll(&ready, 1, static_cast<int>(left)) < 0 && errno != EINTR) return fail_errno("rtnetlink wait");
      continue;
    }
    int left = static_cast<int>(bytes.size);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); nlmsg_ok(at, left); at = nlmsg_next(at, &left)) {
      const std::size_t index = at->nlmsg_seq - first;
      if (index >= exchange.requests.size()) continue;  // a late answer to a request given up
      if (at->nlmsg_flags & NLM_F_DUMP_INTR) exchange.interrupted = true;
      if (at->nlmsg_type == NLMSG_ERROR || at->nlmsg_type == NLMSG_DONE) {
        nlmsgerr error{};
        if (at->nlmsg_type == NLMSG_ERROR && at->nlmsg_len >= NLMSG_LENGTH(sizeof error))
          std::memcpy(&error, NLMSG_DATA(at), sizeof error);
        else if (at->nlmsg_len >= NLMSG_LENGTH(sizeof error.error))
          std::memcpy(&error.error, NLMSG_DATA(at), sizeof error.error);
        const bool refused = at->nlmsg_type == NLMSG_ERROR && error.error != 0;
        exchange.on_end(index, error.error < 0 ? -error.error : 0, refused ? refusal_text(*at, error) : std::string());
        --open;
      } else {
        exchange.on_message(index, *at);
      }
    }
  }
  return {};
}

namespace {

tl::unexpected<Error> refused(int error, const std::string& text) {
  auto failure = fail_errno("rtnetlink", error);
  if (!text.empty()) failure.value().what += " (" + text + ")";
  return failure;
}

}  // namespace

Result<> Netlink::acknowledged(nl_msg* message) {
  Result<> result;
  nl_msg* const requests[] = {message};
  Exchange exchange{requests, [](std::size_t, const nlmsghdr&) {},
                    [&](std::size_t, int error, const std::string& text) {
                      if (error) result = refused(error, text);
                    }};
  PLENUM_CHECK(run(exchange), "ask");
  return result;
}

template <class Value>
Result<std::vector<Value>> Netlink::dump(std::uint16_t type, std::initializer_list<std::uint8_t> families,
                                         std::optional<Value> (*parse)(const nlmsghdr&)) {
  std::vector<Value> all;
  for (const auto family : families) {
    const std::size_t before = all.size();
    for (int tries = 1;; ++tries) {
      all.resize(before);
      const Message message = make_dump_request(type, family);
      Result<> result;
      nl_msg* const requests[] = {message.get()};
      Exchange exchange{requests,
                        [&](std::size_t, const nlmsghdr& header) {
                          if (auto value = parse(header)) all.push_back(*std::move(value));
                        },
                        [&](std::size_t, int error, const std::string& text) {
                          if (error) result = refused(error, text);
                        }};
      PLENUM_CHECK(run(exchange), "dump");
      if (!result) return tl::unexpected(std::move(result).error().in("dump"));
      // Changed meanwhile: entries may lack or be double. A table that never rests is taken
      // as it is: each change that made it so comes as an event of its own.
      if (!exchange.interrupted || tries == kDumpTries) break;
    }
  }
  return all;
}

Result<std::vector<Link>> Netlink::links() { return dump(RTM_GETLINK, {AF_UNSPEC}, &parse_link); }

Result<std::vector<InterfaceAddress>> Netlink::addresses() { return dump(RTM_GETADDR, {AF_UNSPEC}, &parse_address); }

// Not AF_UNSPEC: that would read out every bridge's forwarding table as well.
Result<std::vector<Neighbour>> Netlink::neighbours() {
  return dump(RTM_GETNEIGH, {AF_INET, AF_INET6}, &parse_neighbour);
}

Result<Link> Netlink::one_link(nl_msg* message) {
  Result<Link> link = fail(std::errc::no_such_device, "no such link");
  nl_msg* const requests[] = {message};
  Exchange exchange{requests,
                    [&](std::size_t, const nlmsghdr& header) {
                      if (auto parsed = parse_link(header)) link = *std::move(parsed);
                    },
                    [&](std::size_t, int error, const std::string& text) {
                      if (error) link = refused(error, text);
                    }};
  PLENUM_CHECK(run(exchange), "link");
  return link;
}

Result<Link> Netlink::link(std::uint32_t ifindex) { return one_link(make_link_request(ifindex, {}).get()); }

Result<Link> Netlink::link(const std::string& name) {
  auto found = one_link(make_link_request(0, name).get());
  if (!found) return tl::unexpected(std::move(found).error().in(name));
  return found;
}

Result<> Netlink::set_link_up(std::uint32_t ifindex, bool up) {
  return acknowledged(make_link_flags(ifindex, up).get());
}

Result<> Netlink::add_veth(const std::string& name, const std::string& peer, std::uint32_t mtu) {
  PLENUM_CHECK(acknowledged(make_veth(name, peer, mtu).get()), "add " + name + " and " + peer);
  return {};
}

Result<> Netlink::remove_link(std::uint32_t ifindex) {
  PLENUM_CHECK(acknowledged(make_link_removal(ifindex).get()), "remove a link");
  return {};
}

Result<> Netlink::set_neighbour(const NeighbourKey& key, const net::Mac& mac) {
  PLENUM_CHECK(acknowledged(make_permanent_neighbour(key, mac).get()), "neighbour " + key.address.text());
  return {};
}

Result<> Netlink::set_link_route(std::uint32_t ifindex, const net::Prefix& destination) {
  PLENUM_CHECK(acknowledged(make_link_route(ifindex, destination).get()), "route to " + destination.text());
  return {};
}

Result<std::vector<Route>> Netlink::routes(std::span<const net::Address> destinations, std::uint32_t oif) {
  std::vector<Route> routes(destinations.size());
  for (std::size_t start = 0; start < destinations.size(); start += kBatch) {
    const auto part = destinations.subspan(start, std::min(kBatch, destinations.size() - start));
    std::vector<Message> messages;
    std::vector<nl_msg*> requests;
    for (const auto& destination : part) {
      messages.push_back(make_route_request(destination, oif));
      requests.push_back(messages.back().get());
    }
    Result<> result;
    Exchange exchange{requests,
                      [&](std::size_t index, const nlmsghdr& header) {
                        if (const auto route = parse_route(header)) routes[start + index] = *route;
                      },
                      [&](std::size_t index, int error, const std::string& text) {
                        if (!error) return;
                        if (const auto type = route_refusal(error))
                          routes[start + index] = Route{*type};
                        else
                          result = refused(error, text);
                      }};
    PLENUM_CHECK(run(exchange), "route");
    if (!result) return tl::unexpected(std::move(result).error().in("route"));
  }
  return routes;
}

Result<Route> Netlink::route_get(const net::Address& destination, std::uint32_t oif) {
  PLENUM_TRY(auto all, routes({&destination, 1}, oif), destination.text());
  return all.front();
}

Result<std::vector<Route>> Netlink::route_get_many(const std::vector<net::Address>& destinations) {
  return routes(destinations, 0);
}

namespace {

// True when it was done, false when the kernel says that it was so already.
Result<bool> unless(int already, Result<> result, const std::string& where) {
  if (result) return true;
  if (result.error().code.value() == already) return false;
  return tl::unexpected(std::move(result).error().in(where));
}

}  // namespace

Result<bool> Netlink::add_address(std::uint32_t ifindex, const net::Prefix& prefix, bool preferred) {
  return unless(EEXIST, acknowledged(make_address(true, ifindex, prefix, preferred).get()),
                "add address " + prefix.text());
}

Result<bool> Netlink::remove_address(std::uint32_t ifindex, const net::Prefix& prefix) {
  return unless(EADDRNOTAVAIL, acknowledged(make_address(false, ifindex, prefix, true).get()),
                "remove address " + prefix.text());
}

Result<bool> Netlink::add_address(const AddressSpec& address) {
  return unless(EEXIST, acknowledged(make_address(address).get()), "add address " + address.prefix.text());
}

namespace {

std::string text_of(const RouteSpec& route) {
  return route.destination ? route.destination->text() : std::string("default");
}

std::string text_of(const RuleSpec& rule) {
  std::string out;
  if (rule.from) out += " from " + rule.from->text();
  if (rule.to) out += " to " + rule.to->text();
  if (rule.table) out += " table " + std::to_string(*rule.table);
  return out;
}

}  // namespace

Result<bool> Netlink::add_route(const RouteSpec& route) {
  return unless(EEXIST, acknowledged(make_route(true, route).get()), "add route " + text_of(route));
}

Result<bool> Netlink::remove_route(const RouteSpec& route) {
  return unless(ESRCH, acknowledged(make_route(false, route).get()), "remove route " + text_of(route));
}

Result<bool> Netlink::add_rule(const RuleSpec& rule) {
  return unless(EEXIST, acknowledged(make_rule(true, rule).get()), "add rule" + text_of(rule));
}

Result<bool> Netlink::remove_rule(const RuleSpec& rule) {
  return unless(ENOENT, acknowledged(make_rule(false, rule).get()), "remove rule" + text_of(rule));
}

Result<> Netlink::add_macvlan(const std::string& name, std::uint32_t parent, const net::Mac& mac) {
  PLENUM_CHECK(acknowledged(make_macvlan(name, parent, mac).get()), "add macvlan " + name);
  return {};
}

Result<> Netlink::keep_neighbour(const NeighbourKey& key) {
  PLENUM_CHECK(acknowledged(make_neighbour(key, true).get()), "keep neighbour " + key.address.text());
  return {};
}

Result<> Netlink::release_neighbour(const NeighbourKey& key) {
  const auto done =
      unless(ENOENT, acknowledged(make_neighbour(key, false).get()), "release neighbour " + key.address.text());
  return done ? Result<>{} : Result<>(tl::unexpected(done.error()));
}

bool may_refresh(const Neighbour& neighbour) {
  if (neighbour.state & (NUD_PERMANENT | NUD_NOARP)) return false;
  const bool others = (neighbour.flags & NTF_EXT_LEARNED) || (neighbour.ext_flags & NTF_EXT_MANAGED);
  return !others || neighbour.protocol == kPlenumProtocol;
}

}  // namespace plenum::rt
