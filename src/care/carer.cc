#include "care/carer.h"

#include <algorithm>
#include <utility>

#include "care/sharing.h"
#include "proto/failover_news.h"

namespace plenum::care {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Verdicts that come together are settled together.
constexpr rt::Pace kPace{.gather = milliseconds(1), .longest_rest = milliseconds(500)};
constexpr std::size_t kLinesASecond = 200;

// The file says so for the whole host, beside failover.
rt::ScriptRules rules_of(const lb::Director& director) {
  const auto& globals = director.config().vrrp.globals;
  return {globals.script_user, globals.script_group, globals.script_security};
}

}  // namespace

Carer::Carer(rt::Loop& loop, const Clock& clock, Log log)
    : loop_(loop),
      clock_(clock),
      log_(std::move(log)),
      settling_(loop, clock, kPace, [this] { settle(); }),
      notices_(loop, log_) {}

Carer::~Carer() = default;

void Carer::follow_vrrp(const std::string& socket) {
  vrrpd_ = std::make_unique<rt::LineStream>(loop_, socket, std::string(proto::kFailoverQuestions),
                                            [this](std::string_view line) { hear_vrrpd(line); });
  vrrpd_->enable(names_bfd());
}

bool Carer::names_bfd() const {
  return std::ranges::any_of(targets_, [](const health::Target& target) {
    return std::holds_alternative<conf::BfdProbe>(target.check.probe);
  });
}

void Carer::plan(lb::Director& director) {
  director_ = &director;
  if (director.config().health.empty() && wards_.empty() && director.words().empty()) {
    planned_ = true;
    return;
  }
  const auto rules = rules_of(director);
  notices_.set(rules);
  if (checker_) checker_->set_script_rules(rules);
  take_wards();
  watch();
  planned_ = true;
}

void Carer::take_wards() {
  const auto now = clock_.now();
  std::set<conf::ServiceKey> there;
  std::vector<conf::ServiceKey> order;
  for (const auto& health : director_->config().health) {
    const auto* entry = director_->table().find(health.service);
    if (entry == nullptr || !there.insert(entry->spec.key).second) continue;
    const auto& key = entry->spec.key;
    std::vector<WantedServer> servers;
    servers.reserve(entry->servers.size());
    // One that goes for good is not asked any more.
    for (const auto& server : entry->servers)
      if (!server.draining()) servers.push_back({server.spec, lb::weight_by_hand(server)});
    if (const auto at = wards_.find(key); at != wards_.end()) {
      at->second.change(entry->spec, health, servers, now);
    } else {
      Ward::Past past;
      // Words of an earlier daemon count for services of the first plan alone.
      past.known = !planned_ && director_->restarted();
      if (const auto word = director_->words().find(key); !planned_ && word != director_->words().end())
        past.word = &word->second;
      wards_.emplace(key, Ward(entry->spec, health, servers, past, now));
    }
    order.push_back(key);
  }
  std::erase_if(wards_, [&](const auto& row) { return !there.contains(row.first); });
  std::vector<Ward*> wards;
  for (const auto& key : order) wards.push_back(&wards_.at(key));
  share(wards, targets_);
  for (std::size_t i = 0; i < order.size(); ++i) {
    wards[i]->settle(now);
    say(order[i], *wards[i]);
  }
  tell_all();
  std::vector<conf::ServiceKey> mute;
  for (const auto& [key, word] : director_->words())
    if (!there.contains(key)) mute.push_back(key);
  for (const auto& key : mute) director_->say(key, {});
  wake_when_due();
}

void Carer::watch() {
  std::vector<health::Target> all, targets;
  std::unordered_map<std::string, std::vector<conf::ServiceKey>> services_of;
  // In the file's order, which listings of the checker follow.
  for (const auto& health : director_->config().health) {
    const auto at = wards_.find(lb::Table::normal(health.service));
    if (at == wards_.end()) continue;
    all.clear();
    at->second.targets(all);
    for (auto& target : all) {
      auto& services = services_of[target.id];
      services.push_back(at->first);
      if (services.size() == 1) targets.push_back(std::move(target));
    }
  }
  services_of_ = std::move(services_of);
  if (targets == targets_) {
    // What it is planned for may be a certificate that was renewed under the same name.
    if (checker_) checker_->forget_files();
    return;
  }
  targets_ = targets;
  if (!checker_) {
    auto started = health::Checker::start(
        loop_, {[this](const health::Change& change) { heard(change); },
                [this](const std::string& id, const std::string& why) { log("check of " + id + " failed: " + why); },
                [this](const std::string& id, const std::string& why) {
                  log("check of " + id + (why.empty() ? " is asked again" : " cannot be asked: " + why));
                }});
    if (!started) return log_("health checks do not run: " + started.error().what);
    checker_ = *std::move(started);
    checker_->set_script_rules(rules_of(*director_));
    for (const auto& [session, state] : bfd_.told()) tell(session, state);
  }
  checker_->set_targets(std::move(targets));
  if (vrrpd_) vrrpd_->enable(names_bfd());
}

void Carer::heard(const health::Change& change) {
  const auto services = services_of_.find(change.id);
  if (services == services_of_.end()) return;
  const auto now = clock_.now();
  for (const auto& key : services->second) {
    const auto ward = wards_.find(key);
    if (ward == wards_.end()) continue;
    ward->second.hear(change, now);
    unsettled_.insert(key);
  }
  settling_.soon();
}

void Carer::settle() {
  const auto now = clock_.now();
  for (auto& [key, ward] : wards_)
    if (const auto due = ward.due(); due && *due <= now) unsettled_.insert(key);
  for (const auto& key : std::exchange(unsettled_, {})) {
    const auto ward = wards_.find(key);
    if (ward == wards_.end()) continue;
    ward->second.settle(clock_.now());
    say(key, ward->second);
  }
  tell_all();
  wake_when_due();
}

void Carer::say(const conf::ServiceKey& key, Ward& ward) {
  director_->say(key, ward.word(clock_.now()));
  telling_.add(ward.group(), ward.take_said());
}

// Behind all that was settled together.
void Carer::tell_all() {
  for (auto& [group, said] : telling_.take()) {
    if (!said.line.empty()) log(said.line);
    if (!said.notice.command.empty()) notices_.add(group, std::move(said.notice));
  }
}

// For the first of all wards, whichever was spoken of last: one that nobody wakes stays where its slow start is.
void Carer::wake_when_due() {
  if (const auto next = due(wards_))
    due_ = loop_.after(std::max(Duration{}, *next - clock_.now()), [this] { settling_.now(); });
  else
    due_.cancel();
}

// What floods a log tells nobody anything.
void Carer::log(const std::string& line) {
  const auto now = clock_.now();
  if (now - logging_since_ >= seconds(1)) {
    if (logged_ > kLinesASecond) log_(std::to_string(logged_ - kLinesASecond) + " more lines about health left out");
    logging_since_ = now;
    logged_ = 0;
  }
  if (++logged_ <= kLinesASecond) log_(line);
}

lb::HealthPicture Carer::picture() const {
  std::unordered_map<std::string_view, const health::TargetStatus*> by_id;
  std::vector<health::TargetStatus> all;
  if (checker_) all = checker_->snapshot();
  by_id.reserve(all.size());
  for (const auto& one : all) by_id.emplace(one.id, &one);
  const auto find = [&by_id](const std::string& id) -> const health::TargetStatus* {
    const auto at = by_id.find(id);
    return at == by_id.end() ? nullptr : at->second;
  };
  lb::HealthPicture out;
  const auto now = clock_.now();
  for (const auto& [key, ward] : wards_) out.emplace(key, ward.status(now, find));
  return out;
}

// While it is away what was so goes on being so.
void Carer::hear_vrrpd(std::string_view line) {
  for (const auto& news : proto::failover_news(line)) {
    if (news.of != proto::FailoverNews::Of::Session) continue;
    if (const auto state = bfd_.hear(news, clock_.now())) tell(news.name, *state);
  }
  wait_for_sessions();
}

void Carer::wait_for_sessions() {
  const auto due = bfd_.due();
  if (!due) return coming_up_.cancel();
  coming_up_ = loop_.after(std::max(Duration{}, *due - clock_.now()), [this] {
    if (!vrrpd_->connected()) return bfd_.forget_waiting();
    for (const auto& [session, state] : bfd_.overdue(clock_.now())) tell(session, state);
    wait_for_sessions();
  });
}

void Carer::tell(const std::string& session, const BfdSessions::State& state) {
  if (checker_) checker_->set_bfd(session, state.up, state.why);
}

void Carer::end() {
  for (auto& [key, ward] : wards_) {
    ward.end();
    telling_.add(ward.group(), ward.take_said());
  }
  tell_all();
}

}  // namespace plenum::care
