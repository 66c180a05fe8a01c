#pragma once
// The sockets of BFD over one hop (RFC 5881): one that receives on port 3784 of an interface, and one a
// session that sends from a port of its own. Opening one may wait for the kernel; sending and receiving
// never wait.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/datagram.h"

namespace plenum::bfd {

class Receiver {
 public:
  // What comes in by the interface. Errors: ENODEV, EPERM, EADDRINUSE.
  static Result<Receiver> open(const std::string& interface, net::Family family);

  // The next packet; none: there is no more.
  std::optional<rt::Datagram> receive(std::span<std::uint8_t> buffer) {
    return rt::receive_datagram(fd_.get(), buffer);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Receiver(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

class Sender {
 public:
  // From `source` to the neighbour, by the interface, with that TTL. The port is a free one of 49152 and above.
  static Result<Sender> open(const std::string& interface, const net::Address& source, const net::Address& neighbor,
                             std::uint8_t ttl);
  // 0, or the errno.
  int send(std::span<const std::uint8_t> payload);

 private:
  explicit Sender(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace plenum::bfd
