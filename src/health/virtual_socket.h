#pragma once
// Half-open connections to virtual addresses that this host may well carry itself, by way of one server each: the
// kernel's TCP would speak to itself, so segments are sent raw. Routes and neighbours are the kernel's: a packet to the
// virtual address is sent as one to the server (as IPVS does it; raw sockets allow the two to differ), or in a tunnel
// to it. Answers are seen before the stack judges them by a source address that is its own. Of one family of virtual
// addresses.

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "health/outcome.h"
#include "health/reactor.h"
#include "net/address.h"
#include "proto/tcp_segment.h"

namespace plenum::health {

struct Target;

class VirtualSocket final : private Reactor::Ready {
 public:
  class User {
   public:
    virtual void on_answer(bool open) = 0;  // open: a SYN/ACK, which was reset; else the port is closed

   protected:
    ~User() = default;
  };

  static Result<std::unique_ptr<VirtualSocket>> open(Reactor& reactor, net::Family family);

  // Sends a SYN; the answer is told to `user` once. What kept it from being sent.
  std::optional<Outcome> ask(const Target& target, User& user, std::uint32_t& key);
  // The same SYN once more: it or its answer may have been lost.
  void ask_again(std::uint32_t key);
  void forget(std::uint32_t key) { waiting_.erase(key); }

 private:
  // Ports held, so that no connection of this host has one of them, and taken in turn: a machine that was not reached
  // by our reset yet, or is several servers of one virtual address, is not asked from the same one.
  static constexpr std::uint16_t kPorts = 64;

  struct Waiting {
    User* user = nullptr;
    const Target* target = nullptr;
    proto::TcpSegment syn;
  };

  explicit VirtualSocket(net::Family family) : family_(family), random_(std::random_device{}()) {}
  Result<> hold_ports();
  Result<> listen(Reactor& reactor);
  void on_ready(std::uint32_t events) override;
  std::optional<Outcome> source_for(const Target& target, net::Address& source) const;
  std::optional<Outcome> send(const Target& target, const proto::TcpSegment& segment);
  Result<int> sender(net::Family family, int protocol);

  net::Family family_;
  std::mt19937 random_;
  std::uint16_t first_port_ = 0, turn_ = 0;
  std::vector<Fd> ports_;
  std::unordered_map<int, Fd> senders_;                 // by family and protocol
  std::unordered_map<std::uint32_t, Waiting> waiting_;  // by the number that the answer acknowledges
  Reactor::Socket listener_;
};

}  // namespace plenum::health
