// The pacing thread's decisions under any history: packets of anybody, time that goes on, orders of main. After
// each step what must always hold is checked: states and wants agree, a group is never torn apart, what is due
// is in the future once it was done, nobody is master who may not be, and no sequence sends without end.

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "failover/pacer.h"

namespace {

using namespace plenum;
using namespace plenum::failover;
using namespace std::chrono_literals;

void must(bool holds) {
  if (!holds) std::abort();
}

class CountingWire final : public Wire {
 public:
  int send_advert(Port&, std::span<const std::uint8_t> payload, const net::Address& source,
                  const net::Address& destination, std::uint8_t) override {
    must(std::holds_alternative<proto::VrrpRead>(proto::read_vrrp(payload, source, destination)));
    ++sent;
    return fails ? 1 : 0;
  }
  int send_bfd(PacedSession&, std::span<const std::uint8_t> payload) override {
    must(std::holds_alternative<proto::BfdPacket>(proto::read_bfd(payload)));
    ++sent;
    return 0;
  }
  // Full now and then, as main's ring is when main is busy.
  bool tell(const Event&) override { return ++told % 3 != 0; }
  void wake_hands() override {}
  std::uint32_t sent = 0, told = 0;
  bool fails = false;
};

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  [[nodiscard]] bool any() const { return left_ > 0; }
  std::uint8_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

constexpr int kRouters = 4, kSessions = 2;

struct World {
  CountingWire wire;
  HostCounts counts;
  Port port;
  std::array<RouterBoard, kRouters> boards;
  std::array<SessionBoard, kSessions> session_boards;
  std::array<bool, kRouters> able{};
  std::vector<std::unique_ptr<PacedRouter>> routers;
  std::vector<std::unique_ptr<PacedSession>> sessions;
  TimePoint now{1000s};
  Pacer pacer{wire, counts};
};

net::Address neighbour(int number) { return net::Address::v4(0xc0000201u + static_cast<std::uint32_t>(number & 3)); }

void begin(World& w, Bytes& in) {
  const auto self = neighbour(1);
  w.port.ifindex = 3;
  w.port.group = proto::vrrp_group(net::Family::V4);
  for (int i = 0; i < kRouters; ++i) {
    const auto shape_bits = in.next();
    const auto vrid = static_cast<std::uint8_t>(i + 1);
    vrrp::RouterSettings settings{.version = static_cast<std::uint8_t>(shape_bits & 1 ? 2 : 3),
                                  .vrid = vrid,
                                  .priority = static_cast<std::uint8_t>(in.next() | 1),
                                  .interval = shape_bits & 1 ? Duration(1s) : Duration(100ms),
                                  .preempt = (shape_bits & 2) == 0,
                                  .preempt_delay = shape_bits & 4 ? Duration(3s) : Duration(),
                                  .source = self};
    auto router = std::make_unique<PacedRouter>(vrid, settings, w.boards[static_cast<std::size_t>(i)]);
    router->shape.version = settings.version;
    router->shape.vrid = vrid;
    router->shape.interval = settings.interval;
    router->shape.addresses = {neighbour(0)};
    router->shape.source = self;
    router->shape.destinations = {w.port.group};
    router->shape.in = router->shape.out = &w.port;
    router->shape.ifindex = shape_bits & 8 ? 4 : 3;
    w.pacer.add(*router);
    w.routers.push_back(std::move(router));
  }
  // Two alone, two in a group.
  std::vector<PacedGroup> groups{{{w.routers[2].get(), w.routers[3].get()}}};
  w.pacer.set_groups(groups, w.now);
  for (int i = 0; i < kSessions; ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    auto session = std::make_unique<PacedSession>(
        number, bfd::SessionSettings{.discriminator = number, .desired_min_tx = 30ms, .required_min_rx = 30ms}, w.now,
        [] { return 0.5; }, w.session_boards[static_cast<std::size_t>(i)]);
    session->local = self;
    session->remote = neighbour(i + 2);
    session->ifindex = 3;
    w.pacer.add(*session);
    w.sessions.push_back(std::move(session));
  }
}

void let_pass(World& w, Duration time) {
  const auto end = w.now + time;
  for (int steps = 0;; ++steps) {
    must(steps < 10000);
    const auto due = w.pacer.due(w.now);
    if (!due || *due > end) break;
    w.now = std::max(w.now, *due);
    w.pacer.advance(w.now);
    const auto next = w.pacer.due(w.now);
    must(!next || *next > w.now);
  }
  w.now = end;
}

void step(World& w, Bytes& in) {
  const auto what = in.next(), which = in.next();
  auto& router = *w.routers[which % kRouters];
  switch (what % 8) {
    case 0:
      return let_pass(w, std::chrono::milliseconds(which) * 10);
    case 1:
    case 2: {
      const proto::VrrpAdvert advert{.version = router.shape.version,
                                     .vrid = router.shape.vrid,
                                     .priority = in.next(),
                                     .interval = router.shape.interval,
                                     .addresses = {neighbour(0)}};
      const auto from = neighbour(what >> 3);
      const auto bytes = proto::write_vrrp(advert, from, w.port.group, proto::VrrpChecksum::PseudoHeader);
      return w.pacer.heard_advert(w.port, bytes, from, w.port.group, 255, w.now);
    }
    case 3: {
      auto& session = *w.sessions[which % kSessions];
      proto::BfdPacket packet;
      packet.state = static_cast<proto::BfdState>(what >> 3 & 3);
      packet.my_discriminator = 77;
      packet.your_discriminator = in.next() & 1 ? session.discriminator : 0;
      packet.poll = (what & 0x20) != 0;
      packet.demand = (what & 0x40) != 0;
      packet.desired_min_tx_us = packet.required_min_rx_us = 30000;
      return w.pacer.heard_bfd(3, proto::write_bfd(packet), session.remote, 255, w.now);
    }
    case 4: {
      // A group's members are able together, as main sees to it.
      const bool able = (what & 8) != 0;
      const auto first = which % kRouters, last = first >= 2 ? 3 : first;
      for (auto i = first >= 2 ? 2 : first; i <= last; ++i) {
        w.able[static_cast<std::size_t>(i)] = able;
        w.pacer.set_standing(*w.routers[static_cast<std::size_t>(i)], able, in.next(), w.now);
      }
      return;
    }
    case 5:
      if ((what & 0x10) != 0) {
        const auto time = std::chrono::milliseconds(which) * 4;
        w.now += time;
        w.pacer.was_away(time, time / 2, w.now);
        return let_pass(w, {});
      }
      return what & 8 ? w.pacer.resign(router, w.now) : w.pacer.adopt(router, w.now);
    case 6:
      w.wire.fails = (what & 8) != 0;
      for (auto& board : w.session_boards) board.carrier = !w.wire.fails;
      return;
    default: {
      std::vector<std::uint8_t> raw(which % 64);
      for (auto& byte : raw) byte = in.next();
      w.pacer.heard_advert(w.port, raw, neighbour(what >> 3), w.port.group, 255, w.now);
      w.pacer.heard_bfd(3, raw, neighbour(what >> 3), 255, w.now);
    }
  }
}

void check(const World& w) {
  for (int i = 0; i < kRouters; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto state = w.routers[at]->machine.state();
    const auto want = RouterBoard::want_of(w.boards[at].wanted.load());
    must((state == vrrp::State::Fault) == !w.able[at]);
    must((state == vrrp::State::Master) == (want == Want::Present));
    must(state != vrrp::State::Master || !w.routers[at]->machine.master());
  }
  const bool one = w.routers[2]->machine.state() == vrrp::State::Master;
  const bool other = w.routers[3]->machine.state() == vrrp::State::Master;
  // An owner is master whatever its group is.
  const bool owner = w.routers[2]->machine.priority() == 255 || w.routers[3]->machine.priority() == 255;
  must(one == other || owner);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  World world;
  begin(world, in);
  while (in.any()) {
    const auto before = world.wire.sent;
    step(world, in);
    // 2.55 s of four routers each 100 ms, and of two sessions each 30 ms, with answers.
    must(world.wire.sent - before < 2000);
    check(world);
  }
  world.pacer.stop(world.now);
  for (const auto& router : world.routers) must(router->machine.state() == vrrp::State::Fault);
  for (const auto& board : world.boards) must(RouterBoard::want_of(board.wanted.load()) == Want::Absent);
  return 0;
}
