#pragma once
// A network namespace of the test's own, in which the director's route lookups have known
// answers. It knows the addresses of the world the tests play in and nothing of packets.

#include "base/fd.h"
#include "net/address.h"

namespace plenum::packet {

// The way back to clients, as routes of the namespace: everything leaves by one interface
// (not the ingress) towards one neighbour.
struct WayToClients {
  static constexpr net::Mac kFrom{{2, 0, 0, 0, 0, 2}};  // the interface's own address
  static constexpr net::Mac kTo{{2, 0, 0, 0, 0xc, 1}};  // the neighbour's
  static constexpr unsigned kMtu = 1500;
};

// Moves the calling thread, and the threads it starts later, into a new namespace with
// forwarding on; back into the old one at the end, when the new one and all in it vanish.
// Throws std::runtime_error where that is not permitted.
class PrivateNetwork {
 public:
  PrivateNetwork();
  ~PrivateNetwork();
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

 private:
  Fd outside_;
};

// The interface that leads to clients; 0 outside a PrivateNetwork.
unsigned egress();

// Runs ip(8) -batch over these lines; throws where one fails.
void ip_batch(const char* lines);

}  // namespace plenum::packet
