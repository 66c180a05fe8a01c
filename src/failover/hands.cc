#include "failover/hands.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "rt/chores.h"
#include "rt/realtime.h"

namespace plenum::failover {

namespace {

constexpr Duration kRetry = std::chrono::seconds(1);
// Between two answers to lesser masters, who may be many, or sent by somebody who means no good.
constexpr Duration kLowerDistance = std::chrono::milliseconds(100);
constexpr int kOrders = 64;
// Of one router that main is told of, and in whose place more are.
constexpr std::size_t kFailures = 16;
const std::string kMoreFailures = "more of its addresses, routes and rules fail";

template <class T>
bool contains(const std::vector<T>& list, const T& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// What is in `all` and not in `but`.
template <class T>
std::vector<T> without(const std::vector<T>& all, const std::vector<T>& but) {
  std::vector<T> out;
  for (const auto& one : all)
    if (!contains(but, one)) out.push_back(one);
  return out;
}

Kit without(const Kit& all, const Kit& but) {
  Kit out;
  out.addresses = without(all.addresses, but.addresses);
  out.own = without(all.own, but.own);
  out.routes = without(all.routes, but.routes);
  out.rules = without(all.rules, but.rules);
  return out;
}

}  // namespace

Hands::Hands(Fd packets, rt::Netlink netlink, rt::Bell bell, const rt::Bell& main)
    : orders_(std::move(bell), main), main_(main), packets_(std::move(packets)), netlink_(std::move(netlink)) {}

Result<std::unique_ptr<Hands>> Hands::start(int priority, rt::Bell bell, const rt::Bell& main) {
  // Of no protocol: only sends.
  Fd packets(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!packets) return fail_errno("packet socket");
  PLENUM_TRY(auto netlink, rt::Netlink::open(), "hands");
  std::unique_ptr<Hands> out(new Hands(std::move(packets), std::move(netlink), std::move(bell), main));
  PLENUM_TRY(out->thread_, rt::Thread::start("hands", [raw = out.get(), priority] { raw->run(priority); }), "hands");
  return out;
}

void Hands::halt() {
  ends_.store(true, std::memory_order_release);
  orders_.bell().ring();
  thread_.join();
}

void Hands::run(int priority) {
  // Where it is refused the pacer's complaint says so.
  if (priority > 0) (void)rt::run_in_real_time(priority);
  rt::keep_off_chores_cpu();
  rt::touch_memory();
  while (!ends_.load(std::memory_order_acquire)) {
    auto next = retry_;
    if (!jobs_.empty()) next = std::min(next, jobs_.begin()->first);
    for (const auto& [ifindex, lane] : lanes_)
      if (!lane.waiting.empty()) next = std::min(next, lane.free_from);
    pollfd wait{orders_.bell().fd(), POLLIN, 0};
    const auto left = std::max(next - SteadyClock().now(), Duration::zero());
    const timespec limit{.tv_sec = left / std::chrono::seconds(1),
                         .tv_nsec = static_cast<long>((left % std::chrono::seconds(1)).count())};
    ::ppoll(&wait, 1, next == TimePoint::max() ? nullptr : &limit, nullptr);
    if (wait.revents != 0) orders_.bell().hush();
    // Before the boards: a router may be on one already of which the order is only just there.
    orders_.carry_out(*this, kOrders);
    look(SteadyClock().now());
    send_due(SteadyClock().now());
  }
}

Hands::Router* Hands::find(std::uint32_t id) {
  const auto at = std::find_if(routers_.begin(), routers_.end(), [&](const Router& one) { return one.id == id; });
  return at == routers_.end() ? nullptr : &*at;
}

void Hands::learn(std::uint32_t id, RouterBoard& board, Kit kit, bool here) {
  Router router;
  router.here = here;
  router.id = id;
  router.board = &board;
  router.kit = std::move(kit);
  routers_.push_back(std::move(router));
}

void Hands::change(std::uint32_t id, Kit kit) {
  auto* router = find(id);
  if (router == nullptr) return;
  const auto before = std::move(router->kit);
  router->kit = std::move(kit);
  // Those of before go on being refused until they are gone.
  auto both = refused(false);
  if (!before.accept && router->want == Want::Present) both.add(before.addresses);
  refuse(both);
  // What goes is taken away whatever the state: it may have been left by somebody.
  const auto gone = without(before, router->kit), fresh = without(router->kit, before);
  clear(*router, gone);
  if (router->want == Want::Absent) clear(*router, fresh);
  refuse(refused(false));
  if (router->want != Want::Present) return;
  // An address that went may have taken others of its subnet along.
  put(*router, gone.addresses.empty() ? fresh : router->kit);
  drop_jobs(id);
  announce_all(*router, SteadyClock().now());
}

void Hands::forget(std::uint32_t id) {
  auto* router = find(id);
  if (router == nullptr) return;
  clear(*router, router->kit);
  drop_jobs(id);
  routers_.remove_if([&](const Router& one) { return one.id == id; });
  refuse(refused(false));
}

void Hands::restore(std::uint32_t id) {
  auto* router = find(id);
  if (router == nullptr || router->want != Want::Present) return;
  const auto back = put(*router, router->kit);
  const auto now = SteadyClock().now();
  for (std::uint32_t round = 0; round < router->kit.announce.repeat; ++round)
    for (const auto i : back) jobs_.emplace(now, Job{id, i, {}});
}

void Hands::restore_paths(std::uint32_t id) {
  auto* router = find(id);
  if (router == nullptr || router->want != Want::Present) return;
  std::size_t back = 0;
  const auto count = [&](const Result<bool>& done) { back += done && *done ? 1 : 0; };
  // What fails is tried again by put(), which says so.
  for (const auto& route : router->kit.routes) count(netlink_.add_route(route));
  for (const auto& rule : router->kit.rules) count(netlink_.add_rule(rule));
  put(*router, router->kit);
  if (back > 0)
    report(id, Report::Kind::Once, std::to_string(back) + " of its routes and rules were gone; they are back");
}

// Where packets are refused they are so before an address comes, and until it is gone.
void Hands::look(TimePoint now) {
  for (auto& router : routers_) router.next = router.board->wanted.load(std::memory_order_acquire);
  refuse(refused(true));
  for (auto& router : routers_) {
    if (router.next != router.wanted) {
      router.wanted = router.next;
      take(router, RouterBoard::want_of(router.wanted), now);
      router.board->carried_out.store(router.wanted, std::memory_order_release);
      main_.ring();
    }
    const auto lower = router.board->lower_heard.load(std::memory_order_acquire);
    if (lower != router.lower_heard && router.want == Want::Present) {
      answer_lower(router, now);
    }
    router.lower_heard = lower;
  }
  refuse(refused(false));
  if (now < retry_) return;
  retry_ = not_refused_ ? now + kRetry : TimePoint::max();
  for (auto& router : routers_) {
    if (!std::exchange(router.incomplete, false)) continue;
    if (router.want == Want::Present) {
      put(router, router.kit);
      announce(router, 1, now);
    } else if (router.want == Want::Absent) {
      clear(router, router.kit);
    }
  }
}

// However many there are: one that is still to come answers those before it.
void Hands::answer_lower(Router& router, TimePoint now) {
  if (router.lower_answered > now) return;
  const auto& say = router.kit.announce;
  const auto at = std::max(now, router.lower_answered + kLowerDistance);
  router.lower_answered = at;
  announce(router, say.lower_repeat, at);
  if (say.lower_delay > Duration::zero()) announce(router, say.lower_repeat, at + say.lower_delay);
}

void Hands::take(Router& router, Want want, TimePoint now) {
  router.want = want;
  router.incomplete = false;
  drop_jobs(router.id);
  if (want == Want::Absent) return clear(router, router.kit);
  if (want != Want::Present) return;
  put(router, router.kit);
  announce_all(router, now);
}

std::vector<std::size_t> Hands::put(Router& router, const Kit& kit) {
  std::set<std::pair<std::uint32_t, net::Address>> fresh;
  const auto check = [&](const Result<bool>& done) {
    if (!done) fail(router, done.error().what);
  };
  for (const auto* list : {&kit.own, &kit.addresses})
    for (const auto& address : *list) {
      const auto done = netlink_.add_address(address);
      check(done);
      if (done && *done) fresh.emplace(address.ifindex, address.prefix.address);
    }
  for (const auto& route : kit.routes) check(netlink_.add_route(route));
  for (const auto& rule : kit.rules) check(netlink_.add_rule(rule));
  settle(router, &kit == &router.kit);
  std::vector<std::size_t> out;
  const auto& all = router.kit.announcements;
  for (std::size_t i = 0; i < all.size() && !fresh.empty(); ++i)
    if (fresh.contains({all[i].ifindex, all[i].address})) out.push_back(i);
  return out;
}

void Hands::clear(Router& router, const Kit& kit) {
  // An interface that is gone took its addresses along.
  const auto check = [&](const Result<bool>& done) {
    if (!done && done.error().code.value() != ENODEV) fail(router, done.error().what);
  };
  // What went from one router to another in a reload may be put by that one before it is taken away by this one; or it
  // was found by that one, which has yet to decide.
  const auto others = [&](const auto& has) {
    return std::any_of(routers_.begin(), routers_.end(), [&](const Router& other) {
      const bool keeps = other.want == Want::Present || (other.want == Want::Undecided && other.here);
      return &other != &router && keeps && has(other.kit);
    });
  };
  for (auto at = kit.rules.rbegin(); at != kit.rules.rend(); ++at)
    if (!others([&](const Kit& its) { return contains(its.rules, *at); })) check(netlink_.remove_rule(*at));
  for (auto at = kit.routes.rbegin(); at != kit.routes.rend(); ++at)
    if (!others([&](const Kit& its) { return contains(its.routes, *at); })) check(netlink_.remove_route(*at));
  for (auto at = kit.addresses.rbegin(); at != kit.addresses.rend(); ++at) {
    const auto same = [&](const rt::AddressSpec& one) {
      return one.ifindex == at->ifindex && one.prefix == at->prefix;
    };
    if (!others([&](const Kit& its) { return std::any_of(its.addresses.begin(), its.addresses.end(), same); }))
      check(netlink_.remove_address(at->ifindex, at->prefix));
  }
  settle(router, &kit == &router.kit);
}

// A thousand addresses on an interface that refuses them are not a thousand lines.
void Hands::fail(Router& router, const std::string& what) {
  router.failing.insert(router.failing.size() < kFailures ? what : kMoreFailures);
  router.incomplete = true;
  try_again();
}

void Hands::try_again() { retry_ = std::min(retry_, SteadyClock().now() + kRetry); }

void Hands::settle(Router& router, bool all) {
  const auto told = [&](Report::Kind kind, const std::string& what) {
    if (report(router.id, kind, what)) return true;
    // Until there is room.
    router.incomplete = true;
    try_again();
    return false;
  };
  for (const auto& what : router.failing)
    if (!router.failed.contains(what) && told(Report::Kind::Failed, what)) router.failed.insert(what);
  if (all)
    std::erase_if(router.failed,
                  [&](const auto& what) { return !router.failing.contains(what) && told(Report::Kind::Over, what); });
  router.failing.clear();
}

void Hands::announce_all(Router& router, TimePoint now) {
  const auto& say = router.kit.announce;
  announce(router, say.repeat, now);
  if (say.delay > Duration::zero()) announce(router, say.delay_repeat, now + say.delay);
  if (say.refresh > Duration::zero())
    for (std::size_t i = 0; i < router.kit.announcements.size(); ++i)
      for (std::uint32_t n = 0; n < say.refresh_repeat; ++n)
        jobs_.emplace(now + say.refresh, Job{router.id, i, say.refresh});
}

// `rounds` of every announcement, one behind the other.
void Hands::announce(Router& router, std::uint32_t rounds, TimePoint from) {
  for (std::uint32_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < router.kit.announcements.size(); ++i) jobs_.emplace(from, Job{router.id, i, {}});
}

void Hands::drop_jobs(std::uint32_t id) {
  std::erase_if(jobs_, [&](const auto& job) { return job.second.id == id; });
  for (auto& [ifindex, lane] : lanes_) std::erase_if(lane.waiting, [&](const Job& job) { return job.id == id; });
}

// Where a distance is to be kept it is counted from what was sent, not from what is booked: the second round of one
// router, seconds later, keeps nobody's first one waiting.
void Hands::send_due(TimePoint now) {
  while (!jobs_.empty() && jobs_.begin()->first <= now) {
    const auto job = jobs_.begin()->second;
    jobs_.erase(jobs_.begin());
    const auto* router = find(job.id);
    if (router == nullptr || job.announcement >= router->kit.announcements.size()) continue;
    if (router->kit.announce.interval > Duration::zero())
      lanes_[router->kit.announcements[job.announcement].ifindex].waiting.push_back(job);
    else
      send(job, now);
  }
  for (auto& [ifindex, lane] : lanes_) {
    if (lane.waiting.empty() || now < lane.free_from) continue;
    // Its router and its announcement are there: whoever changes them drops its jobs.
    lane.free_from = now + find(lane.waiting.front().id)->kit.announce.interval;
    send(lane.waiting.front(), now);
    lane.waiting.pop_front();
  }
}

void Hands::send(const Job& job, TimePoint now) {
  // From when it was sent: where many keep a distance they come round as often as there is room.
  if (job.again > Duration::zero()) jobs_.emplace(now + job.again, job);
  const auto& announcement = find(job.id)->kit.announcements[job.announcement];
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(announcement.ifindex);
  to.sll_halen = ETH_ALEN;
  std::copy_n(announcement.frame.begin(), ETH_ALEN, to.sll_addr);
  // One that does not get out is like one that was lost on its way: others follow.
  (void)::sendto(packets_.get(), announcement.frame.data(), announcement.frame.size(), MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

Refused Hands::refused(bool next) const {
  Refused out;
  for (const auto& router : routers_) {
    if (router.kit.accept) continue;
    const auto has = [&](Want want) { return want == Want::Present || (want == Want::Undecided && router.here); };
    if (has(router.want) || (next && has(RouterBoard::want_of(router.next)))) out.add(router.kit.addresses);
  }
  return out;
}

// Where it fails the addresses are there all the same: the service goes before.
void Hands::refuse(const Refused& these) {
  const auto done = refusal_.show(these);
  not_refused_ = !done;
  for (auto& router : routers_) {
    std::string taken;
    if (!done && !router.kit.accept) taken = "packets to its addresses are taken: " + done.error().what;
    if (router.taken == taken) continue;
    if (!router.taken.empty() && !report(router.id, Report::Kind::Over, router.taken)) continue;
    if (!taken.empty() && !report(router.id, Report::Kind::Failed, taken)) taken.clear();
    router.taken = std::move(taken);
  }
  if (not_refused_) try_again();
}

bool Hands::report(std::uint32_t id, Report::Kind kind, std::string text) {
  const bool told = reports_.push({id, kind, std::move(text)});
  main_.ring();
  return told;
}

}  // namespace plenum::failover
