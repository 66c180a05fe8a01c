// Something is sent, and something is to come back; either may be nothing.
#include "base/pattern.h"
#include "health/connect.h"
#include "health/probe.h"
#include "health/stream.h"

namespace plenum::health {

namespace {

constexpr std::size_t kOften = 4096;  // bytes up to which each new one is a reason to search

class SendExpect final : public Probe, private Stream::User {
 public:
  SendExpect(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::ExpectProbe>(target.check.probe)),
        target_(target),
        stream_(target, around, *this) {}

  void begin() override {
    if (probe_.regex && !probe_.expect.empty()) {
      auto compiled = Pattern::compile(probe_.expect);
      if (!compiled) return end(Outcome::hindered("regex: " + compiled.error().what));
      regex_ = std::move(*compiled);
    }
    if (probe_.tls) name_ = target_.asked().address.text();
    stream_.open(probe_.tls ? &*probe_.tls : nullptr, name_, probe_.send.empty() ? First::Server : First::Us);
  }
  Outcome timed_out() override {
    if (auto outcome = search()) return std::move(*outcome);
    return Outcome::failed(late_text(answer_.empty() ? stream_.missing() : "not what is expected", target_));
  }

 private:
  void on_open() override {
    stream_.send(probe_.send);
    if (probe_.expect.empty()) finish(Outcome::passed());
  }
  void on_bytes(std::string_view bytes) override {
    answer_ += bytes.substr(0, conf::kMostSearched - answer_.size());
    // An expression is tried on much only when there is much more of it.
    if (regex_ && answer_.size() > kOften && answer_.size() < 2 * searched_) return;
    if (auto outcome = search()) return finish(std::move(*outcome));
    if (answer_.size() >= conf::kMostSearched) finish(Outcome::failed("not what is expected"));
  }
  void on_end() override {
    if (auto outcome = search()) return finish(std::move(*outcome));
    finish(Outcome::failed(answer_.empty() ? "the connection ended without an answer"
                                           : "the connection ended without what is expected"));
  }

  // What the answer so far means; none: more may come.
  std::optional<Outcome> search() {
    const auto before = std::exchange(searched_, answer_.size());
    if (before == answer_.size()) return std::nullopt;
    if (!regex_) {
      // It may have begun in what was searched already.
      const auto from = before - std::min(before, probe_.expect.size());
      if (answer_.find(probe_.expect, from) == std::string::npos) return std::nullopt;
      return Outcome::passed();
    }
    const auto found = regex_->found_in(answer_);
    if (!found) return Outcome::failed("regex: " + found.error().what);
    return *found ? std::optional(Outcome::passed()) : std::nullopt;
  }
  void on_broken(Outcome outcome) override { end(std::move(outcome)); }

  void finish(Outcome outcome) {
    stream_.close();
    end(std::move(outcome));
  }

  const conf::ExpectProbe& probe_;
  const Target& target_;
  Stream stream_;
  std::string name_, answer_;
  std::size_t searched_ = 0;  // of the answer
  std::optional<Pattern> regex_;
};

}  // namespace

std::unique_ptr<Probe> make_expect_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<SendExpect>(target, around, std::move(on_end));
}

}  // namespace plenum::health
