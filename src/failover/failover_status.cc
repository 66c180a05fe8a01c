// Status as values, of what main, the pacer's boards and the hands know.

#include "failover/failover.h"
#include "failover/parts.h"

namespace plenum::failover {

namespace {

template <class C, class Names>
NamedCounts named_counts(const C& counts, const Names& names) {
  NamedCounts out;
  for (std::size_t i = 0; i < names.size(); ++i) out.emplace_back(std::string(names[i]), counts.at(i));
  return out;
}

std::uint64_t micro(Duration d) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(d).count()));
}

std::uint64_t seconds(Duration d) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(d).count()));
}

}  // namespace

Status Failover::status() const {
  const auto now = PacerThread::now();
  Status out;
  out.config = options_.config_path;
  out.real_time = conf_.globals.realtime_priority > 0 && complaint_.empty();
  if (!complaint_.empty()) out.warnings.push_back("adverts are not sent in real time: " + complaint_);
  for (auto& complaint : tracker_.complaints()) out.warnings.push_back(std::move(complaint));
  for (const auto& router : routers_) {
    const auto& conf = router->plan.conf;
    RouterStatus one;
    one.name = conf.name;
    one.interface = conf.interface;
    if (const auto* group = group_of(conf.name)) one.group = group->name;
    one.state = state_text(router->state);
    one.reason = reason_text(router->reason);
    one.seconds = seconds(now - router->since);
    const auto standing = standing_of(*router);
    one.because = standing.because;
    one.version = conf.version;
    one.vrid = conf.vrid;
    one.priority = standing.priority;
    one.base_priority = conf.priority;
    one.interval_us = micro(conf.advert);
    if (router->paced) one.source = router->plan.settings.source.text();
    for (const auto* list : {&conf.addresses, &conf.excluded})
      for (const auto& address : *list) one.addresses.push_back(address.prefix.text());
    one.held = router->held;
    if (router->board) {
      const auto done = router->board->carried_out.load(std::memory_order_acquire);
      one.here = done != 0 && RouterBoard::want_of(done) == Want::Present;
      one.counts = named_counts(router->board->counts, kCountNames);
    }
    if (router->master && router->state == vrrp::State::Backup) {
      one.master = router->master->text();
      one.master_priority = router->master_priority;
      one.master_interval_us = micro(router->master_interval);
      one.heard_us = micro(now - TimePoint(Duration(router->board->heard.load(std::memory_order_relaxed))));
    }
    if (router->other_master) {
      one.other_master = router->other_master->text();
      one.other_priority = router->other_priority;
      one.other_seconds = seconds(now - router->other_heard);
    }
    for (const auto& its : router->unfit)
      if (now - its.heard < kUnfitQuiet)
        one.unfit.push_back(
            {its.source.text(), unfit_text(its, conf), unfit_mend(its.why), its.count, seconds(now - its.heard)});
    for (const auto& tracked : tracks_of(*router))
      one.tracks.push_back({tracked.name, tracked.well, tracked.weight, tracked.reverse});
    if (!router->send_error.empty()) one.warnings.push_back(router->send_error);
    one.warnings.insert(one.warnings.end(), router->failures.begin(), router->failures.end());
    out.routers.push_back(std::move(one));
  }
  out.sessions = session_status();
  for (const auto& group : conf_.groups) {
    GroupStatus one{group.name, "", group.members};
    for (const auto& router : routers_) {
      if (group_of(router->name()) != &group) continue;
      const std::string state(state_text(router->state));
      one.state = one.state.empty() || one.state == state ? state : "mixed";
    }
    out.groups.push_back(std::move(one));
  }
  out.counts = named_counts(counts_, kHostCountNames);
  return out;
}

}  // namespace plenum::failover
