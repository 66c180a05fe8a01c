// The server takes a connection; it is reset at once, most times before the server's program has seen it, which is
// spared the work and the line in its log.
#include "health/connect.h"
#include "health/probe.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

class TcpConnect final : public Probe, private Reactor::Ready {
 public:
  TcpConnect(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)), target_(target), around_(around) {}

  void begin() override {
    auto begun = connect_stream(target_, First::Us);
    if (auto* outcome = std::get_if<Outcome>(&begun)) return end(std::move(*outcome));
    auto socket = around_.reactor.add(std::move(std::get<Fd>(begun)), EPOLLOUT, *this);
    if (!socket) return end(Outcome::hindered(socket.error().what));
    socket_ = std::move(*socket);
  }
  Outcome timed_out() override { return Outcome::failed(late_text("no connection", target_)); }

 private:
  void on_ready(std::uint32_t events) override {
    const int error = (events & (EPOLLERR | EPOLLHUP)) != 0 ? socket_error(socket_.fd()) : 0;
    socket_.close();
    end(error == 0 ? Outcome::passed() : outcome_of_errno("connect", error));
  }

  const Target& target_;
  Surroundings& around_;
  Reactor::Socket socket_;
};

}  // namespace

std::unique_ptr<Probe> make_tcp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  if (std::get<conf::TcpProbe>(target.check.probe).to_vip)
    return make_tcp_to_vip_probe(target, around, std::move(on_end));
  return std::make_unique<TcpConnect>(target, around, std::move(on_end));
}

}  // namespace plenum::health
