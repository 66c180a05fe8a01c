// A connection to the virtual address opens half, by way of one server.
#include "health/connect.h"
#include "health/probe.h"
#include "health/surroundings.h"
#include "health/virtual_socket.h"

namespace plenum::health {

namespace {

constexpr Duration kAgain = std::chrono::seconds(1);  // as the kernel's TCP repeats a SYN

class TcpToVip final : public Probe, private VirtualSocket::User {
 public:
  TcpToVip(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)), target_(target), around_(around), again_(around.reactor, [this] {
          socket()->ask_again(key_);
          again_.set(SteadyClock().now() + kAgain);
        }) {}
  ~TcpToVip() override {
    if (waits_) socket()->forget(key_);
  }
  TcpToVip(const TcpToVip&) = delete;
  TcpToVip& operator=(const TcpToVip&) = delete;

  void begin() override {
    if (!target_.path) return end(Outcome::hindered("there is no virtual address"));
    if (target_.path->forward != conf::Forward::Route && target_.path->forward != conf::Forward::Tunnel)
      return end(Outcome::hindered("packets do not come to the server with the virtual address"));
    if (!socket()) {
      auto opened = VirtualSocket::open(around_.reactor, target_.path->vip.address.family());
      if (!opened) return end(Outcome::hindered(opened.error().what));
      socket() = std::move(*opened);
    }
    if (auto outcome = socket()->ask(target_, *this, key_)) return end(std::move(*outcome));
    waits_ = true;
    again_.set(SteadyClock().now() + kAgain);
  }
  Outcome timed_out() override {
    return Outcome::failed(late_text(("no answer from " + target_.path->vip.address.text()).c_str(), target_));
  }

 private:
  void on_answer(bool open) override {
    waits_ = false;
    again_.cancel();
    end(open ? Outcome::passed()
             : Outcome::failed("connect to " + target_.path->vip.address.text() + ": Connection refused"));
  }
  std::unique_ptr<VirtualSocket>& socket() {
    return target_.path->vip.address.is_v4() ? around_.virtual4 : around_.virtual6;
  }

  const Target& target_;
  Surroundings& around_;
  std::uint32_t key_ = 0;
  bool waits_ = false;
  Reactor::Alarm again_;
};

}  // namespace

std::unique_ptr<Probe> make_tcp_to_vip_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<TcpToVip>(target, around, std::move(on_end));
}

}  // namespace plenum::health
