// One question, and an answer to it without an error.
#include "proto/dns.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <random>

#include "health/connect.h"
#include "health/probe.h"
#include "health/stream.h"

namespace plenum::health {

namespace {

// What both ways share: the question, and what an answer means.
class DnsAsking : public Probe {
 public:
  DnsAsking(const Target& target, OnEnd on_end)
      : Probe(std::move(on_end)),
        target_(target),
        probe_(std::get<conf::DnsProbe>(target.check.probe)),
        id_(static_cast<std::uint16_t>(std::random_device{}())) {}

 protected:
  // Why it cannot be asked; none: it is in query_.
  std::optional<Outcome> write() {
    const auto type = proto::dns_type(probe_.type);
    if (!type) return Outcome::hindered("there is no record type " + probe_.type);
    auto query = proto::write_dns_query(id_, probe_.name, *type);
    if (!query) return Outcome::hindered(probe_.name + " is no domain name");
    query_ = std::move(*query);
    return std::nullopt;
  }

  // None: not an answer to this question.
  std::optional<Outcome> judge(std::span<const std::uint8_t> message) const {
    const auto read = proto::read_dns_answer(message);
    if (const auto* fault = std::get_if<proto::DnsFault>(&read))
      return Outcome::failed(fmt::format("the answer {}", proto::dns_fault_text(*fault)));
    const auto& answer = std::get<proto::DnsAnswer>(read);
    if (answer.id != id_) return std::nullopt;
    if (answer.rcode != 0) return Outcome::failed(proto::dns_rcode_text(answer.rcode));
    // What we asked, as we would read it.
    auto own = query_;
    own[2] |= 0x80;
    const auto asked = std::get<proto::DnsAnswer>(proto::read_dns_answer(own)).question;
    if (answer.question && answer.question != asked) return Outcome::failed("the answer is to another question");
    return Outcome::passed();
  }

  const Target& target_;
  const conf::DnsProbe& probe_;
  std::uint16_t id_;
  std::vector<std::uint8_t> query_;
};

class DnsOverUdp final : public DnsAsking, private Reactor::Ready {
 public:
  DnsOverUdp(const Target& target, Surroundings& around, OnEnd on_end)
      : DnsAsking(target, std::move(on_end)), around_(around) {}

  void begin() override {
    if (auto hindered = write()) return end(std::move(*hindered));
    auto begun = connect_datagram(target_);
    if (auto* outcome = std::get_if<Outcome>(&begun)) return end(std::move(*outcome));
    auto socket = around_.reactor.add(std::move(std::get<Fd>(begun)), EPOLLIN, *this);
    if (!socket) return end(Outcome::hindered(socket.error().what));
    socket_ = std::move(*socket);
    if (::send(socket_.fd(), query_.data(), query_.size(), 0) < 0) end(outcome_of_errno("send", errno));
  }
  Outcome timed_out() override { return Outcome::failed(late_text("no answer", target_)); }

 private:
  void on_ready(std::uint32_t /*events*/) override {
    std::array<std::uint8_t, 65536> block;
    while (!ended()) {
      const auto n = ::recv(socket_.fd(), block.data(), block.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) return end(outcome_of_errno("read", errno));
      if (auto outcome = judge({block.data(), static_cast<std::size_t>(n)})) return end(std::move(*outcome));
    }
  }

  Surroundings& around_;
  Reactor::Socket socket_;
};

class DnsOverTcp final : public DnsAsking, private Stream::User {
 public:
  DnsOverTcp(const Target& target, Surroundings& around, OnEnd on_end)
      : DnsAsking(target, std::move(on_end)), stream_(target, around, *this) {}

  void begin() override {
    if (auto hindered = write()) return end(std::move(*hindered));
    stream_.open(nullptr, name_, First::Us);
  }
  Outcome timed_out() override { return Outcome::failed(late_text(stream_.missing(), target_)); }

 private:
  void on_open() override {
    const std::array length = {static_cast<char>(query_.size() >> 8), static_cast<char>(query_.size())};
    stream_.send({length.data(), length.size()});
    stream_.send({reinterpret_cast<const char*>(query_.data()), query_.size()});
  }
  void on_bytes(std::string_view bytes) override {
    answer_.insert(answer_.end(), bytes.begin(), bytes.end());
    if (answer_.size() < 2) return;
    const std::size_t length = std::size_t{answer_[0]} << 8 | answer_[1];
    if (answer_.size() < 2 + length) return;
    auto outcome = judge(std::span(answer_).subspan(2, length));
    finish(outcome ? std::move(*outcome) : Outcome::failed("the answer is to another question"));
  }
  void on_end() override { end(Outcome::failed("the connection ended without an answer")); }
  void on_broken(Outcome outcome) override { end(std::move(outcome)); }
  void finish(Outcome outcome) {
    stream_.close();
    end(std::move(outcome));
  }

  const std::string name_;
  Stream stream_;
  std::vector<std::uint8_t> answer_;
};

}  // namespace

std::unique_ptr<Probe> make_dns_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  if (std::get<conf::DnsProbe>(target.check.probe).tcp)
    return std::make_unique<DnsOverTcp>(target, around, std::move(on_end));
  return std::make_unique<DnsOverUdp>(target, around, std::move(on_end));
}

}  // namespace plenum::health
