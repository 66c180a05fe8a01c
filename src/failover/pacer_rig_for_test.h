#pragma once
// A pacer with a wire that only notes: packets in, packets and wants out.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "failover/pacer.h"
#include "proto/bfd.h"

namespace plenum::failover {

using namespace std::chrono_literals;
using vrrp::Reason;
using vrrp::State;

inline net::Address address(const char* text) { return net::Address::parse(text).value(); }

inline const net::Address kSelf = address("192.0.2.2"), kOther = address("192.0.2.1"), kThird = address("192.0.2.3");
inline const net::Address kGroup = proto::vrrp_group(net::Family::V4);

class NotingWire final : public Wire {
 public:
  int send_advert(Port&, std::span<const std::uint8_t> payload, const net::Address& source,
                  const net::Address& destination, std::uint8_t ttl) override {
    const auto read = proto::read_vrrp(payload, source, destination);
    EXPECT_TRUE(std::holds_alternative<proto::VrrpRead>(read));
    const auto& advert = std::get<proto::VrrpRead>(read).advert;
    sent.push_back({advert.vrid, advert.priority, destination, ttl});
    return error;
  }
  int send_bfd(PacedSession&, std::span<const std::uint8_t> payload) override {
    bfd.push_back(std::get<proto::BfdPacket>(proto::read_bfd(payload)));
    return 0;
  }
  bool tell(const Event& event) override {
    if (events.size() >= room) return false;
    events.push_back(event);
    return true;
  }
  void wake_hands() override { ++wakes; }

  struct Sent {
    int vrid = 0, priority = 0;
    net::Address destination;
    int ttl = 0;
  };
  [[nodiscard]] std::vector<int> priorities(int vrid = 1) const {
    std::vector<int> out;
    for (const auto& one : sent)
      if (one.vrid == vrid) out.push_back(one.priority);
    return out;
  }
  [[nodiscard]] std::vector<std::string> refusals() const {
    std::vector<std::string> out;
    for (const auto& event : events)
      if (event.kind == Event::Kind::NotTakenOver) out.emplace_back(event.why);
    return out;
  }

  std::vector<Sent> sent;
  std::vector<proto::BfdPacket> bfd;
  std::vector<Event> events;
  std::size_t room = 100000;  // for events
  int error = 0;              // of sending
  int wakes = 0;
};

class PacerTest : public testing::Test {
 protected:
  struct Both {
    RouterBoard board;
    std::unique_ptr<PacedRouter> router;
  };

  PacerTest() {
    port_.ifindex = 3;
    port_.group = kGroup;
  }

  PacedRouter& add(std::uint8_t vrid = 1, std::uint8_t priority = 100, Duration interval = 1s) {
    auto& both = routers_[vrid];
    both.router = std::make_unique<PacedRouter>(
        vrid,
        vrrp::RouterSettings{.version = 3, .vrid = vrid, .priority = priority, .interval = interval, .source = kSelf},
        both.board);
    auto& shape = both.router->shape;
    shape.vrid = vrid;
    shape.interval = interval;
    shape.addresses = {address("192.0.2.10")};
    shape.source = kSelf;
    shape.destinations = {kGroup};
    shape.in = shape.out = &port_;
    shape.ifindex = 3;
    pacer_.add(*both.router);
    return *both.router;
  }
  PacedRouter& able(std::uint8_t vrid = 1, std::uint8_t priority = 100) {
    auto& router = add(vrid, priority);
    pacer_.set_standing(router, true, priority, now_);
    return router;
  }
  PacedSession& session(const net::Address& remote, std::uint32_t id = 7) {
    auto& board = session_boards_[id];
    auto& out = sessions_.emplace_back(std::make_unique<PacedSession>(
        id,
        bfd::SessionSettings{
            .discriminator = id, .desired_min_tx = 30ms, .required_min_rx = 30ms, .detect_multiplier = 3},
        now_, [] { return 0.5; }, board));
    out->local = kSelf;
    out->remote = remote;
    out->ifindex = 3;
    pacer_.add(*out);
    return *out;
  }
  void hear(int priority, const net::Address& from = kOther, std::uint8_t vrid = 1, std::uint8_t ttl = 255,
            int version = 3) {
    proto::VrrpAdvert advert{.version = static_cast<std::uint8_t>(version),
                             .vrid = vrid,
                             .priority = static_cast<std::uint8_t>(priority),
                             .interval = 1s,
                             .addresses = {address("192.0.2.10")}};
    hear(advert, from, kGroup, ttl);
  }
  void hear(const proto::VrrpAdvert& advert, const net::Address& from, const net::Address& to, std::uint8_t ttl = 255) {
    const auto bytes = proto::write_vrrp(advert, from, to, proto::VrrpChecksum::PseudoHeader);
    pacer_.heard_advert(port_, bytes, from, to, ttl, now_);
  }
  void hear_bfd(const net::Address& from, proto::BfdState state, std::uint32_t ours = 7) {
    proto::BfdPacket packet;
    packet.state = state;
    packet.my_discriminator = 99;
    packet.your_discriminator = state == proto::BfdState::Down ? 0 : ours;
    packet.desired_min_tx_us = packet.required_min_rx_us = 30000;
    pacer_.heard_bfd(3, proto::write_bfd(packet), from, 255, now_);
  }
  void bring_up(const net::Address& from, std::uint32_t ours = 7) {
    hear_bfd(from, proto::BfdState::Down, ours);
    hear_bfd(from, proto::BfdState::Init, ours);
  }
  // Time goes on, with whatever is due on the way.
  void pass(Duration time) {
    const auto end = now_ + time;
    for (auto due = pacer_.due(now_); due && *due <= end; due = pacer_.due(now_)) {
      now_ = std::max(now_, *due);
      pacer_.advance(now_);
    }
    now_ = end;
  }
  [[nodiscard]] Want want(std::uint8_t vrid = 1) { return RouterBoard::want_of(routers_[vrid].board.wanted); }
  [[nodiscard]] State state(std::uint8_t vrid = 1) { return routers_[vrid].router->machine.state(); }
  [[nodiscard]] std::uint64_t count(Count which, std::uint8_t vrid = 1) {
    return routers_[vrid].board.counts.get(which);
  }

  TimePoint now_{1000s};
  NotingWire wire_;
  HostCounts counts_;
  Port port_;
  std::map<int, Both> routers_;
  std::map<std::uint32_t, SessionBoard> session_boards_;
  std::vector<std::unique_ptr<PacedSession>> sessions_;
  Pacer pacer_{wire_, counts_};
};

}  // namespace plenum::failover
