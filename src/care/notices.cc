#include "care/notices.h"

#include <chrono>

#include "rt/script_rules.h"

namespace plenum::care {

namespace {

constexpr Duration kPatience = std::chrono::minutes(1);
constexpr std::size_t kAtOnce = 32, kMostWaiting = 10000;

}  // namespace

Notices::~Notices() {
  for (auto& [about, queue] : queues_) {
    if (queue.running) queue.running->release();
    for (const auto& notice : queue.waiting)
      if (auto child = start(notice, [](const rt::ChildEnd&) {})) child->release();
  }
}

void Notices::add(const std::string& about, Notice notice) {
  if (waiting_ >= kMostWaiting) {
    if (dropped_++ == 0) log_("more notifications than can be run: some are left out");
    return;
  }
  queues_[about].waiting.push_back(std::move(notice));
  ++waiting_;
  next(about);
}

Result<rt::ChildProcess> Notices::start(const Notice& notice, rt::ChildProcess::OnEnd on_end) {
  const auto& command = notice.command;
  rt::ChildOptions options;
  PLENUM_TRY(options.credentials, rt::admit_script(rules_, command.words.front(), command.user, command.group),
             "refused");
  options.words = command.words;
  options.timeout = kPatience;
  options.environment = notice.environment;
  return rt::ChildProcess::start(loop_, std::move(options), std::move(on_end));
}

void Notices::next(const std::string& about) {
  auto& queue = queues_[about];
  while (!queue.running && !queue.waiting.empty() && running_ < kAtOnce) {
    const auto notice = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    --waiting_;
    const auto program = notice.command.words.front();
    auto child = start(notice, [this, about, program](const rt::ChildEnd& end) {
      if (!end.succeeded()) log_("notification " + program + ": " + end.text());
      // Not from within its own last word.
      ended_.push_back(about);
      if (!sweep_.active()) sweep_ = loop_.after(Duration{}, [this] { sweep(); });
    });
    if (!child) {
      log_("notification " + program + ": " + child.error().what);
      continue;
    }
    queue.running = std::make_unique<rt::ChildProcess>(*std::move(child));
    ++running_;
  }
}

void Notices::sweep() {
  const bool full = running_ >= kAtOnce;
  for (const auto& about : std::exchange(ended_, {})) {
    queues_[about].running.reset();
    --running_;
    next(about);
  }
  if (full)
    for (const auto& [about, queue] : queues_)
      if (!queue.waiting.empty()) next(about);
  std::erase_if(queues_, [](const auto& row) { return !row.second.running && row.second.waiting.empty(); });
}

}  // namespace plenum::care
