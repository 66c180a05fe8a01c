// An echo reply.
#include "health/connect.h"
#include "health/ping_socket.h"
#include "health/probe.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

class Ping final : public Probe, private PingSocket::User {
 public:
  Ping(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)), target_(target), around_(around), v4_(target.asked().address.is_v4()) {}
  ~Ping() override {
    if (waits_) socket()->forget(sequence_);
  }
  Ping(const Ping&) = delete;
  Ping& operator=(const Ping&) = delete;

  void begin() override {
    if (!socket()) {
      auto opened = PingSocket::open(around_.reactor, v4_ ? net::Family::V4 : net::Family::V6);
      if (!opened) return end(Outcome::hindered(opened.error().what));
      socket() = std::move(*opened);
    }
    const auto payload = std::get<conf::PingProbe>(target_.check.probe).payload;
    if (auto outcome = socket()->ask(target_, payload, *this, sequence_)) return end(std::move(*outcome));
    waits_ = true;
  }
  Outcome timed_out() override { return Outcome::failed(late_text("no echo", target_)); }

 private:
  void on_reply() override {
    waits_ = false;
    end(Outcome::passed());
  }
  std::unique_ptr<PingSocket>& socket() { return v4_ ? around_.ping4 : around_.ping6; }

  const Target& target_;
  Surroundings& around_;
  bool v4_, waits_ = false;
  std::uint16_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<Probe> make_ping_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<Ping>(target, around, std::move(on_end));
}

}  // namespace plenum::health
