#pragma once
// Sockets towards a target: of the family, from where and by what its check says. Knows errno's two kinds: what says
// something about the target, and what only says that this host has run out of something.

#include <cstdint>
#include <string>
#include <variant>

#include "base/fd.h"
#include "health/outcome.h"
#include "health/target.h"

namespace plenum::health {

// "connect: Connection refused", with what was hindered told from what failed.
Outcome outcome_of_errno(const char* doing, int error);

// Who says something first when a connection stands. Where it is us, the server's SYN/ACK is acknowledged with that,
// or with the reset.
enum class First : std::uint8_t { Us, Server };

// Non-blocking, on its way to target.asked(); closed, it resets a connection, so that no port stays in TIME_WAIT.
// What kept it from being begun instead.
std::variant<Fd, Outcome> connect_stream(const Target& target, First first);
// The same for datagrams: errors of the network are told by the socket.
std::variant<Fd, Outcome> connect_datagram(const Target& target);

// Whether this host may send from it.
bool is_here(const net::Address& address);

// The error a connection ended with, 0 for none.
int socket_error(int fd);

// "no connection within 1 s".
std::string late_text(const char* what, const Target& target);

}  // namespace plenum::health
