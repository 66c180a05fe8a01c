// A director that carries the virtual address and a server beside it that does, too, as with direct routing and
// tunnels.
#include <gtest/gtest.h>

#include "health/rig_for_test.h"
#include "rt/namespace_for_test.h"

namespace plenum::health {
namespace {

// Listens on every address of "there", until it goes.
class ListenerThere {
 public:
  ListenerThere(const rt::TwoNamespaces& space, std::uint16_t port, bool v6 = false) {
    std::thread([&] {
      space.enter_there();
      fd_ = Fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int on = 1;
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      sockaddr_storage any{};
      any.ss_family = v6 ? AF_INET6 : AF_INET;
      reinterpret_cast<sockaddr_in&>(any).sin_port = htons(port);
      EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)),
                0);
      EXPECT_EQ(::listen(fd_.get(), 16), 0);
    }).join();
  }

 private:
  Fd fd_;
};

Target to_vip(const char* vip, const char* server, Duration timeout = 3s) {
  auto target = target_of(conf::TcpProbe{true}, {*net::Address::parse(server), 80}, timeout);
  target.path = VirtualPath{{*net::Address::parse(vip), 80}, conf::Forward::Route, {}};
  return target;
}

TEST(TcpToVip, FindsTheServerThatLacksTheVirtualAddress) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    // The director's own address comes behind the virtual one, so the kernel would choose that as a source.
    rt::TwoNamespaces::sh("ip addr add 192.0.2.10/24 dev eth0 && ip addr add 192.0.2.1/24 dev eth0");
    space.sh_there("ip addr add 192.0.2.2/24 dev eth0 && ip addr add 192.0.2.10/32 dev lo");
    const ListenerThere listener(space, 80);
    Rig rig;
    EXPECT_EQ(rig.ask(to_vip("192.0.2.10", "192.0.2.2")), "ok");
    // It was reset, and is not left half open.
    space.sh_there("test -z \"$(ss -Htan state syn-recv)\"");
    auto closed = to_vip("192.0.2.10", "192.0.2.2");
    closed.path->vip.port = 81;
    EXPECT_EQ(rig.ask(closed), "connect to 192.0.2.10: Connection refused");
    // A connection to the server itself knows nothing of it.
    space.sh_there("ip addr del 192.0.2.10/32 dev lo");
    EXPECT_EQ(rig.ask(to_vip("192.0.2.10", "192.0.2.2", 200ms)), "no answer from 192.0.2.10 within 200 ms");
    EXPECT_EQ(rig.ask(target_of(conf::TcpProbe{}, {*net::Address::parse("192.0.2.2"), 80})), "ok");
    auto stranger = to_vip("192.0.2.10", "192.0.2.2");
    stranger.check.source = net::Endpoint{*net::Address::parse("192.0.2.3"), 0};
    EXPECT_EQ(rig.ask(stranger), "hindered: source 192.0.2.3 is not here");
    auto nat = to_vip("192.0.2.10", "192.0.2.2");
    nat.path->forward = conf::Forward::Masq;
    EXPECT_EQ(rig.ask(nat).substr(0, 9), "hindered:");
    nat.path.reset();
    EXPECT_EQ(rig.ask(nat), "hindered: there is no virtual address");
  });
}

TEST(TcpToVip, OverIpv6) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 2001:db8::1/64 dev eth0 nodad && ip addr add 2001:db8::10/128 dev lo nodad");
    space.sh_there("ip addr add 2001:db8::2/64 dev eth0 nodad && ip addr add 2001:db8::10/128 dev lo nodad");
    const ListenerThere listener(space, 80, true);
    rt::TwoNamespaces::sh("ping -6 -q -c 1 -w 20 2001:db8::2 >/dev/null");  // neighbours may take their time
    Rig rig;
    EXPECT_EQ(rig.ask(to_vip("2001:db8::10", "2001:db8::2")), "ok");
    space.sh_there("ip addr del 2001:db8::10/128 dev lo");
    EXPECT_EQ(rig.ask(to_vip("2001:db8::10", "2001:db8::2", 200ms)), "no answer from 2001:db8::10 within 200 ms");
  });
}

TEST(TcpToVip, ManyServersBehindOneAddressAreToldApart) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 10.0.0.1/8 dev eth0 && ip addr add 192.0.2.10/32 dev eth0");
    space.sh_there(
        "ip addr add 10.0.0.2/8 dev eth0 && ip route add local 10.1.0.0/16 dev lo && ip addr add 192.0.2.10/32 dev lo");
    const ListenerThere listener(space, 80);
    Rig rig;
    std::vector<Target> targets;
    for (unsigned i = 0; i < 48; ++i) {
      auto target = to_vip("192.0.2.10", "10.0.0.2", 1s);
      // Every other one is not there.
      target.server.address = net::Address::v4((i % 2 == 0 ? 0x0a010000 : 0x0a020000) + i);
      target.id = std::to_string(i);
      target.check.interval = 1h;
      target.check.start_delay = 0ns;
      targets.push_back(target);
    }
    rig.checker->set_targets(targets);
    ASSERT_TRUE(rig.wait([&] {
      const auto statuses = rig.checker->snapshot();
      return statuses.size() == 48 &&
             std::all_of(statuses.begin(), statuses.end(), [](const auto& status) { return status.probes == 1; });
    }));
    for (const auto& status : rig.checker->snapshot())
      EXPECT_EQ(status.last->passed, std::stoi(status.id) % 2 == 0) << status.id << ": " << status.last->why;
  });
}

}  // namespace
}  // namespace plenum::health
