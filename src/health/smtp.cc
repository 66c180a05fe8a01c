// Greeting, EHLO (HELO where that is not understood), QUIT: what keepalived asks, and a proper farewell.
#include "proto/smtp.h"

#include <fmt/format.h>

#include "health/connect.h"
#include "health/probe.h"
#include "health/stream.h"

namespace plenum::health {

namespace {

class SmtpDialogue final : public Probe, private Stream::User {
 public:
  SmtpDialogue(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::SmtpProbe>(target.check.probe)),
        target_(target),
        stream_(target, around, *this) {}

  void begin() override {
    if (probe_.tls) name_ = target_.asked().address.text();
    stream_.open(probe_.tls ? &*probe_.tls : nullptr, name_, First::Server);
  }
  Outcome timed_out() override {
    // It answered everything that counts.
    if (step_ == Step::Quit) return Outcome::passed();
    return Outcome::failed(fmt::format("{}: {}", step_name(), late_text(stream_.missing(), target_)));
  }

 private:
  enum class Step : std::uint8_t { Greeting, Ehlo, Helo, Quit };

  [[nodiscard]] const char* step_name() const {
    constexpr const char* kNames[] = {"greeting", "EHLO", "HELO", "QUIT"};
    return kNames[static_cast<int>(step_)];
  }

  void on_open() override {}  // the server speaks first
  void on_bytes(std::string_view bytes) override {
    auto state = reader_.take(bytes);
    while (state == proto::SmtpReplyReader::State::Reply) {
      if (on_reply()) return;
      state = reader_.next();
    }
    if (state == proto::SmtpReplyReader::State::Malformed)
      finish(Outcome::failed(fmt::format("{}: not SMTP: {}", step_name(), reader_.text())));
  }

  // True when all is said.
  bool on_reply() {
    const bool fits = reader_.code() == (step_ == Step::Greeting ? 220U : step_ == Step::Quit ? 221U : 250U);
    if (step_ == Step::Quit) {
      finish(Outcome::passed());
      return true;
    }
    if (!fits) {
      if (step_ == Step::Ehlo && reader_.code() >= 500) {
        say(Step::Helo, "HELO " + probe_.helo);
        return false;
      }
      finish(Outcome::failed(fmt::format("{}: {} {}", step_name(), reader_.code(), reader_.text().substr(0, 60))));
      return true;
    }
    if (step_ == Step::Greeting)
      say(Step::Ehlo, "EHLO " + probe_.helo);
    else
      say(Step::Quit, "QUIT");
    return false;
  }

  void say(Step step, const std::string& line) {
    step_ = step;
    stream_.send(line + "\r\n");
  }

  void on_end() override {
    if (step_ == Step::Quit) return end(Outcome::passed());
    end(Outcome::failed(fmt::format("{}: the connection ended", step_name())));
  }
  void on_broken(Outcome outcome) override {
    if (step_ == Step::Quit) return end(Outcome::passed());
    if (step_ != Step::Greeting) outcome.why = fmt::format("{}: {}", step_name(), outcome.why);
    end(std::move(outcome));
  }
  void finish(Outcome outcome) {
    stream_.close();
    end(std::move(outcome));
  }

  const conf::SmtpProbe& probe_;
  const Target& target_;
  Stream stream_;
  std::string name_;
  Step step_ = Step::Greeting;
  proto::SmtpReplyReader reader_;
};

}  // namespace

std::unique_ptr<Probe> make_smtp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<SmtpDialogue>(target, around, std::move(on_end));
}

}  // namespace plenum::health
