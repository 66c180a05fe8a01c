// vrrp_sync_group: virtual routers that change state together.

#include "conf/keepalived/begin.h"
#include "conf/keepalived/takes.h"
#include "conf/keepalived/tracking.h"

namespace plenum::conf::keepalived {
namespace {

GroupDraft& group(Context& c) { return c.draft.groups.back(); }

template <TrackKind kind>
void track(Context& c) {
  take_track(c, kind, group(c).out.name, group(c).tracks);
}
template <Command Notify::*field>
void notify(Context& c) {
  take_notify(c, group(c).out.name, group(c).out.notify.*field);
}
void members(Context& c) {
  for (const auto& name : c.words) {
    group(c).out.members.push_back(name);
    group(c).member_places.push_back(c.place);
  }
}

}  // namespace

void begin_sync_group(Context& c) { begin_named(c, c.draft.groups, "vrrp sync group"); }

void end_sync_group(Context&) {}

std::vector<Keyword> sync_group_keywords() {
  constexpr auto works = Status::Works, lost = Status::Unsupported;
  constexpr auto none = Block::None;
  return {
      {"group", works, "its virtual routers", nullptr, none, members, true},
      {"track_interface", works, "links that count for all", nullptr, none, track<TrackKind::Interface>, true},
      {"track_script", works, "scripts that count for all", nullptr, none, track<TrackKind::Script>, true},
      {"track_process", works, "processes that count for all", nullptr, none, track<TrackKind::Process>, true},
      {"track_file", works, "files that count for all", nullptr, none, track<TrackKind::File>, true},
      {"track_bfd", works, "BFD sessions that count for all", nullptr, none, track<TrackKind::Bfd>, true},
      {"notify_master", works, "run on becoming master", notify<&Notify::master>},
      {"notify_backup", works, "run on becoming backup", notify<&Notify::backup>},
      {"notify_fault", works, "run on a fault", notify<&Notify::fault>},
      {"notify_stop", works, "run at the daemon's end", notify<&Notify::stop>},
      {"notify", works, "run on any change, with what, who, state and priority behind its arguments",
       notify<&Notify::any>},
      {"notify_priority_changes", lost, "changes of priority are events of `plenum vrrp events`", takes_flag},
      {"smtp_alert", lost, "no mail is sent; use notify scripts", takes_flag},
      {"global_tracking", Status::Accepted, "what the group tracks counts for all anyway",
       [](Context& c) {
         c.warn("(" + group(c).out.name +
                    ") global_tracking is deprecated. Use track_interface/script/file on the sync group",
                "leave it out");
         group(c).out.keep_priorities = true;
       }},
      {"sync_group_tracking_weight", works, "weights of members count one by one",
       [](Context& c) { group(c).out.keep_priorities = true; }},
  };
}

}  // namespace plenum::conf::keepalived
