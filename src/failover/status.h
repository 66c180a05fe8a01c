#pragma once
// How failover fares, as values for whoever asks: routers, groups, BFD sessions, and what happened.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/vrrp.h"

namespace plenum::failover {

using NamedCounts = std::vector<std::pair<std::string, std::uint64_t>>;

struct TrackStatus {
  std::string what;  // "interface eth0", "script chk_web"
  bool well = true;
  std::int16_t weight = 0;
  bool reverse = false;
};

// Advertisements that are refused, of one kind and source.
struct UnfitStatus {
  std::string source, why, mend;
  std::uint64_t count = 0, seconds = 0;  // how long ago the last one was
};

struct RouterStatus {
  std::string name, interface, group;
  std::string state, reason;  // "master", "backup", "fault"; why it came to it
  std::uint64_t seconds = 0;  // in it
  std::string because;        // of fault: what keeps it out
  unsigned version = 3, vrid = 0, priority = 0, base_priority = 0;
  std::uint64_t interval_us = 0;
  std::string source;
  std::vector<std::string> addresses;  // virtual ones
  bool here = false;                   // the addresses are on this host
  bool held = false;                   // gave up for an operator, and does not preempt until told or needed
  // Of a backup: whom it follows.
  std::string master;
  unsigned master_priority = 0;
  std::uint64_t master_interval_us = 0, heard_us = 0;  // how long ago
  // The last master of lower priority that was heard while this one was master, and how long ago: two masters.
  std::string other_master;
  unsigned other_priority = 0;
  std::uint64_t other_seconds = 0;
  std::vector<UnfitStatus> unfit;
  std::vector<TrackStatus> tracks;
  std::vector<std::string> warnings;
  NamedCounts counts;
};

struct SessionStatus {
  std::string name, neighbor, interface, state, diagnostic;
  std::string because;  // why there is none
  std::uint64_t seconds = 0, transmit_us = 0, detection_us = 0;
  NamedCounts counts;
};

struct GroupStatus {
  std::string name, state;
  std::vector<std::string> members;
};

struct Status {
  std::string config;
  bool real_time = false;
  std::vector<std::string> warnings;
  std::vector<RouterStatus> routers;
  std::vector<GroupStatus> groups;
  std::vector<SessionStatus> sessions;
  NamedCounts counts;
};

// Something that happened, for the log, the event stream and notifications.
struct Happening {
  std::uint64_t number = 0;
  std::int64_t time_us = 0;  // since 1970
  std::string kind;          // "router", "group", "master", "lower", "bfd", "not-taken-over", "priority", "track",
                             // "not-sent", "refused", "operator", "away"
  std::string name;          // of what
  std::string from, to;      // states, of routers, groups and sessions
  unsigned priority = 0;
  std::string neighbor;
  // Of "away": how late the sending thread was, and how much of that was its own work.
  std::optional<std::int64_t> lasted_us, at_work_us;
  std::string text;                     // for people
  bool logged = true, warning = false;  // in the log, and how
};

}  // namespace plenum::failover
