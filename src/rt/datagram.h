#pragma once
// One packet of a socket that many use, with what the kernel says about it. Neither direction waits, nor asks for
// memory: bytes are the caller's.

#include <cstdint>
#include <optional>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/control_message.h"

namespace plenum::rt {

struct Datagram {
  std::span<const std::uint8_t> payload;  // into the buffer that was handed in
  net::Address source;
  // Known where they were asked for; else the family's unspecified address, 0 and 0.
  net::Address destination;
  std::uint8_t ttl = 0;
  std::uint32_t ifindex = 0;
};

// From now on the socket tells where its packets were sent to, their TTL, and the interface they came by.
Result<> ask_for_details(const Fd& fd, net::Family family);

// The next packet, cut where the buffer ends; of raw IPv4 sockets with its header. None: errno says why (EAGAIN: there
// is no more; others are an error that stood at the socket and was taken off it).
std::optional<Datagram> receive_datagram(int fd, std::span<std::uint8_t> buffer);

// 0, or the errno. `link`: as SocketAddress has it.
int send_datagram(int fd, std::span<const std::uint8_t> payload, const net::Endpoint& to, unsigned link,
                  ControlMessages& control);

}  // namespace plenum::rt
