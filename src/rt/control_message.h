#pragma once
// What goes along with one packet, beside its bytes and its destination: where it leaves, from which address, with
// which TTL and mark. For sockets that send for many; in place, without memory of its own.

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "net/address.h"

namespace plenum::rt {

class ControlMessages {
 public:
  // By that interface (0: the one that routes say) and from that address (none: the kernel's choice).
  void add_way(net::Family family, unsigned ifindex, const std::optional<net::Address>& source);
  void add_ttl(net::Family family, std::uint8_t ttl);
  void add_mark(std::uint32_t mark);
  // As long as the message is used, this stays where it is.
  void attach(msghdr& message);

 private:
  template <class Value>
  void add(int level, int type, const Value& value) {
    auto* header = reinterpret_cast<cmsghdr*>(bytes_.data() + size_);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }

  // One of each kind: 88 bytes at the most.
  alignas(cmsghdr) std::array<char, 128> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace plenum::rt
