#include "care/bfd_sessions.h"

#include <algorithm>

namespace plenum::care {

std::optional<BfdSessions::State> BfdSessions::hear(const proto::FailoverNews& news, TimePoint now) {
  // Our own plenum-vrrpd ends it, and the neighbour may be as well as before. One that ends it itself makes it "down".
  if (news.state == "admin-down") return std::nullopt;
  auto& session = sessions_[news.name];
  const bool up = news.state == "up";
  auto why = up ? std::string() : "the BFD session is " + news.state;
  // Whoever was told of as down is down already.
  const bool counts = up || news.from == "up" || (session.told && !session.told->up);
  if (!counts) {
    session.why = std::move(why);
    if (!session.until) session.until = now + kComingUp;
    return std::nullopt;
  }
  session.until.reset();
  session.told = State{up, std::move(why)};
  return session.told;
}

std::optional<TimePoint> BfdSessions::due() const {
  std::optional<TimePoint> first;
  for (const auto& [name, session] : sessions_)
    if (session.until && (!first || *session.until < *first)) first = session.until;
  return first;
}

BfdSessions::Told BfdSessions::overdue(TimePoint now) {
  Told out;
  for (auto& [name, session] : sessions_) {
    if (!session.until || *session.until > now) continue;
    session.until.reset();
    session.told = State{false, session.why};
    out.emplace_back(name, *session.told);
  }
  return out;
}

void BfdSessions::forget_waiting() {
  for (auto& [name, session] : sessions_) session.until.reset();
}

BfdSessions::Told BfdSessions::told() const {
  Told out;
  for (const auto& [name, session] : sessions_)
    if (session.told) out.emplace_back(name, *session.told);
  return out;
}

}  // namespace plenum::care
