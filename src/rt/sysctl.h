#pragma once
// Kernel settings below /proc/sys that are one character, '0' or '1'.

#include <string>

namespace plenum::rt {

// By path below /proc/sys: "net/ipv4/ip_forward".
bool sysctl_is(const std::string& path, char value);
// Left alone where it is so already; without the right to, nothing happens.
void set_sysctl(const std::string& path, char value);

}  // namespace plenum::rt
