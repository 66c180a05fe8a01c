#pragma once
// What keepalived.conf says, block by block, before what was left out is filled in from the blocks around: optionals
// are what was not said. finish_vrrp.cc and finish_services.cc make a Config of it.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/source.h"

namespace plenum::conf::keepalived {

template <class T>
using Maybe = std::optional<T>;

// Delays and numbers of gratuitous ARP; the globals' are the instances' defaults.
struct GarpDraft {
  Maybe<std::uint32_t> delay, repeat, refresh, refresh_repeat, lower_delay, lower_repeat;  // seconds and numbers
};

struct GlobalDraft {
  VrrpGlobals out;
  GarpDraft garp;
  Maybe<Duration> garp_interval, gna_interval;
  bool min_garp = false;
  Maybe<std::uint8_t> version;
  Maybe<bool> lower_no_advert, check_unicast_source, strict;
  bool log_all_failures = false;
  std::string default_interface;
  struct SyncDraft {
    std::string interface, instance;
    Maybe<std::uint8_t> id, ttl;
    Maybe<std::uint16_t> port, maxlen;
    Maybe<net::Address> group;
    Place place;
  };
  Maybe<SyncDraft> sync;
  Timeouts timeouts;
  std::vector<std::pair<Command, Place>> unused;  // scripts that are not run here, and yet looked at
};

struct TrackDraft {
  Track track;          // its reverse is not said here
  Maybe<bool> reverse;  // none: what the tracked thing itself says
  Place place;
};

struct RouterDraft {
  VirtualRouter out;
  Place place;
  Maybe<std::uint8_t> version;
  Maybe<Duration> advert;
  std::string advert_text;
  bool has_vrid = false, state_master = false, state_said = false, family_known = false, native_v6 = false;
  bool unicast_keyword = false, fault_no_peer = false, authentication = false, authentication_ah = false;
  Maybe<bool> nopreempt, lower_no_advert, skip_check, strict, check_source, accept;
  std::vector<std::pair<VirtualAddress, Place>> addresses, excluded;
  GarpDraft garp;
  std::vector<TrackDraft> tracks;
  std::string sync_interface;  // lvs_sync_daemon_interface
};

struct GroupDraft {
  SyncGroup out;
  Place place;
  std::vector<TrackDraft> tracks;
  std::vector<Place> member_places;
};

// What a check, a real server and a virtual server may each say, the outer the inner one's default.
struct CheckDefaults {
  Maybe<Duration> delay_loop, connect_timeout, delay_before_retry, warmup;
  Maybe<std::uint32_t> retry;
  Maybe<bool> alpha;
  Maybe<std::string> virtualhost;
};

struct CheckDraft {
  Check out;
  Place place;
  CheckDefaults said;
  Maybe<bool> log_all_failures;
  Maybe<net::Address> bind_address;
  std::uint16_t bind_port = 0;
  std::string file;  // FILE_CHECK: of track_file
  Maybe<std::int32_t> file_weight;
  Maybe<Duration> script_timeout;
  bool host_given = false;  // SMTP_CHECK: by a block of its own
  bool failed = false;      // it is left out
};

struct ServerDraft {
  Server out;
  Place place;
  Maybe<Forward> forward;
  Maybe<Tunnel> tunnel;
  CheckDefaults said;
  Maybe<bool> inhibit;
  Command notify_up, notify_down;
  std::vector<CheckDraft> checks;
};

struct GroupMember {
  net::Address first, last;  // a range; one address: both
  std::uint16_t port = 0;
  std::uint32_t mark = 0;  // a firewall mark instead
  Maybe<net::Family> family;
};

struct ServerGroupDraft {
  std::string name;
  std::vector<GroupMember> members;
};

struct ServiceDraft {
  std::vector<GroupMember> listens;  // one, or none for a group
  std::string group;
  Place place;
  std::string title;  // "[10.0.0.1]:80", for messages
  Maybe<std::string> scheduler;
  std::uint32_t scheduler_flags = 0;
  Maybe<Protocol> protocol;
  Maybe<Forward> forward;
  Tunnel tunnel;
  bool one_packet = false, inhibit = false, omega = false, sorry_inhibit = false;
  Maybe<std::uint32_t> persistence, granularity;  // seconds; a mask or a length
  bool granularity_v6 = false;
  std::string engine;
  std::uint32_t quorum = 1, hysteresis = 0;
  std::int32_t weight = 1;
  Command quorum_up, quorum_down;
  Maybe<net::Family> family;
  CheckDefaults said;
  Maybe<Server> sorry;
  Maybe<Forward> sorry_forward;
  Tunnel sorry_tunnel;
  std::deque<ServerDraft> servers;
};

struct ScriptDraft {
  TrackedScript out;
  Place place;
};
struct FileDraft {
  TrackedFile out;
  Place place;
};
struct ProcessDraft {
  TrackedProcess out;
  Place place;
};
struct BfdDraft {
  BfdPeer out;
  Place place;
  bool has_address = false;
};
struct GarpGroupDraft {
  Maybe<Duration> garp, gna;
  std::vector<std::string> interfaces;
};

struct TlsDraft {
  std::string ca, certificate, key;
};

// Everything, in the order of the file. Deques: handlers keep references to the last one.
struct Draft {
  GlobalDraft globals;
  std::deque<ScriptDraft> scripts;
  std::deque<ProcessDraft> processes;
  std::deque<FileDraft> files;
  std::deque<BfdDraft> bfd;
  std::deque<GarpGroupDraft> garp_groups;
  std::deque<GroupDraft> groups;
  std::deque<RouterDraft> routers;
  std::deque<ServerGroupDraft> server_groups;
  std::deque<ServiceDraft> services;
  std::vector<std::pair<VirtualAddress, Place>> static_addresses;
  std::vector<std::pair<VirtualRoute, Place>> static_routes;
  std::vector<std::pair<VirtualRule, Place>> static_rules;
  TlsDraft tls;
};

}  // namespace plenum::conf::keepalived
