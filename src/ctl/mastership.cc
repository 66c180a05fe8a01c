#include "ctl/mastership.h"

#include <utility>

#include "proto/failover_news.h"

namespace plenum::ctl {

namespace {

constexpr Duration kLook = std::chrono::milliseconds(250);

}  // namespace

Mastership::Mastership(rt::Loop& loop, std::string socket, Whom whom, OnState on_state)
    : whom_(std::move(whom)),
      on_state_(std::move(on_state)),
      stream_(loop, std::move(socket), std::string(proto::kFailoverQuestions),
              [this](std::string_view line) { take(line); }) {
  look();
  timer_ = loop.every(kLook, [this] { look(); });
}

void Mastership::look() {
  auto whom = whom_();
  if (whom == followed_) return;
  followed_ = std::move(whom);
  stream_.enable(false);  // the status of a new connection says how it is with the new one
  stream_.enable(!followed_.empty());
}

void Mastership::take(std::string_view line) {
  for (const auto& news : proto::failover_news(line))
    if (news.of != proto::FailoverNews::Of::Session && news.name == followed_) on_state_(news.state == "master");
}

}  // namespace plenum::ctl
