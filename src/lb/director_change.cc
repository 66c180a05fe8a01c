// The director's answer to operators' steps: one request's steps are carried out one after the
// other, and what they have in common (routes, interfaces, the saved state) once at the end.

#include <set>
#include <utility>

#include "lb/director.h"

namespace plenum::lb {

namespace {

bool only_adds_to_service(const Step& step) {
  return std::holds_alternative<AddServer>(step) || std::holds_alternative<EditServer>(step) ||
         std::holds_alternative<EditService>(step);
}

bool is_about_servers(const Step& step) {
  return std::holds_alternative<AddServer>(step) || std::holds_alternative<EditServer>(step);
}

}  // namespace

// Carries out steps. A service that is made here meets the data plane when all its servers are
// known: nobody can tell the difference, for it has no connection and no place in its order yet.
class Director::Change {
 public:
  explicit Change(Director& director) : director_(director) {}

  Result<> step(const Step& step, const Origin& origin) {
    const auto key = service_of(step);
    const bool fresh = key && fresh_.contains(*key);
    if (fresh ? !only_adds_to_service(step) : !key)
      if (auto done = finish_fresh(key); !done) return done;
    if (auto done = director_.table_.apply(step, origin); !done) return done;
    any_ = true;
    services_ = services_ || !is_about_servers(step);
    if (const auto* added = std::get_if<AddServer>(&step)) director_.next_hops_->want_also(added->server.key.address);
    if (std::holds_alternative<Zero>(step)) {
      director_.data_plane_->zero(key);
    } else if (std::holds_alternative<Clear>(step)) {
      director_.sync_all();
    } else if (std::holds_alternative<AddService>(step)) {
      fresh_.insert(*key);
    } else if (key && !fresh_.contains(*key)) {
      return director_.sync(*key);
    }
    return {};
  }

  // Brings services made here into the data plane: one, or all of them.
  Result<> finish_fresh(const std::optional<conf::ServiceKey>& key) {
    if (key) return fresh_.erase(*key) != 0 ? director_.sync(*key) : Result<>{};
    Result<> outcome;
    for (const auto& one : std::exchange(fresh_, {}))
      if (auto done = director_.sync(one); !done) outcome = std::move(done);
    return outcome;
  }

  // Call once, behind the last step.
  void finish() {
    if (!any_) return;
    // A server more is followed already; the whole picture is drawn only for the rest.
    if (services_) director_.follow_servers();
    // What was just added must be reachable when the answer is: no packet waits for a timer.
    director_.next_hops_->settle();
    if (director_.ports_due_) director_.update_ports();
    director_.changed();
  }

 private:
  Director& director_;
  std::set<conf::ServiceKey> fresh_;
  bool any_ = false, services_ = false;
};

Result<> Director::change(const std::vector<Step>& steps, const std::string& author, const std::string& reason) {
  Change change(*this);
  Result<> outcome;
  for (const auto& step : steps) {
    outcome = change.step(step, {clock_.now(), author, reason});
    if (!outcome) break;
  }
  if (auto fresh = change.finish_fresh(std::nullopt); outcome && !fresh) outcome = std::move(fresh);
  change.finish();
  return outcome;
}

std::vector<Director::StepFailure> Director::change_each(const std::vector<Step>& steps, const std::string& author,
                                                         const std::vector<std::string>& reasons) {
  Change change(*this);
  std::vector<StepFailure> failures;
  const std::string none;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto done = change.step(steps[i], {clock_.now(), author, i < reasons.size() ? reasons[i] : none});
    if (!done) failures.push_back({i, std::move(done).error()});
  }
  if (auto fresh = change.finish_fresh(std::nullopt); !fresh && !steps.empty())
    failures.push_back({steps.size() - 1, std::move(fresh).error()});
  change.finish();
  return failures;
}

}  // namespace plenum::lb
