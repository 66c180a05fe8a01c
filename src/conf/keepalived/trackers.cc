// What virtual routers and servers watch: vrrp_script, vrrp_track_process, track_file, bfd_instance; and garp_group.

#include <algorithm>

#include "conf/keepalived/begin.h"
#include "conf/keepalived/takes.h"

namespace plenum::conf::keepalived {
namespace {

TrackedScript& script(Context& c) { return c.draft.scripts.back().out; }
TrackedProcess& process(Context& c) { return c.draft.processes.back().out; }
TrackedFile& file(Context& c) { return c.draft.files.back().out; }
BfdPeer& bfd(Context& c) { return c.draft.bfd.back().out; }

template <class List>
bool taken(const List& list, const std::string& name) {
  return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.out.name == name; });
}

void weight(Context& c, std::int64_t most, std::int16_t& out, bool& reverse) {
  const auto n = c.number(1, -most, most);
  if (!n) return;
  out = static_cast<std::int16_t>(*n);
  if (c.count() < 3) return;
  if (c.words[2] == "reverse")
    reverse = true;
  else
    c.warn("unknown weight option " + c.words[2]);
}
void weight_or_warning(Context& c, std::int64_t most, std::int16_t& out, bool& reverse) {
  if (c.count() < 2) return c.warn("No weight specified - ignoring");
  weight(c, most, out, reverse);
}

void script_line(Context& c) {
  if (!script(c).command.empty()) return;  // the first counts
  if (c.count() < 2) return;
  auto command = c.script(Context::RunsAs::SaidElsewhere);
  auto& out = script(c).command;
  command.user = out.user;  // `user` may stand in front
  command.group = out.group;
  out = std::move(command);
}
void script_interval(Context& c) {
  const auto n = c.decimal(1, 0, 4294);
  if (!n) return;
  if (*n == 0) c.warn("(" + script(c).name + "): vrrp script interval must be greater than 0, setting to 1");
  script(c).interval = *n == 0 ? Duration(std::chrono::seconds(1)) : seconds_of(*n);
}
void script_timeout(Context& c) {
  const auto n = c.decimal(1, 0, 4294);
  if (!n) return;
  if (*n == 0) c.warn("(" + script(c).name + "): vrrp script timeout must be greater than 0, setting to 1");
  script(c).timeout = *n == 0 ? Duration(std::chrono::seconds(1)) : seconds_of(*n);
}
template <std::uint32_t TrackedScript::*field>
void script_times(Context& c) {
  script(c).*field = static_cast<std::uint32_t>(c.number(1, 1, INT32_MAX).value_or(1));
}
void script_runs_as(Context& c) {
  const auto& user = c.word(1);
  if (c.fatal) return;
  const bool user_known = !c.host.has_user || c.host.has_user(user);
  const bool group_known = c.count() < 3 || !c.host.has_group || c.host.has_group(c.words[2]);
  if (!user_known || !group_known)
    return c.warn("Unable to set uid/gid for script",
                  "there is no " + std::string(user_known ? "group " + c.words[2] : "user " + user));
  script(c).command.user = user;
  script(c).command.group = c.count() > 2 ? c.words[2] : "";
}

void process_name(Context& c) {
  if (!process(c).words.empty())
    return c.warn("Process already set for track process " + process(c).name + " - ignoring " + c.word(1));
  c.word(1);
  if (!c.fatal) process(c).words.assign(c.words.begin() + 1, c.words.end());
}
void process_match(Context& c) {
  if (c.count() > 1 && c.words[1] != "initial" && c.words[1] != "partial")
    return c.warn("Invalid param_match type " + c.words[1] + " - ignoring");
  process(c).full_command = true;
  process(c).match_initial = c.count() > 1 && c.words[1] == "initial";
  if (c.count() > 1 && c.words[1] == "partial")
    c.findings.lost(c.place, "param_match partial: the parameters must be all there are", "use param_match initial");
}
template <bool fork, bool terminate>
void process_delay(Context& c) {
  const auto n = c.decimal(1, 0.000001, 3600);
  if (!n) return;
  if (fork) process(c).fork_delay = seconds_of(*n);
  if (terminate) process(c).terminate_delay = seconds_of(*n);
}

void file_path(Context& c) {
  if (c.count() < 2) return c.warn("track file file name missing");
  if (!file(c).path.empty())
    return c.warn("File already set for track file " + file(c).name + " - ignoring " + c.words[1]);
  file(c).path = c.words[1];
}
void file_init(Context& c) {
  file(c).initial = 0;
  for (std::size_t i = 1; i < c.count(); ++i) {
    const auto& word = c.words[i];
    if (word == "overwrite") {
      file(c).overwrite = true;
    } else if (!word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'))) {
      if (const auto n = c.number(i, INT32_MIN, INT32_MAX)) file(c).initial = static_cast<std::int32_t>(*n);
    } else {
      c.warn("Unknown track file init option " + word);
    }
  }
}

void bfd_neighbour(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  if (!address)
    return c.warn("Configuration error: BFD instance " + bfd(c).name + " has malformed neighbor address " + word +
                  ", ignoring instance");
  bfd(c).address = *address;
  c.draft.bfd.back().has_address = true;
}
void bfd_source(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  if (!address)
    return c.warn("Configuration error: BFD instance " + bfd(c).name + " has malformed source address " + word +
                  ", ignoring");
  bfd(c).source = *address;
}
// Milliseconds with a fraction.
template <Duration BfdPeer::*field, int least>
void bfd_interval(Context& c) {
  if (const auto n = c.decimal(1, least, 4294967)) bfd(c).*field = std::chrono::nanoseconds(*n);
}

void garp_pace(Context& c, Maybe<Duration>& into) {
  if (const auto n = c.decimal(1, 0, 4294)) into = seconds_of(*n);
}
void garp_interface(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  if (c.host.has_interface && !c.host.has_interface(name))
    c.warn("WARNING - interface " + name + " specified for garp_group doesn't exist");
  c.draft.garp_groups.back().interfaces.push_back(name);
}

}  // namespace

void begin_script(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  if (taken(c.draft.scripts, name)) {
    c.warn("Script " + name + " already specified - ignoring");
    c.skip = true;
    return;
  }
  ScriptDraft draft;
  draft.out.name = name;
  draft.place = c.place;
  c.draft.scripts.push_back(std::move(draft));
}
void end_script(Context& c) {
  if (!script(c).command.empty()) return;
  c.warn("No script set for vrrp_script " + script(c).name + " - removing");
  c.draft.scripts.pop_back();
}

void begin_process(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  if (taken(c.draft.processes, name)) {
    c.warn("Process " + name + " already specified - ignoring");
    c.skip = true;
    return;
  }
  ProcessDraft draft;
  draft.out.name = name;
  draft.out.weight = 1;
  draft.out.most = 65535;
  draft.place = c.place;
  c.draft.processes.push_back(std::move(draft));
}
void end_process(Context& c) {
  auto& out = process(c);
  if (out.words.empty()) {
    c.warn("track process '" + out.name + "' process name not specified");
    c.draft.processes.pop_back();
    return;
  }
  if (out.words.size() > 1) out.full_command = true;
  if (out.least > out.most) {
    c.warn("Track process " + out.name + ": quorum " + std::to_string(out.least) + " > quorum_max " +
           std::to_string(out.most));
    out.least = 1;
    out.most = 65535;
  }
}

void begin_file(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  if (c.words[0] == "vrrp_track_file")
    c.findings.note(c.place, "\"vrrp_track_file\" is deprecated, please use \"track_file\"");
  if (taken(c.draft.files, name)) {
    c.warn("Track file " + name + " already specified - ignoring");
    c.skip = true;
    return;
  }
  FileDraft draft;
  draft.out.name = name;
  draft.place = c.place;
  c.draft.files.push_back(std::move(draft));
}
void end_file(Context& c) {
  if (!file(c).path.empty()) return;
  c.warn("No file set for track_file " + file(c).name + " - ignoring");
  c.draft.files.pop_back();
}

void begin_bfd(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  c.skip = true;
  if (name.size() > 31)
    return c.warn("Configuration error: BFD instance " + name +
                  " name too long (maximum length is 31 characters) - ignoring");
  if (taken(c.draft.bfd, name))
    return c.warn("Configuration error: BFD instance " + name + " already configured - ignoring");
  c.skip = false;
  BfdDraft draft;
  draft.out.name = name;
  draft.out.transmit = draft.out.receive = std::chrono::milliseconds(10);
  draft.out.multiplier = 5;
  draft.place = c.place;
  c.draft.bfd.push_back(std::move(draft));
}
void end_bfd(Context& c) {
  const auto& one = c.draft.bfd.back();
  const auto who = "Configuration error: BFD instance " + one.out.name;
  const auto twin = std::any_of(c.draft.bfd.begin(), c.draft.bfd.end() - 1, [&](const BfdDraft& other) {
    return other.out.address == one.out.address && other.out.source == one.out.source;
  });
  if (!one.has_address) {
    c.warn(who + " has no neighbor address set, disabling instance");
  } else if (one.out.source && one.out.source->family() != one.out.address.family()) {
    c.warn(who + " source address " + one.out.source->text() + " and neighbor address " + one.out.address.text() +
           " are not of the same family, disabling instance");
  } else if (twin) {
    c.warn(who + " has duplicate neighbor address " + one.out.address.text() + ", ignoring instance");
  } else {
    return;
  }
  c.draft.bfd.pop_back();
}

void begin_garp_group(Context& c) { c.draft.garp_groups.emplace_back(); }
void end_garp_group(Context& c) {
  const auto& group = c.draft.garp_groups.back();
  if (group.garp || group.gna) return;
  c.warn("garp_group should have at least one interface and delay - removing");
  c.draft.garp_groups.pop_back();
}

std::vector<Keyword> script_keywords() {
  constexpr auto works = Status::Works;
  return {
      {"script", works, "the program, in quotes with its arguments", script_line},
      {"interval", works, "seconds between two runs", script_interval},
      {"timeout", works, "seconds after which a run has failed", script_timeout},
      {"weight", works, "what it adds to the priority; 0: its failure is a fault",
       [](Context& c) { weight(c, 253, script(c).weight, script(c).reverse); }},
      {"fall", works, "failures in a row that count", script_times<&TrackedScript::fall>},
      {"rise", works, "successes in a row that count", script_times<&TrackedScript::rise>},
      {"user", works, "whom it runs as", script_runs_as},
      {"init_fail", works, "it counts as failed before its first run",
       [](Context& c) { script(c).starts_failed = true; }},
  };
}

std::vector<Keyword> process_keywords() {
  constexpr auto works = Status::Works;
  return {
      {"process", works, "the program and its arguments", process_name},
      {"param_match", works, "whether arguments may go on behind those given", process_match},
      {"full_command", works, "the whole command line is compared", [](Context& c) { process(c).full_command = true; }},
      {"weight", works, "what it adds to the priority; 0: too few are a fault",
       [](Context& c) { weight_or_warning(c, 254, process(c).weight, process(c).reverse); }},
      {"quorum", works, "how many there must be at least",
       [](Context& c) {
         if (const auto n = c.number(1, 1, 65535)) process(c).least = static_cast<std::uint32_t>(*n);
       }},
      {"quorum_max", works, "and at most",
       [](Context& c) {
         if (const auto n = c.number(1, 0, 65535)) process(c).most = static_cast<std::uint32_t>(*n);
         if (process(c).most == 0) process(c).least = 0;
       }},
      {"fork_delay", works, "seconds before a start counts", process_delay<true, false>},
      {"terminate_delay", works, "seconds before an end counts", process_delay<false, true>},
      {"delay", works, "both", process_delay<true, true>},
  };
}

std::vector<Keyword> file_keywords() {
  constexpr auto works = Status::Works;
  return {
      {"file", works, "its path", file_path},
      {"weight", works, "what its number is multiplied with",
       [](Context& c) { weight_or_warning(c, 254, file(c).weight, file(c).reverse); }},
      {"init_file", works, "it is written at the start where it is missing", file_init},
  };
}

std::vector<Keyword> bfd_keywords() {
  constexpr auto works = Status::Works, accepted = Status::Accepted;
  return {
      {"neighbor_ip", works, "the other end", bfd_neighbour},
      {"neighbour_ip", works, "the other end", bfd_neighbour},
      {"source_ip", works, "this end", bfd_source},
      {"min_rx", works, "milliseconds between packets wanted", bfd_interval<&BfdPeer::receive, 1>},
      {"min_tx", works, "milliseconds between packets sent", bfd_interval<&BfdPeer::transmit, 1>},
      {"idle_tx", works, "the same while the session is down", bfd_interval<&BfdPeer::idle_transmit, 1000>},
      {"multiplier", works, "packets that may be missed",
       [](Context& c) {
         if (const auto n = c.number(1, 1, 255)) bfd(c).multiplier = static_cast<std::uint8_t>(*n);
       }},
      {"passive", works, "does not begin", [](Context& c) { bfd(c).passive = true; }},
      {"ttl", works, "TTL sent (IPv4)",
       [](Context& c) {
         if (const auto n = c.number(1, 1, 255)) bfd(c).ttl = static_cast<std::uint8_t>(*n);
       }},
      {"hoplimit", works, "hop limit sent (IPv6)",
       [](Context& c) {
         if (const auto n = c.number(1, 1, 255)) bfd(c).ttl = static_cast<std::uint8_t>(*n);
       }},
      {"max_hops", works, "hops a packet may have come; 255: any",
       [](Context& c) {
         if (const auto n = c.number(1, -1, 255)) bfd(c).max_hops = static_cast<std::uint8_t>(*n < 0 ? 255 : *n);
       }},
      {"weight", works, "what it adds to the priority; 0: its end is a fault",
       [](Context& c) { weight(c, 253, bfd(c).weight, bfd(c).reverse); }},
      {"vrrp", accepted, "sessions are known to all"},
      {"checker", accepted, "sessions are known to all"},
  };
}

std::vector<Keyword> garp_group_keywords() {
  constexpr auto works = Status::Works;
  return {
      {"garp_interval", works, "seconds between gratuitous ARPs",
       [](Context& c) { garp_pace(c, c.draft.garp_groups.back().garp); }},
      {"gna_interval", works, "seconds between neighbour advertisements",
       [](Context& c) { garp_pace(c, c.draft.garp_groups.back().gna); }},
      {"interface", works, "where", garp_interface},
      {"interfaces", works, "where; each has a pace of its own", nullptr, Block::None,
       [](Context& c) {
         for (const auto& name : c.words) c.draft.garp_groups.back().interfaces.push_back(name);
       },
       true},
  };
}

}  // namespace plenum::conf::keepalived
