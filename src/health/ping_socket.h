#pragma once
// One ICMP socket of a family for all pings: sends echo requests and tells each sender of its reply. Without
// privilege where the kernel lets everybody ping (net.ipv4.ping_group_range), else a raw one.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "health/outcome.h"
#include "health/reactor.h"
#include "net/address.h"

namespace plenum::health {

struct Target;

class PingSocket final : private Reactor::Ready {
 public:
  class User {
   public:
    virtual void on_reply() = 0;

   protected:
    ~User() = default;
  };

  static Result<std::unique_ptr<PingSocket>> open(Reactor& reactor, net::Family family);

  // The reply to what was sent last for a user is told to it once. What kept it from being sent.
  std::optional<Outcome> ask(const Target& target, std::uint16_t payload, User& user, std::uint16_t& sequence);
  void forget(std::uint16_t sequence) { waiting_.erase(sequence); }

 private:
  struct Waiting {
    User* user = nullptr;
    net::Address address;
    std::vector<std::uint8_t> payload;
  };

  PingSocket(net::Family family, bool raw, std::uint16_t id) : family_(family), raw_(raw), id_(id) {}
  void on_ready(std::uint32_t events) override;
  void on_message(std::span<const std::uint8_t> message, const net::Address& from);

  net::Family family_;
  bool raw_;
  std::uint16_t id_;  // of a raw one; else the kernel's
  std::uint16_t sequence_;
  std::unordered_map<std::uint16_t, Waiting> waiting_;
  Reactor::Socket socket_;
};

}  // namespace plenum::health
