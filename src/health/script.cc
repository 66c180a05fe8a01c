// A program's exit status.
#include <fmt/format.h>

#include <optional>

#include "health/connect.h"
#include "health/errands.h"
#include "health/probe.h"
#include "health/surroundings.h"
#include "rt/child_process.h"
#include "rt/script_rules.h"

namespace plenum::health {

namespace {

// How long it is taken for granted whom a script runs as.
constexpr Duration kKnown = std::chrono::minutes(5);

struct Who {
  std::optional<rt::Credentials> credentials;
  std::optional<Outcome> refusal;
};

Who look_up(const rt::ScriptRules& rules, const conf::Command& command) {
  auto found = rt::admit_script(rules, command.words.front(), command.user, command.group);
  if (found) return {*std::move(found), {}};
  // One that is not there, or not to be run, is a check that fails, as it is where nobody looks at it beforehand.
  const auto& [code, what] = found.error();
  const bool ours = code == std::errc::operation_not_permitted || code == std::errc::invalid_argument;
  return {{}, ours ? Outcome::hindered(what) : Outcome::failed(what)};
}

class Script final : public Probe {
 public:
  Script(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::ScriptProbe>(target.check.probe)),
        target_(target),
        around_(around) {}

  void begin() override {
    const auto now = SteadyClock().now();
    const auto known = around_.users.find(name());
    // Whether it is safe to run is looked at each time.
    if (known == around_.users.end() || around_.scripts.secure) return ask();
    auto& user = known->second;
    const Who who{user.credentials, {}};
    if (now - user.asked >= kKnown) {
      user.asked = now;
      ask();
    }
    run(who);
  }
  Outcome timed_out() override {
    if (!begun_) return Outcome::hindered(late_text("no answer of the user database", target_));
    if (child_) {
      // It has its moment to end in order, though nobody waits for it.
      child_->terminate();
      std::erase_if(around_.ending, [](const rt::ChildProcess& child) { return !child.alive(); });
      around_.ending.push_back(std::move(*child_));
      child_.reset();
    }
    return Outcome::failed(late_text("no end of the script", target_));
  }

 private:
  [[nodiscard]] std::string name() const {
    const auto& command = probe_.command;
    const auto& rules = around_.scripts;
    return fmt::format("may {} run as {}:{} else {}:{}, secure {}", command.words.front(), command.user, command.group,
                       rules.user, rules.group, rules.secure);
  }

  // Who is known runs at once, and hears nothing of the answer but for what it means to the next probe: a database
  // that hangs keeps nobody from being asked.
  void ask() {
    around_.errands.run(
        name(),
        [rules = around_.scripts, command = probe_.command]() -> std::shared_ptr<void> {
          return std::make_shared<Who>(look_up(rules, command));
        },
        [this, alive = std::weak_ptr(alive_), &around = around_, name = name()](const std::shared_ptr<void>& result) {
          const auto& who = *std::static_pointer_cast<Who>(result);
          if (who.refusal)
            around.users.erase(name);
          else
            around.users[name] = {who.credentials, SteadyClock().now()};
          if (!alive.expired() && !begun_) run(who);
        });
  }

  void run(const Who& who) {
    begun_ = true;
    if (who.refusal) return end(*who.refusal);
    rt::ChildOptions options;
    options.words = probe_.command.words;
    options.credentials = who.credentials;
    const auto asked = target_.asked();
    options.environment = {"PLENUM_ADDRESS=" + asked.address.text(), "PLENUM_PORT=" + std::to_string(asked.port)};
    auto child = rt::ChildProcess::start(around_.loop, std::move(options),
                                         [this, alive = std::weak_ptr(alive_)](const rt::ChildEnd& how) {
                                           if (!alive.expired()) end(judge(how));
                                         });
    if (!child) return end(Outcome::hindered(child.error().what));
    child_ = std::move(*child);
  }

  [[nodiscard]] Outcome judge(const rt::ChildEnd& how) const {
    if (how.succeeded()) return Outcome::passed();
    if (probe_.weighted && how.kind == rt::ChildEnd::Kind::Exited && how.value >= 2)
      return Outcome::passed({WeightWord::Kind::Set, how.value - 2});
    return Outcome::failed(how.text());
  }

  const conf::ScriptProbe& probe_;
  const Target& target_;
  Surroundings& around_;
  bool begun_ = false;  // it is known who runs it
  std::optional<rt::ChildProcess> child_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<Probe> make_script_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<Script>(target, around, std::move(on_end));
}

}  // namespace plenum::health
