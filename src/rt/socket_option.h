#pragma once
// Options of sockets, with an error that says which one was refused.

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"

namespace plenum::rt {

// `what` says in an error what was to be set.
template <class T>
Result<> set_option(const Fd& fd, int level, int name, const T& value, const char* what) {
  if (::setsockopt(fd.get(), level, name, &value, sizeof value) != 0) return fail_errno(what);
  return {};
}

// Only what comes in by that interface, and everything out by it.
Result<> bind_to_interface(const Fd& fd, const std::string& interface);

// Beyond what the host allows everyone where this process may; else as much as it allows.
Result<> set_receive_buffer(const Fd& fd, int bytes);
Result<> set_send_buffer(const Fd& fd, int bytes);

// Multicasts leave by that interface, and this host does not hear its own.
Result<> send_multicast_by(const Fd& fd, net::Family family, unsigned ifindex);
Result<> join_group(const Fd& fd, const net::Address& group, unsigned ifindex);

// ENODEV when there is no such interface.
Result<unsigned> interface_index(const std::string& interface);

}  // namespace plenum::rt
