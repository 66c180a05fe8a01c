#include "care/ward.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>

#include "health/weighing.h"

namespace plenum::care {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A slow start goes up in so many steps, and no faster or slower than this.
constexpr int kSteps = 50;
constexpr Duration kShortest = milliseconds(100), kLongest = seconds(1);

Duration step_of(Duration slow_start) { return std::clamp<Duration>(slow_start / kSteps, kShortest, kLongest); }

std::uint64_t whole_seconds(Duration d) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::duration_cast<seconds>(d).count()));
}

bool goes_through_vip(const conf::Check& check) {
  const auto* tcp = std::get_if<conf::TcpProbe>(&check.probe);
  return tcp != nullptr && tcp->to_vip;
}

// What they began with aside, which is lent to `a` for the while: nothing is copied, there may be many.
bool same_check(conf::Check& a, const conf::Check& b) {
  const bool own = std::exchange(a.initially_down, b.initially_down);
  const bool same = a == b;
  a.initially_down = own;
  return same;
}

bool same_question(conf::Check& a, const conf::Check& b) { return a.probe == b.probe && a.name == b.name; }

bool same_kind(conf::Check& a, const conf::Check& b) { return a.probe.index() == b.probe.index() && a.name == b.name; }

// Which of the old targets each of the new ones goes on as; nobody: -1. Its place among the others says nothing, for
// a file may have lost or won another check in front of it.
std::vector<std::ptrdiff_t> predecessors(std::vector<health::Target>& targets, const std::vector<health::Target>& old) {
  std::vector<std::ptrdiff_t> out(targets.size(), -1);
  std::vector<bool> taken(old.size());
  for (const auto& alike : {+same_check, +same_question, +same_kind})
    for (std::size_t i = 0; i < targets.size(); ++i)
      for (std::size_t n = 0; n < old.size() && out[i] < 0; ++n) {
        if (taken[n] || targets[i].asked() != old[n].asked() || !alike(targets[i].check, old[n].check)) continue;
        taken[n] = true;
        out[i] = static_cast<std::ptrdiff_t>(n);
      }
  return out;
}

std::string group_of(const conf::Service& service, const conf::ServiceHealth& health) {
  if (!health.group.empty()) return "group " + health.group;
  return service.name.empty() ? service.key.text() : "service " + service.name;
}

}  // namespace

Ward::Ward(const conf::Service& service, const conf::ServiceHealth& health, const std::vector<WantedServer>& servers,
           const Past& past, TimePoint now)
    : service_(service), health_(health), group_(group_of(service, health)), quorum_since_(now) {
  if (past.known) quorum_ = past.word == nullptr || !past.word->below_quorum;
  take_servers(servers, past, now);
}

void Ward::change(const conf::Service& service, const conf::ServiceHealth& health,
                  const std::vector<WantedServer>& servers, TimePoint now) {
  service_ = service;
  health_ = health;
  group_ = group_of(service, health);
  take_servers(servers, {}, now);
}

void Ward::take_servers(const std::vector<WantedServer>& servers, const Past& past, TimePoint now) {
  std::unordered_map<conf::ServerKey, std::size_t, lb::KeyHash> old;
  for (std::size_t i = 0; i < servers_.size(); ++i) old[servers_[i].wanted.server.key] = i;
  std::unordered_map<conf::ServerKey, const conf::ServerHealth*, lb::KeyHash> own;
  for (const auto& [key, health] : health_.servers) own[key] = &health;
  std::vector<Server> next;
  next.reserve(servers.size());
  for (const auto& wanted : servers) {
    const auto& key = wanted.server.key;
    Server server;
    if (const auto at = old.find(key); at != old.end())
      server = std::move(servers_[at->second]);
    else
      server.since = now;
    server.wanted = wanted;
    const auto its = own.find(key);
    const auto* health = its != own.end() ? its->second : nullptr;
    server.effect = health != nullptr && health->on_failure ? *health->on_failure : health_.on_failure;
    server.notify_up = health != nullptr && !health->notify_up.empty() ? health->notify_up : health_.notify_up;
    server.notify_down = health != nullptr && !health->notify_down.empty() ? health->notify_down : health_.notify_down;
    const lb::ServerWord* before = nullptr;
    if (past.word != nullptr)
      if (const auto word = past.word->servers.find(key); word != past.word->servers.end()) before = &word->second;
    take_checks(server, health, past.known, before, now);
    next.push_back(std::move(server));
  }
  servers_ = std::move(next);
  know_ids();
}

void Ward::know_ids() {
  by_id_.clear();
  for (std::size_t i = 0; i < servers_.size(); ++i)
    for (std::size_t n = 0; n < servers_[i].checks.size(); ++n) by_id_[servers_[i].checks[n].target.id] = {i, n};
}

void Ward::take_checks(Server& server, const conf::ServerHealth* own, bool known, const lb::ServerWord* before,
                       TimePoint now) {
  const auto& key = server.wanted.server.key;
  const auto& checks = own != nullptr && !own->checks.empty() ? own->checks : health_.checks;
  auto old = std::exchange(server.checks, {});
  std::vector<health::Target> targets, former;
  for (auto& one : old) former.push_back(std::move(one.target));
  for (const auto& check : checks) {
    health::Target target;
    target.check = check;
    target.server = {key.address, key.port};
    target.damping = health_.damping;
    if (goes_through_vip(check))
      target.path = health::VirtualPath{
          {service_.key.address, service_.key.port}, server.wanted.server.forward, server.wanted.server.tunnel};
    targets.push_back(std::move(target));
  }
  const auto goes_on_as = predecessors(targets, former);
  server.begins = server.begins || old.empty();
  auto weight = before != nullptr ? before->weight : std::nullopt;
  auto more = before != nullptr ? before->more : 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Checked one;
    if (goes_on_as[i] >= 0) {
      const auto n = static_cast<std::size_t>(goes_on_as[i]);
      one = std::move(old[n]);
      targets[i].id = former[n].id;
      // What it began with is part of the target; another beginning would be another check.
      targets[i].check.initially_down = former[n].check.initially_down;
      targets[i].known_well = former[n].known_well;
      one.changed = targets[i] != former[n];
    } else {
      // Never that of one that is gone, which the checker would take it for.
      targets[i].id = id_of({key.address, key.port}, server.numbered++);
      if (before != nullptr && before->down) targets[i].check.initially_down = true;
      targets[i].known_well = known && (before == nullptr || !before->down);
      one.down = health::initial_verdict(targets[i].check) == health::Verdict::Down;
      one.since = now;
      if (before != nullptr) {
        if (before->down) one.why = before->why;
        if (before->down) one.since = before->since;
        // The sum of what was said stands for all until they speak.
        const auto kind = health::weighs(targets[i].check.probe);
        if (kind == health::WeightWord::Kind::Set && weight) one.weight = {kind, *std::exchange(weight, std::nullopt)};
        if (kind == health::WeightWord::Kind::Add && more != 0) one.weight = {kind, std::exchange(more, 0)};
      }
    }
    one.target = std::move(targets[i]);
    server.checks.push_back(std::move(one));
  }
}

std::vector<Checked*> Ward::checks() {
  std::vector<Checked*> out;
  for (auto& server : servers_)
    for (auto& one : server.checks) out.push_back(&one);
  return out;
}

std::string Ward::id_of(const net::Endpoint& server, std::size_t n) const {
  return service_.key.text() + " " + server.text() + " " + std::to_string(n);
}

bool Ward::begin_like(const Ward& other) {
  if (health_.quorum != other.health_.quorum || health_.hysteresis != other.health_.hysteresis) return false;
  const auto alike = [](const Server& a, const Server& b) {
    return a.wanted.server.key == b.wanted.server.key && a.wanted.server.weight == b.wanted.server.weight &&
           a.wanted.weight_by_hand == b.wanted.weight_by_hand;
  };
  if (!std::ranges::equal(servers_, other.servers_, alike)) return false;
  quorum_ = other.quorum_;
  quorum_since_ = other.quorum_since_;
  called_up_ = other.called_up_;
  if (health_.slow_start == other.health_.slow_start)
    for (std::size_t i = 0; i < servers_.size(); ++i) servers_[i].starting = other.servers_[i].starting;
  return true;
}

void Ward::targets(std::vector<health::Target>& out) const {
  for (const auto& server : servers_)
    for (const auto& one : server.checks) out.push_back(one.target);
}

void Ward::hear(const health::Change& change, TimePoint now) {
  const auto at = by_id_.find(change.id);
  if (at == by_id_.end()) return;
  auto& server = servers_[at->second.first];
  auto& one = server.checks[at->second.second];
  const bool down = change.verdict == health::Verdict::Down;
  if (down != one.down) one.since = now;
  one.down = down;
  one.damped = change.damped;
  one.why = change.why;
  one.weight = change.weight;
  one.well = change.well;
  judge(server, now);
}

bool Ward::rests(const Server& server) {
  return std::ranges::any_of(server.checks, &Checked::down) &&
         std::ranges::all_of(server.checks, [](const Checked& one) { return !one.down || one.well; });
}

bool Ward::is_down(const Server& server) const {
  return std::ranges::any_of(server.checks, &Checked::down) && !(called_up_ && rests(server));
}

void Ward::judge(Server& server, TimePoint now) {
  const Checked* worst = nullptr;
  server.damped = false;
  for (const auto& one : server.checks) {
    if (!one.down) continue;
    if (worst == nullptr) worst = &one;
    server.damped = server.damped || one.damped;
  }
  const bool was_down = std::exchange(server.down, is_down(server));
  server.why.clear();
  if (server.down)
    server.why = server.checks.size() > 1 && !worst->why.empty() ? conf::called(worst->target.check) + ": " + worst->why
                                                                 : worst->why;
  if (server.down == was_down) return;
  server.since = now;
  server.starting.reset();
  if (!server.down && health_.slow_start > Duration{}) server.starting = now;
  const auto& key = server.wanted.server.key;
  const auto called = name(server) + (name(server) == key.text() ? "" : " (" + key.text() + ")");
  if (server.down)
    tell(server, true,
         name() + ": server " + called + " is down" + (server.damped ? ", and stays so until it has rested" : "") +
             (server.why.empty() ? "" : ": " + server.why));
  else
    tell(server, false,
         name() + ": server " + called + " is up" +
             (rests(server) ? ", though it has not rested: too few others are" : ""));
}

void Ward::settle(TimePoint now) {
  settled_ = now;
  begins_ = false;
  for (auto& server : servers_) {
    if (std::exchange(server.begins, false)) {
      server.down = is_down(server);
      if (server.down) server.since = std::ranges::find_if(server.checks, &Checked::down)->since;
    }
    // Checks that came or went with a reload.
    if (server.down != is_down(server) || (server.down && server.why.empty())) judge(server, now);
    if (server.starting && now - *server.starting >= health_.slow_start) server.starting.reset();
  }
  call_up(now);
  judge_service(now);
}

// A server that flaps is better than none: where all of them fell together it was the director's own link that did.
void Ward::call_up(TimePoint now) {
  std::uint64_t rested = 0;
  bool any = false;
  for (const auto& server : servers_) {
    if (rests(server))
      any = true;
    else if (!server.down)
      rested += weight(server);
  }
  if (std::exchange(called_up_, any && !meets(rested)) == called_up_) return;
  for (auto& server : servers_)
    if (rests(server)) judge(server, now);
}

bool Ward::meets(std::uint64_t sum) const {
  const std::uint64_t quorum = health_.quorum, hysteresis = health_.hysteresis;
  if (quorum_.value_or(false)) return sum != 0 && sum + hysteresis >= quorum;
  return sum >= quorum + (quorum_ ? hysteresis : 0);
}

void Ward::judge_service(TimePoint now) {
  const auto sum = weight();
  const bool met = meets(sum);
  if (quorum_ == met) return;
  const bool first = !quorum_;
  quorum_ = met;
  quorum_since_ = now;
  const auto why = "weight " + std::to_string(sum) + " of " + std::to_string(health_.quorum);
  std::string line;
  if (!first || !met)
    line = name() + (met ? ": has its quorum again, " : ": is below its quorum, ") + why +
           (health_.sorry ? (met ? "; the sorry server is relieved" : "; the sorry server takes all") : "");
  // One that was never up has not gone down.
  if (first && !met)
    said_.push_back({"quorum", "down", std::move(line), {}});
  else
    tell_quorum(met, why, std::move(line));
}

std::uint64_t Ward::weight() const {
  std::uint64_t sum = 0;
  for (const auto& server : servers_)
    if (!server.down) sum += weight(server);
  return sum;
}

std::uint64_t Ward::weight(const Server& server) const {
  auto word = word_of(server, {});
  word.share = lb::ServerWord::kWhole;
  return static_cast<std::uint64_t>(
      lb::weight_in_force(server.wanted.server.weight, server.wanted.weight_by_hand, &word));
}

lb::ServerWord Ward::word_of(const Server& server, TimePoint now) const {
  lb::ServerWord word;
  word.down = server.down;
  if (server.down) {
    word.effect = server.effect;
    word.why = server.why;
    word.damped = server.damped;
    word.since = server.since;
  }
  // Each moves the weight by as much as it is away from the one that is wanted.
  const std::int64_t wanted = server.wanted.server.weight;
  std::int64_t weight = wanted, more = 0;
  bool set = false;
  for (const auto& one : server.checks) {
    if (one.weight.kind == health::WeightWord::Kind::Set) {
      set = true;
      weight += one.weight.value - wanted;
    }
    if (one.weight.kind == health::WeightWord::Kind::Add) more += one.weight.value;
  }
  using Limits = std::numeric_limits<std::int32_t>;
  if (set) word.weight = static_cast<std::int32_t>(std::clamp<std::int64_t>(weight, 0, Limits::max()));
  word.more = static_cast<std::int32_t>(std::clamp<std::int64_t>(more, Limits::min(), Limits::max()));
  word.share = share(server, now);
  return word;
}

std::uint32_t Ward::share(const Server& server, TimePoint now) const {
  if (!server.starting || health_.slow_start <= Duration{}) return lb::ServerWord::kWhole;
  const auto passed = std::clamp<Duration>(now - *server.starting, Duration{}, health_.slow_start);
  const auto part = static_cast<double>(passed.count()) / static_cast<double>(health_.slow_start.count());
  return static_cast<std::uint32_t>(part * lb::ServerWord::kWhole);
}

lb::ServiceWord Ward::word(TimePoint now) const {
  lb::ServiceWord out;
  out.below_quorum = !quorum_.value_or(true);
  if (out.below_quorum || health_.sorry_inhibit) out.sorry = health_.sorry;
  for (const auto& server : servers_) {
    auto word = word_of(server, now);
    if (out.sorry_takes_all()) word.effect = server.effect;
    if (word != lb::ServerWord{}) out.servers.emplace(server.wanted.server.key, std::move(word));
  }
  return out;
}

std::optional<TimePoint> Ward::due() const {
  // All of a ward's servers go by the same steps, so that many cost no more than one.
  if (std::ranges::none_of(servers_, [](const Server& server) { return server.starting.has_value(); }))
    return std::nullopt;
  return settled_ + step_of(health_.slow_start);
}

std::optional<TimePoint> due(const Wards& wards) {
  std::optional<TimePoint> first;
  for (const auto& [key, ward] : wards)
    if (const auto its = ward.due(); its && (!first || *its < *first)) first = its;
  return first;
}

std::string Ward::name() const { return service_.name.empty() ? service_.key.text() : service_.name; }

std::string Ward::name(const Server& server) {
  const auto& its = server.wanted.server;
  return its.name.empty() ? its.key.text() : its.name;
}

std::vector<std::string> Ward::environment(const std::string& state, const std::string& why) const {
  std::vector<std::string> out{"PLENUM_SERVICE=" + name(), "PLENUM_LISTENS_ON=" + service_.key.text(),
                               "PLENUM_STATE=" + state, "PLENUM_REASON=" + why};
  if (!health_.group.empty()) out.push_back("PLENUM_GROUP=" + health_.group);
  return out;
}

void Ward::tell(const Server& server, bool down, std::string line) {
  // Servers of a group that listens on several ports may have each of them.
  const auto& its = server.wanted.server;
  Said said{"server " + name(server) + " " + its.key.address.text(),
            down ? "down" : "up",
            std::move(line),
            {down ? server.notify_down : server.notify_up, {}}};
  if (!said.notice.command.empty()) {
    said.notice.environment = environment(said.state, server.why);
    said.notice.environment.push_back("PLENUM_SERVER=" + name(server));
    said.notice.environment.push_back("PLENUM_ADDRESS=" + its.key.text());
  }
  said_.push_back(std::move(said));
}

void Ward::tell_quorum(bool up, const std::string& why, std::string line) {
  Said said{"quorum", up ? "up" : "down", std::move(line), {up ? health_.quorum_up : health_.quorum_down, {}}};
  if (said.notice.command.empty() && said.line.empty()) return;
  if (!said.notice.command.empty()) said.notice.environment = environment("quorum_" + said.state, why);
  said_.push_back(std::move(said));
}

void Ward::end() {
  if (!health_.omega) return;
  for (const auto& server : servers_)
    if (!server.down && !server.notify_down.empty()) tell(server, true, {});
  if (quorum_.value_or(false)) tell_quorum(false, "plenum-lbd ends", {});
}

lb::HealthOfService Ward::status(TimePoint now, const StatusOf& asked) const {
  lb::HealthOfService out;
  const bool met = quorum_.value_or(true);
  out.service = {met ? "up" : "down",
                 weight(),
                 health_.quorum,
                 health_.hysteresis,
                 whole_seconds(now - quorum_since_),
                 !met && health_.sorry.has_value()};
  for (const auto& server : servers_) {
    if (server.checks.empty()) continue;
    lb::ServerHealthStatus its;
    its.state = !server.down ? "up" : server.damped ? "damped" : "down";
    its.since = whole_seconds(now - server.since);
    its.why = server.why;
    if (!server.down && rests(server)) its.why = "damped, and too few others are up";
    if (server.starting) its.slow_start = share(server, now) * 100 / lb::ServerWord::kWhole;
    for (const auto& one : server.checks) {
      lb::CheckStatus check;
      check.name = conf::called(one.target.check);
      check.state = !one.down ? "up" : one.damped ? "damped" : "down";
      check.since = whole_seconds(now - one.since);
      check.why = one.why;
      if (const auto* status = asked(one.target.id)) {
        const auto& probe = one.target.check.probe;
        if (!std::holds_alternative<conf::ScriptProbe>(probe) && !std::holds_alternative<conf::FileProbe>(probe) &&
            !std::holds_alternative<conf::BfdProbe>(probe))
          check.asked = status->asked.text();
        // Failures in a row that do not count yet, and the last failure of one that is down.
        if (!status->why.empty()) check.why = status->why;
        check.against = status->against;
        check.probes = status->probes;
        check.failures = status->failures;
        check.falls = status->falls;
        check.hindrance = status->hindrance;
        if (status->last) {
          check.latency = static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::microseconds>(status->last->latency).count());
          check.last = static_cast<std::uint64_t>(
              std::max<std::int64_t>(0, std::chrono::duration_cast<milliseconds>(now - status->last->at).count()));
        }
        if (status->damped_until && *status->damped_until > now)
          check.damped_for = whole_seconds(*status->damped_until - now);
      }
      if (check.latency) its.latency = std::max(its.latency.value_or(0), *check.latency);
      if (check.damped_for) its.damped_for = std::max(its.damped_for.value_or(0), *check.damped_for);
      its.checks.push_back(std::move(check));
    }
    out.servers.emplace(server.wanted.server.key, std::move(its));
  }
  return out;
}

}  // namespace plenum::care
