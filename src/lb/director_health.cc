// The director and health's words: carried out together, saved, shown. What they say and why is decided above.

#include <algorithm>
#include <utility>

#include "lb/director.h"

namespace plenum::lb {

namespace {

using std::chrono::seconds;

constexpr Duration kSaveWords = seconds(1);

}  // namespace

void Director::plan() {
  if (plan_ && !health_unknown_) plan_(*this);
  forget_words();
}

void Director::schedule_plan() {
  if (plan_ && !config_.health.empty()) planning_.now();
}

// Of services that are gone.
void Director::forget_words() {
  std::erase_if(words_, [this](const auto& row) { return table_.find(row.first) == nullptr; });
}

const ServiceWord* Director::word_about(const conf::ServiceKey& service) const {
  const auto at = words_.find(service);
  return at == words_.end() ? nullptr : &at->second;
}

std::uint64_t Director::connections_of(const ServerNumbers& numbers) {
  return std::uint64_t{numbers.active} + numbers.inactive + numbers.persistent;
}

Table::ConnectionsOf Director::connections_of() const {
  return [this](const conf::ServiceKey& service, const conf::ServerKey& server) {
    return connections_of(data_plane_->numbers(service, server));
  };
}

void Director::say(const conf::ServiceKey& service, ServiceWord word) {
  const auto* entry = table_.find(service);
  const auto drain = seconds(entry != nullptr ? entry->spec.drain : 0);
  auto& there = words_[service];
  const auto before = there;
  take_in(there, std::move(word), drain, clock_.now());
  const bool same = there == before;
  if (there.empty()) words_.erase(service);
  if (same || !running_) return;
  words_due_.insert(service);
  carrying_out_.soon();
}

void Director::carry_out_words() {
  for (const auto& key : std::exchange(words_due_, {}))
    if (table_.find(key) != nullptr) (void)sync(key);
  if (!saving_words_.active()) saving_words_ = loop_.after(kSaveWords, [this] { save(); });
}

void Director::cut_drains(TimePoint now) {
  for (auto& [service, word] : words_)
    if (lb::cut_drains(word, service, now, connections_of())) (void)sync(service);
}

// What the packets' own way does not know: who is missing among the candidates, and why.
void Director::explain_health(const conf::ServiceKey& service, Explanation& out) const {
  const auto* entry = table_.find(service);
  const auto* word = word_about(service);
  if (entry == nullptr || word == nullptr) return;
  const auto all = in_force(*entry, word);
  for (const auto& server : all.servers) {
    const auto at = word->servers.find(server.wanted->key);
    const auto* of_server = at != word->servers.end() ? &at->second : nullptr;
    std::string note;
    if (server.sorry)
      note = word->sorry_takes_all() ? "is the sorry server: the service is below its quorum"
                                     : "is the sorry server, at weight 0 while the service has its quorum";
    else if (of_server != nullptr && of_server->down)
      note = std::string(of_server->damped ? "is kept down until it has rested" : "is down") +
             (of_server->why.empty() ? "" : ": " + of_server->why);
    else if (word->sorry_takes_all())
      note = "is well, and the sorry server takes all: the service is below its quorum";
    if (note.empty()) continue;
    auto key = server.wanted->key;
    if (key.port == 0) key.port = service.port;
    const auto text = key.text();
    const auto row = std::ranges::find(out.candidates, text, &ExplainedServer::server);
    if (row != out.candidates.end()) {
      row->note = row->note.empty() ? note : row->note + ", " + note;
    } else {
      ExplainedServer missing;
      missing.server = text;
      missing.weight = static_cast<std::uint32_t>(server.wanted->weight);
      missing.note = note;
      out.candidates.push_back(std::move(missing));
    }
  }
}

}  // namespace plenum::lb
