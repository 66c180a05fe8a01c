// Two sides: what the caller's thread has (State) and what the probes' thread has (Worker). They speak by functions
// posted into each other's loop; statuses alone stand between them, under a lock that is held to copy them.
#include "health/checker.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "health/descriptors.h"
#include "health/series.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

// Descriptors that are not for probes: those of the rest of the process.
constexpr std::size_t kReserve = 1024;
constexpr Duration kReap = std::chrono::milliseconds(50);

// A target, and which one of its id: those of a former one are told apart by it.
struct Entry {
  Target target;
  std::uint64_t generation = 0;
};

struct Failure {
  std::string id, why;
};

struct News {
  std::vector<std::pair<std::uint64_t, Change>> changes;
  std::vector<Failure> failures, hindrances;
};

}  // namespace

class Worker {
 public:
  static Result<std::unique_ptr<Worker>> open(std::function<void(News)> on_news) {
    std::unique_ptr<Worker> worker(new Worker(std::move(on_news)));
    PLENUM_TRY(worker->reactor_, Reactor::open(worker->loop), "health checks");
    worker->around_ = std::unique_ptr<Surroundings>(new Surroundings{worker->loop, *worker->reactor_});
    worker->shared_.emplace(
        Series::Shared{*worker->around_, worker->gate_, worker->random_,
                       [raw = worker.get()](Series& series) {
                         raw->news().changes.emplace_back(series.generation, series.as_change());
                       },
                       [raw = worker.get()](Series& series) {
                         raw->news().failures.push_back({series.target().id, series.status().last->why});
                       },
                       [raw = worker.get()](Series& series) { raw->publish(series); },
                       [raw = worker.get()](Series& series) {
                         raw->news().hindrances.push_back({series.target().id, series.status().hindrance});
                       },
                       [raw = worker.get()](const Target& target, Probe::OnEnd on_end) {
                         return make_probe(target, *raw->around_, std::move(on_end));
                       }});
    return worker;
  }

  void set_targets(std::vector<Entry> entries) {
    const auto limit = raise_descriptor_limit(entries.size() * 2 + kReserve);
    gate_.set_room(limit > 2 * kReserve ? limit - kReserve : limit / 2);
    forget_files();
    std::unordered_map<std::string, std::unique_ptr<Series>> former;
    former.swap(series_);
    std::vector<TargetStatus> statuses;
    statuses.reserve(entries.size());
    places_ = 0;
    for (auto& [target, generation] : entries) {
      auto& place = series_[target.id];
      if (place) continue;
      const auto found = former.find(target.id);
      if (found != former.end() && found->second->generation == generation) {
        place = std::move(found->second);
        if (place->target() != target) place->change(std::move(target));
      } else {
        if (found != former.end()) found->second.reset();
        place = std::make_unique<Series>(std::move(target), *shared_);
        place->generation = generation;
      }
      place->place = statuses.size();
      statuses.push_back(place->status());
    }
    former.clear();
    std::unordered_map<std::string, std::size_t> index;
    for (const auto& status : statuses) index.emplace(status.id, index.size());
    places_ = statuses.size();
    const std::lock_guard lock(mutex_);
    statuses_ = std::move(statuses);
    index_ = std::move(index);
  }

  void forget_files() { around_->tls.forget(); }

  // The last thing the thread does.
  void end() {
    const bool scripts = !around_->ending.empty() || std::any_of(series_.begin(), series_.end(), [](const auto& entry) {
      return std::holds_alternative<conf::ScriptProbe>(entry.second->target().check.probe);
    });
    series_.clear();
    reactor_->destroy_retired();
    around_->ending.clear();
    if (!scripts) return loop.stop();
    // Those that were killed just now are reaped.
    grace_ = loop.after(kReap, [this] { loop.stop(); });
  }

  void set_script_rules(const rt::ScriptRules& rules) { around_->scripts = rules; }

  void set_bfd(const std::string& session, Surroundings::BfdState state) {
    around_->bfd[session] = std::move(state);
    for (auto& [id, series] : series_) {
      const auto* probe = std::get_if<conf::BfdProbe>(&series->target().check.probe);
      if (probe != nullptr && probe->session == session) series->tell(bfd_outcome(*around_, session));
    }
  }

  [[nodiscard]] std::vector<TargetStatus> statuses() const {
    const std::lock_guard lock(mutex_);
    return statuses_;
  }
  [[nodiscard]] std::optional<TargetStatus> status(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(std::string(id));
    if (found == index_.end()) return std::nullopt;
    return statuses_[found->second];
  }

  rt::Loop loop;

 private:
  explicit Worker(std::function<void(News)> on_news) : on_news_(std::move(on_news)), random_(std::random_device{}()) {}

  // What is to be told with the end of this turn of the loop.
  News& news() {
    if (!std::exchange(telling_, true)) {
      loop.post([this] {
        telling_ = false;
        on_news_(std::exchange(news_, {}));
      });
    }
    return news_;
  }

  void publish(const Series& series) {
    if (series.place >= places_) return;  // while targets are set
    const std::lock_guard lock(mutex_);
    statuses_[series.place] = series.status();
  }

  std::function<void(News)> on_news_;
  News news_;
  bool telling_ = false;
  std::mt19937_64 random_;
  Gate gate_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Surroundings> around_;
  std::optional<Series::Shared> shared_;
  std::unordered_map<std::string, std::unique_ptr<Series>> series_;
  std::size_t places_ = 0;  // of statuses_, 0 while they are made anew

  rt::Timer grace_;

  mutable std::mutex mutex_;
  std::vector<TargetStatus> statuses_;
  std::unordered_map<std::string, std::size_t> index_;
};

struct Checker::State {
  struct Known {
    net::Endpoint asked;
    std::uint64_t generation = 0;
  };

  void tell(const News& news) const {
    for (const auto& [generation, change] : news.changes) {
      // Of a target that is gone, or another one by now?
      const auto known = targets.find(change.id);
      if (known != targets.end() && known->second.generation == generation && events.changed) events.changed(change);
    }
    for (const auto& failure : news.failures)
      if (events.failed && targets.contains(failure.id)) events.failed(failure.id, failure.why);
    for (const auto& hindrance : news.hindrances)
      if (events.hindered && targets.contains(hindrance.id)) events.hindered(hindrance.id, hindrance.why);
  }

  Events events;
  std::unordered_map<std::string, Known> targets;
  std::uint64_t generations = 0;
  std::shared_ptr<State*> alive = std::make_shared<State*>(this);  // for what is posted, which may come too late
  std::unique_ptr<Worker> worker;
  std::thread thread;
};

Checker::Checker(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Checker>> Checker::start(rt::Loop& loop, Events events) {
  auto state = std::make_unique<State>();
  state->events = std::move(events);
  PLENUM_TRY(state->worker, Worker::open([&loop, weak = std::weak_ptr(state->alive)](News news) {
               loop.post([weak, news = std::move(news)] {
                 if (const auto alive = weak.lock()) (*alive)->tell(news);
               });
             }),
             "start");
  // Signals are for the caller's thread.
  sigset_t all;
  sigset_t former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  state->thread = std::thread([worker = state->worker.get()] { worker->loop.run(); });
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  ::pthread_setname_np(state->thread.native_handle(), "plenum-probes");
  return std::unique_ptr<Checker>(new Checker(std::move(state)));
}

Checker::~Checker() {
  auto* worker = state_->worker.get();
  worker->loop.post([worker] { worker->end(); });
  state_->thread.join();
}

void Checker::set_targets(std::vector<Target> targets) {
  std::unordered_map<std::string, State::Known> known;
  std::vector<Entry> entries;
  entries.reserve(targets.size());
  for (auto& target : targets) {
    const auto [place, added] = known.try_emplace(target.id, State::Known{target.asked(), 0});
    if (!added) continue;
    const auto before = state_->targets.find(target.id);
    place->second.generation = before != state_->targets.end() && before->second.asked == place->second.asked
                                   ? before->second.generation
                                   : ++state_->generations;
    entries.push_back({std::move(target), place->second.generation});
  }
  state_->targets = std::move(known);
  auto* worker = state_->worker.get();
  worker->loop.post([worker, entries = std::move(entries)]() mutable { worker->set_targets(std::move(entries)); });
}

void Checker::set_script_rules(const rt::ScriptRules& rules) {
  auto* worker = state_->worker.get();
  worker->loop.post([=] { worker->set_script_rules(rules); });
}

void Checker::forget_files() {
  auto* worker = state_->worker.get();
  worker->loop.post([worker] { worker->forget_files(); });
}

void Checker::set_bfd(const std::string& session, bool up, const std::string& why) {
  auto* worker = state_->worker.get();
  worker->loop.post([=] { worker->set_bfd(session, {up, why}); });
}

std::vector<TargetStatus> Checker::snapshot() const { return state_->worker->statuses(); }
std::optional<TargetStatus> Checker::status(std::string_view id) const { return state_->worker->status(id); }

}  // namespace plenum::health
