#pragma once
// The socket of VRRP: IP protocol 112 over one interface, of one family. Receives what comes in by that
// interface, for the group or for this host, with the addresses and the TTL it came with; sends with the
// source address that it is told. Opening one may wait for the kernel; sending and receiving never wait.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/datagram.h"

namespace plenum::vrrp {

class Socket {
 public:
  // Joined to `group` where one is given; its own multicasts do not come back. Errors: ENODEV, EPERM.
  static Result<Socket> open(const std::string& interface, net::Family family,
                             const std::optional<net::Address>& group);

  // The next packet; none: there is no more. One that is not to be understood comes as an empty payload.
  std::optional<rt::Datagram> receive(std::span<std::uint8_t> buffer);
  // 0, or the errno.
  int send(std::span<const std::uint8_t> payload, const net::Address& source, const net::Address& destination,
           std::uint8_t ttl);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] net::Family family() const { return family_; }
  [[nodiscard]] std::uint32_t ifindex() const { return ifindex_; }

 private:
  Socket(Fd fd, net::Family family, std::uint32_t ifindex) : fd_(std::move(fd)), family_(family), ifindex_(ifindex) {}
  Fd fd_;
  net::Family family_;
  std::uint32_t ifindex_;
};

}  // namespace plenum::vrrp
