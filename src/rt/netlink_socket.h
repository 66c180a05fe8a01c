#pragma once
// Raw netlink sockets: opening one and reading a datagram. Only for .cc files of this room.

#include <cstddef>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace plenum::rt {

// Of NETLINK_ROUTE or another protocol; non-blocking, with a receive buffer of that many bytes where the
// kernel allows it.
Result<Fd> open_netlink_socket(int receive_buffer, int protocol);

struct NetlinkRead {
  enum class Status { Data, Empty, Overflow };  // Overflow: messages were lost
  Status status = Status::Empty;
  std::size_t size = 0;
};

// One datagram from the kernel into `buffer`; those of other processes are skipped.
Result<NetlinkRead> receive_netlink(int fd, std::vector<char>& buffer);

}  // namespace plenum::rt
