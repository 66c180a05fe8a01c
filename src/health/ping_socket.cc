#include "health/ping_socket.h"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "health/connect.h"
#include "proto/icmp_echo.h"
#include "rt/datagram.h"
#include "rt/socket_option.h"

namespace plenum::health {

namespace {

constexpr int kIcmpFilter = 1;    // linux/icmp.h, which cannot be included beside net/if.h
constexpr int kBuffer = 4 << 20;  // replies come in bursts

}  // namespace

Result<std::unique_ptr<PingSocket>> PingSocket::open(Reactor& reactor, net::Family family) {
  const bool v4 = family == net::Family::V4;
  const int domain = v4 ? AF_INET : AF_INET6;
  const int protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  bool raw = false;
  Fd fd(::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd) {
    raw = true;
    fd = Fd(::socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!fd) return fail_errno("ping socket");
    if (v4) {
      const std::uint32_t others = ~(1U << ICMP_ECHOREPLY);
      ::setsockopt(fd.get(), SOL_RAW, kIcmpFilter, &others, sizeof others);
    } else {
      icmp6_filter filter;
      ICMP6_FILTER_SETBLOCKALL(&filter);
      ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
      ::setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
    }
  }
  PLENUM_CHECK(rt::set_receive_buffer(fd, kBuffer), "ping socket");
  std::random_device random;
  std::unique_ptr<PingSocket> out(new PingSocket(family, raw, static_cast<std::uint16_t>(random())));
  out->sequence_ = static_cast<std::uint16_t>(random());
  PLENUM_TRY(out->socket_, reactor.add(std::move(fd), EPOLLIN, *out), "ping socket");
  return out;
}

std::optional<Outcome> PingSocket::ask(const Target& target, std::uint16_t payload, User& user,
                                       std::uint16_t& sequence) {
  if (waiting_.size() >= 65536) return Outcome::hindered("65536 pings are under way");
  while (waiting_.contains(++sequence_)) {
  }
  Waiting waiting{&user, target.asked().address, std::vector<std::uint8_t>(payload)};
  // So that an old reply to the same number is not taken for this one's.
  std::minstd_rand random(std::random_device{}());
  for (auto& byte : waiting.payload) byte = static_cast<std::uint8_t>(random() >> 8);
  const auto request = proto::write_echo_request(family_, {id_, sequence_, waiting.payload});

  const auto& check = target.check;
  if (check.source && check.source->address.family() != family_)
    return Outcome::hindered("source " + check.source->address.text() + " is not of the family that is asked");
  const unsigned interface = check.interface.empty() ? 0 : ::if_nametoindex(check.interface.c_str());
  if (interface == 0 && !check.interface.empty())
    return Outcome::hindered("interface " + check.interface + ": " + std::strerror(errno));
  rt::ControlMessages control;
  if (check.source || interface != 0)
    control.add_way(family_, interface, check.source ? std::optional(check.source->address) : std::nullopt);
  if (check.mark != 0) control.add_mark(check.mark);
  if (const int error = rt::send_datagram(socket_.fd(), request, {waiting.address, 0}, interface, control)) {
    // A source that is not here looks like a destination without a way.
    if (check.source && !is_here(check.source->address))
      return Outcome::hindered("source " + check.source->address.text() + " is not here");
    return outcome_of_errno("send", error);
  }
  sequence = sequence_;
  waiting_.emplace(sequence_, std::move(waiting));
  return std::nullopt;
}

void PingSocket::on_ready(std::uint32_t /*events*/) {
  std::array<std::uint8_t, 65536> block;
  while (true) {
    const auto heard = rt::receive_datagram(socket_.fd(), block);
    if (!heard) {
      if (errno == EAGAIN) return;
      continue;  // an error that stood at the socket, now taken off it
    }
    const bool with_header = raw_ && family_ == net::Family::V4;
    on_message(with_header ? proto::behind_ipv4_header(heard->payload) : heard->payload, heard->source);
  }
}

void PingSocket::on_message(std::span<const std::uint8_t> message, const net::Address& from) {
  const auto echo = proto::read_echo_reply(family_, message);
  if (!echo || (raw_ && echo->id != id_)) return;
  const auto found = waiting_.find(echo->sequence);
  if (found == waiting_.end() || found->second.address != from ||
      !std::equal(echo->payload.begin(), echo->payload.end(), found->second.payload.begin(),
                  found->second.payload.end()))
    return;
  auto* user = found->second.user;
  waiting_.erase(found);
  user->on_reply();
}

}  // namespace plenum::health
