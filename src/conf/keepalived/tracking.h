#pragma once
// What vrrp_instance and vrrp_sync_group have in common: a name, track_* blocks and notify_* lines.

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

// A block of a name of its own, "vrrp_instance NAME {", which becomes the last of `all`. What it is called in
// complaints, and what follows when there is one of that name already.
template <class Draft>
void begin_named(Context& c, std::deque<Draft>& all, const std::string& called, const std::string& so = {}) {
  c.skip = true;
  if (c.count() != 2) return c.warn(c.words[0] + " must have a name");
  const auto& name = c.words[1];
  if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.out.name == name; }))
    return c.warn(called + " " + name + " already defined", so);
  c.skip = false;
  Draft draft;
  draft.out.name = name;
  draft.place = c.place;
  all.push_back(std::move(draft));
}

// One line of a track_* block into `tracks`; `who` names the instance or group.
void take_track(Context& c, TrackKind kind, const std::string& who, std::vector<TrackDraft>& tracks);
// notify_master and its like into `into`.
void take_notify(Context& c, const std::string& who, Command& into);

}  // namespace plenum::conf::keepalived
