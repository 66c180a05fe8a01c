// A datagram, and an answer; or, where none is asked for, nobody who says that the port is not there.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "health/connect.h"
#include "health/probe.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

class UdpDatagram final : public Probe, private Reactor::Ready {
 public:
  UdpDatagram(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::UdpProbe>(target.check.probe)),
        target_(target),
        around_(around) {}

  void begin() override {
    auto begun = connect_datagram(target_);
    if (auto* outcome = std::get_if<Outcome>(&begun)) return end(std::move(*outcome));
    auto socket = around_.reactor.add(std::move(std::get<Fd>(begun)), EPOLLIN, *this);
    if (!socket) return end(Outcome::hindered(socket.error().what));
    socket_ = std::move(*socket);
    if (::send(socket_.fd(), probe_.payload.data(), probe_.payload.size(), 0) < 0) end(outcome_of_errno("send", errno));
  }
  Outcome timed_out() override {
    if (probe_.require_answer || !probe_.expect.empty() || !probe_.prefix.empty())
      return Outcome::failed(late_text("no answer", target_));
    return Outcome::passed();
  }

 private:
  void on_ready(std::uint32_t /*events*/) override {
    std::array<char, 65536> block;
    const auto n = ::recv(socket_.fd(), block.data(), block.size(), 0);
    if (n < 0 && errno == EAGAIN) return;
    socket_.close();
    if (n < 0)
      return end(errno == ECONNREFUSED ? Outcome::failed("port unreachable") : outcome_of_errno("read", errno));
    const std::string_view answer(block.data(), static_cast<std::size_t>(n));
    if (answer.size() < probe_.min_answer || answer.size() > probe_.max_answer)
      return end(Outcome::failed(fmt::format("an answer of {} bytes", answer.size())));
    if (answer.find(probe_.expect) == std::string_view::npos || !begins_right(answer))
      return end(Outcome::failed("not what is expected"));
    end(Outcome::passed());
  }

  // A short answer need only be right as far as it goes.
  [[nodiscard]] bool begins_right(std::string_view answer) const {
    for (std::size_t i = 0; i < std::min(answer.size(), probe_.prefix.size()); ++i) {
      const auto mask = static_cast<std::uint8_t>(probe_.prefix_mask.empty() ? '\xff' : probe_.prefix_mask[i]);
      if ((static_cast<std::uint8_t>(answer[i] ^ probe_.prefix[i]) & mask) != 0) return false;
    }
    return true;
  }

  const conf::UdpProbe& probe_;
  const Target& target_;
  Surroundings& around_;
  Reactor::Socket socket_;
};

}  // namespace

std::unique_ptr<Probe> make_udp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<UdpDatagram>(target, around, std::move(on_end));
}

}  // namespace plenum::health
