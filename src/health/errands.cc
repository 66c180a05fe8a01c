#include "health/errands.h"

#include <signal.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace plenum::health {

struct Errands::State : std::enable_shared_from_this<State> {
  using Done = std::function<void(const std::shared_ptr<void>&)>;
  struct Errand {
    std::string name;
    std::function<std::shared_ptr<void>()> work;
  };

  void begin() {
    ++threads;
    sigset_t all;
    sigset_t former;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &former);
    try {
      std::thread([self = shared_from_this()] { self->work_off(); }).detach();
    } catch (const std::system_error&) {
      --threads;  // what waits is taken with the next errand, or by those that are there
    }
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  }

  void work_off() {
    std::unique_lock lock(mutex);
    while (!queue.empty() && loop != nullptr) {
      auto errand = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      auto result = errand.work();
      errand.work = nullptr;
      lock.lock();
      if (loop != nullptr) {
        loop->post([self = shared_from_this(), name = std::move(errand.name), result = std::move(result)] {
          self->tell(name, result);
        });
      }
    }
    --threads;
    gone.notify_all();
  }

  // In the loop's thread, as all that touches `waiting`.
  void tell(const std::string& name, const std::shared_ptr<void>& result) {
    auto node = waiting.extract(name);
    if (node.empty()) return;
    for (const auto& done : node.mapped()) done(result);
  }

  std::map<std::string, std::vector<Done>> waiting;

  std::mutex mutex;  // of what follows
  std::condition_variable gone;
  rt::Loop* loop = nullptr;
  std::deque<Errand> queue;
  unsigned threads = 0;
};

Errands::Errands(rt::Loop& loop) : state_(std::make_shared<State>()) { state_->loop = &loop; }

Errands::~Errands() {
  state_->waiting.clear();
  std::unique_lock lock(state_->mutex);
  state_->loop = nullptr;
  state_->queue.clear();
  state_->gone.wait_for(lock, std::chrono::milliseconds(200), [this] { return state_->threads == 0; });
}

void Errands::run(const std::string& name, std::function<std::shared_ptr<void>()> work,
                  std::function<void(const std::shared_ptr<void>&)> done) {
  auto& waiting = state_->waiting[name];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  const std::lock_guard lock(state_->mutex);
  state_->queue.push_back({name, std::move(work)});
  if (state_->threads < kThreads) state_->begin();
}

}  // namespace plenum::health
