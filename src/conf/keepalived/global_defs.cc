// global_defs: what holds for the whole host.

#include <algorithm>

#include "base/text.h"
#include "conf/keepalived/takes.h"

namespace plenum::conf::keepalived {
namespace {

VrrpGlobals& out(Context& c) { return c.draft.globals.out; }
GarpDraft& garp(Context& c) { return c.draft.globals.garp; }

template <Maybe<std::uint32_t> GarpDraft::*field, std::int64_t least>
void garp_number(Context& c) {
  if (const auto n = c.number(1, least, 4294967295)) garp(c).*field = static_cast<std::uint32_t>(*n);
}

// Of seconds.
template <Maybe<std::uint32_t> GarpDraft::*field>
void garp_seconds(Context& c) {
  if (const auto n = c.number(1, 0, 4294)) garp(c).*field = static_cast<std::uint32_t>(*n);
}

template <Maybe<bool> GlobalDraft::*field>
void global_flag(Context& c) {
  if (const auto on = c.flag(1)) c.draft.globals.*field = *on;
}

void multicast(Context& c, net::Family family, Maybe<net::Address>& group) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  if (!address || address->family() != family)
    c.warn("Can't parse " + c.words[0] + " [" + word + "]. Skipping");
  else if (!address->is_multicast())
    c.warn(c.words[0] + " [" + word + "] is not multicast. Skipping", "leave it out for VRRP's own group");
  else
    group = *address;
}

void sync_daemon(Context& c) {
  if (c.count() < 2) return c.warn("No lvs_sync_daemon interface specified");
  auto& draft = c.draft.globals.sync;
  if (draft)
    return c.warn("lvs_sync_daemon has already been specified as " + draft->interface + " " + draft->instance +
                  " - ignoring");
  GlobalDraft::SyncDraft out_;
  out_.interface = c.words[1];
  out_.place = c.place;
  const auto limited = [&](std::size_t at, std::int64_t least, std::int64_t most) -> Maybe<std::int64_t> {
    if (at >= c.count()) {
      c.warn("No value specified for lvs_sync_daemon " + c.words[at - 1]);
      return std::nullopt;
    }
    return c.number(at, least, most);
  };
  for (std::size_t i = 2; i < c.count(); i += 2) {
    const auto& word = c.words[i];
    if (word == "inst" && i + 1 < c.count()) {
      out_.instance = c.words[i + 1];
    } else if (word == "id") {
      if (const auto n = limited(i + 1, 0, 255)) out_.id = static_cast<std::uint8_t>(*n);
    } else if (word == "maxlen") {
      if (const auto n = limited(i + 1, 1, 65507)) out_.maxlen = static_cast<std::uint16_t>(*n);
    } else if (word == "port") {
      if (const auto n = limited(i + 1, 1, 65535)) out_.port = static_cast<std::uint16_t>(*n);
    } else if (word == "ttl") {
      if (const auto n = limited(i + 1, 1, 255)) out_.ttl = static_cast<std::uint8_t>(*n);
    } else if (word == "group" && i + 1 < c.count()) {
      const auto address = net::Address::parse(c.words[i + 1]);
      if (!address || !address->is_multicast())
        c.warn("Invalid lvs_sync_daemon multicast group '" + c.words[i + 1] + "'");
      else
        out_.group = *address;
    } else if (i == 2) {
      out_.instance = word;
      --i;
    } else {
      c.warn("Unknown option " + word + " specified for lvs_sync_daemon");
      --i;
    }
  }
  draft = std::move(out_);
}

void timeouts(Context& c) {
  if (c.count() < 3) return c.warn("No lvs_timeouts specified");
  auto& t = c.draft.globals.timeouts;
  for (std::size_t i = 1; i < c.count(); ++i) {
    auto* value = c.words[i] == "tcp"      ? &t.tcp
                  : c.words[i] == "tcpfin" ? &t.tcp_fin
                  : c.words[i] == "udp"    ? &t.udp
                                           : nullptr;
    if (!value) {
      c.warn("Unknown option " + c.words[i] + " specified for lvs_timeouts");
    } else if (i + 1 >= c.count()) {
      c.warn("No " + c.words[i] + " timeout value specified for lvs_timeouts");
    } else if (const auto n = c.number(++i, 1, 2678400)) {
      *value = *n;
    }
  }
}

void script_user(Context& c) {
  if (c.count() < 2) return c.warn("No script username specified");
  const bool user = !c.host.has_user || c.host.has_user(c.words[1]);
  const bool group = c.count() < 3 || !c.host.has_group || c.host.has_group(c.words[2]);
  if (!user || !group)
    return c.warn("Error setting global script uid/gid",
                  "there is no " + std::string(user ? "group " + c.words[2] : "user " + c.words[1]));
  out(c).script_user = c.words[1];
  out(c).script_group = c.count() > 2 ? c.words[2] : "";
}

void fifo(Context& c, std::string& into) {
  if (c.count() < 2) return c.warn(c.words[0] + " name missing - ignoring");
  if (!into.empty()) return c.warn(c.words[0] + " already specified - ignoring " + c.words[1]);
  into = c.words[1];
}

void fifo_script(Context& c) {
  if (!out(c).notify_fifo_script.empty())
    return c.warn(c.words[0] + " already specified - ignoring " + (c.count() > 1 ? c.words[1] : ""));
  const auto command = c.script();
  for (const auto& word : command.words) {
    if (!out(c).notify_fifo_script.empty()) out(c).notify_fifo_script += ' ';
    out(c).notify_fifo_script += word;
  }
}

void version(Context& c) {
  if (const auto n = c.number(1, 2, 3)) c.draft.globals.version = static_cast<std::uint8_t>(*n);
}

void include_check(Context& c) {
  auto& checks = c.lines.checks();
  if (c.count() < 2) {
    checks = {true, true, true, true};
    return;
  }
  bool fresh = true;
  for (std::size_t i = 1; i < c.count(); ++i) {
    std::string_view word = c.words[i];
    const bool remove = word.starts_with('-');
    const bool add = word.starts_with('+');
    if (remove || add) word.remove_prefix(1);
    if (fresh && !remove && !add) checks = {};
    fresh = false;
    if (word == "readable") {
      checks.readable = !remove;
    } else if (word == "match") {
      checks.match = !remove;
    } else if (word == "wildcard_match") {
      checks.wildcard = !remove;
    } else if (word == "brace_match") {
      checks.brace = !remove;
    } else {
      c.warn("Unknown include_check type '" + std::string(word) + "' - ignoring");
    }
    if (!remove) checks.readable = true;
  }
}

void process_ids(Context& c) {
  if (c.count() < 2) return c.warn("No " + c.words[0] + " set specified");
  for (std::size_t i = 1; i < c.count(); ++i) c.number(i, 0, 1023);
}

void deprecated_flush(Context& c) {
  c.findings.note(c.place, "Keyword '" + c.words[0] + "' is deprecated - please use 'lvs_flush_on_stop'");
}
void flush_on_stop(Context& c) {
  if (c.count() > 1 && c.words[1] != "VS") c.warn("Unknown lvs_flush_on_stop type " + c.words[1]);
}
void deprecated_rtime(Context& c) {
  if (c.number(1, 1, INT32_MAX)) c.findings.note(c.place, "Keyword '" + c.words[0] + "' is deprecated");
}

void interfaces_come_and_go(Context& c) {
  if (c.count() > 1 && c.words[1] != "allow_if_changes")
    c.warn("Unknown dynamic_interfaces option '" + c.words[1] + "'");
}

void mail_server(Context& c) {
  c.word(1);
  if (c.count() > 2) c.number(2, 1, 65535);
}

void startup_script(Context& c) {
  if (auto command = c.script(); !command.empty()) c.draft.globals.unused.emplace_back(std::move(command), c.place);
}

void buffer_policy(Context& c) {
  if (c.count() < 2) return c.warn("vrrp_rx_bufs_policy missing");
  if (c.words[1] != "MTU" && c.words[1] != "ADVERT") c.number(1, 0, 4294967295);
}

void mask(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  static constexpr std::string_view bits[] = {"IRUSR", "IWUSR", "IXUSR", "IRGRP", "IWGRP",
                                              "IXGRP", "IROTH", "IWOTH", "IXOTH"};
  if (!word.empty() && word[0] >= '0' && word[0] <= '9') {
    c.number(1, 0, 4294967295);
    return;
  }
  for (std::size_t i = 1; i < c.count(); ++i) {
    for (const auto part : split(c.words[i], '|')) {
      if (!part.empty() && std::find(std::begin(bits), std::end(bits), part) == std::end(bits))
        return c.warn("Unknown umask bit " + std::string(part));
    }
  }
}

void tables(Context& c) {
  c.warn("iptables not supported, using nftables instead. Please replace '" + c.words[0] + "' with 'nftables'",
         "leave it out: the daemon names and fills its tables itself");
}

void extra_garp(Context& c) {
  if (c.count() > 1 && c.words[1] == "all") {
    if (c.count() < 3) return c.warn(c.words[0] + " specified without time - ignoring");
    c.number(2, 1, 86400);
    return;
  }
  wants_number<1, 86400>(c);
}
void deprecated_extra_garp(Context& c) {
  c.warn("Keyword \"" + c.words[0] + "\" is deprecated - please use \"vrrp_garp_extra_if\"");
}

void pace(Context& c, Maybe<Duration>& into) {
  if (const auto n = c.decimal(1, 0.000001, 4294)) into = seconds_of(*n);
}

}  // namespace

std::vector<Keyword> global_keywords() {
  constexpr auto works = Status::Works, accepted = Status::Accepted, lost = Status::Unsupported;
  constexpr auto mail = "no mail is sent; use notify scripts, or `plenum vrrp events`";
  constexpr auto snmp = "there is no SNMP agent";
  constexpr auto dbus = "there is no D-Bus interface";
  constexpr auto tables_why = "the daemon names and fills its tables itself, where no_accept wants them";
  constexpr auto buffers = "buffers are sized by the daemon";
  constexpr auto weight_of_process = "the sending thread runs in real time";
  constexpr auto one_process = "one process with threads of its own for each task";
  return {
      {"router_id", accepted, "this machine's name in mails, which are not sent",
       [](Context& c) {
         if (c.count() < 2) return c.warn("routerid name missing - ignoring");
         out(c).router_id = c.words[1];
       }},
      {"script_user", works, "whom scripts run as (user, group)", script_user},
      {"enable_script_security", works, "a script that others than root may change is not run",
       [](Context& c) { out(c).script_security = true; }},
      {"vrrp_version", works, "VRRP's version where an instance says none", version},
      {"vrrp_mcast_group4", works, "group of IPv4 adverts",
       [](Context& c) { multicast(c, net::Family::V4, out(c).group4); }},
      {"vrrp_mcast_group6", works, "group of IPv6 adverts",
       [](Context& c) { multicast(c, net::Family::V6, out(c).group6); }},
      {"vrrp_garp_master_delay", works, "seconds to the second round of gratuitous ARP",
       garp_seconds<&GarpDraft::delay>},
      {"vrrp_garp_master_repeat", works, "gratuitous ARPs in a round", garp_number<&GarpDraft::repeat, 1>},
      {"vrrp_garp_master_refresh", works, "seconds between rounds while master", garp_seconds<&GarpDraft::refresh>},
      {"vrrp_garp_master_refresh_repeat", works, "gratuitous ARPs in such a round",
       garp_number<&GarpDraft::refresh_repeat, 1>},
      {"vrrp_garp_lower_prio_delay", works, "seconds to the second round behind a lesser master",
       garp_seconds<&GarpDraft::lower_delay>},
      {"vrrp_garp_lower_prio_repeat", works, "gratuitous ARPs behind a lesser master",
       garp_number<&GarpDraft::lower_repeat, 0>},
      {"vrrp_garp_interval", works, "seconds between two gratuitous ARPs on an interface",
       [](Context& c) { pace(c, c.draft.globals.garp_interval); }},
      {"vrrp_gna_interval", works, "seconds between two neighbour advertisements on an interface",
       [](Context& c) { pace(c, c.draft.globals.gna_interval); }},
      {"vrrp_min_garp", works, "one gratuitous ARP, and no second round",
       [](Context& c) { c.draft.globals.min_garp = c.flag(1).value_or(c.draft.globals.min_garp); }},
      {"vrrp_garp_extra_if", lost, "addresses on other interfaces are announced like the others", extra_garp},
      {"vrrp_vmac_garp_intvl", lost, "a former name of vrrp_garp_extra_if", deprecated_extra_garp},
      {"vrrp_lower_prio_no_advert", works, "a master does not answer one of lower priority",
       global_flag<&GlobalDraft::lower_no_advert>},
      {"vrrp_higher_prio_send_advert", accepted, "a master always answers one of higher priority a last time",
       takes_flag},
      {"vrrp_check_unicast_src", works, "unicast: nobody but peers is heard",
       [](Context& c) { c.draft.globals.check_unicast_source = true; }},
      {"vrrp_skip_check_adv_addr", works, "addresses in adverts are not compared, not even a master's first",
       [](Context& c) { out(c).skip_check_address = true; }},
      {"vrrp_strict", works, "the RFC to the letter: no passwords, no peers, no tricks",
       [](Context& c) { c.draft.globals.strict = true; }},
      {"vrrp_startup_delay", works, "seconds before anything is sent or taken",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0.001, 4294)) out(c).startup_delay = seconds_of(*n);
       }},
      {"vrrp_down_timer_adverts", lost, "three adverts, as the RFC has it", takes_number<1, 100>},
      {"vrrp_rt_priority", works, "real-time priority of the sending thread",
       [](Context& c) {
         if (c.count() < 2) return c.warn("No vrrp process real-time priority specified");
         if (const auto n = c.number(1, 1, 99)) out(c).realtime_priority = static_cast<int>(*n);
       }},
      {"vrrp_notify_priority_changes", lost, "changes of priority are events of `plenum vrrp events`", takes_flag},
      {"notify_fifo", works, "a named pipe that every change is written to",
       [](Context& c) { fifo(c, out(c).notify_fifo); }},
      {"notify_fifo_script", works, "who reads it", fifo_script},
      {"vrrp_notify_fifo", works, "a named pipe for changes of virtual routers and groups",
       [](Context& c) { fifo(c, out(c).router_fifo); }},
      {"vrrp_notify_fifo_script", lost, "start the reader of the pipe yourself", wants_word},
      {"lvs_notify_fifo", lost, "servers' changes are told by notify_up and notify_down", wants_word},
      {"lvs_notify_fifo_script", lost, "servers' changes are told by notify_up and notify_down", wants_word},
      {"fifo_write_vrrp_states_on_reload", accepted, "`plenum vrrp status` tells at any time"},
      {"lvs_sync_daemon", works, "connections are kept in step with the other director", sync_daemon},
      {"lvs_timeouts", works, "connections' timeouts (tcp, tcpfin, udp)", timeouts},
      {"lvs_flush", accepted, "a start takes over what is there"},
      {"lvs_flush_on_stop", accepted, "`plenum-lbd --unload` takes everything away", flush_on_stop},
      {"lvs_flush_onstop", accepted, "a former name of lvs_flush_on_stop", deprecated_flush},
      {"checker_log_all_failures", works, "every failed check is logged",
       [](Context& c) { c.draft.globals.log_all_failures = c.flag(1).value_or(c.draft.globals.log_all_failures); }},
      {"default_interface", works, "where addresses of no interface are added",
       [](Context& c) {
         if (c.count() < 2) return c.warn("default_interface requires interface name");
         c.draft.globals.default_interface = c.words[1];
       }},
      {"dynamic_interfaces", accepted, "interfaces may always come and go", interfaces_come_and_go},
      {"rs_init_notifies", accepted, "servers' first state is always told", takes_flag},
      {"include_check", works, "which missing files of an include are errors", include_check},
      {"random_seed", accepted, "${_RANDOM} is the same each time", takes_number<0, 4294967295>},
      {"startup_script", lost, "start it from the service's unit (ExecStartPre)", startup_script},
      {"startup_script_timeout", lost, "see startup_script", wants_number<1, 1000>},
      {"shutdown_script", lost, "start it from the service's unit (ExecStopPost)", startup_script},
      {"shutdown_script_timeout", lost, "see shutdown_script", wants_number<1, 1000>},
      {"notification_email", lost, mail, nullptr, Block::None, nullptr, true,
       [](Context& c) { c.warn("Warning - empty notification_email block"); }},
      {"notification_email_from", accepted, mail,
       [](Context& c) {
         if (c.count() < 2) c.warn("emailfrom missing - ignoring");
       }},
      {"smtp_server", accepted, mail, mail_server},
      {"smtp_helo_name", accepted, mail},
      {"smtp_connect_timeout", accepted, mail, takes_number<1, 4294>},
      {"smtp_alert", lost, mail, takes_flag},
      {"smtp_alert_vrrp", lost, mail, takes_flag},
      {"smtp_alert_checker", lost, mail, takes_flag},
      {"no_email_faults", accepted, mail},
      {"no_checker_emails", accepted, mail, takes_flag},
      {"nftables", accepted, tables_why},
      {"nftables_priority", accepted, tables_why, takes_number<INT32_MIN, INT32_MAX>},
      {"nftables_counters", accepted, tables_why},
      {"nftables_ifindex", accepted, tables_why},
      {"nftables_ipvs", accepted, "a group is one service for each of its addresses"},
      {"nftables_ipvs_priority", accepted, tables_why, takes_number<INT32_MIN, INT32_MAX>},
      {"nftables_ipvs_start_fwmark", accepted, tables_why, takes_number<1, 4294967295>},
      {"vrrp_iptables", accepted, tables_why, tables},
      {"vrrp_ipsets", accepted, tables_why, tables},
      {"disable_local_igmp", lost, "the host's IGMP is left as it is"},
      {"vmac_prefix", lost, "a virtual MAC's interface is vrrp.ID unless use_vmac names it", needs_word},
      {"vmac_addr_prefix", lost, "see vmac_prefix", needs_word},
      {"log_unknown_vrids", accepted, "`plenum vrrp status` counts adverts of unknown routers"},
      {"vrrp_rx_bufs_policy", accepted, buffers, buffer_policy},
      {"vrrp_rx_bufs_multiplier", accepted, buffers, wants_number<1, 4294967295>},
      {"vrrp_netlink_cmd_rcv_bufs", accepted, buffers, wants_number<0, 4294967295>},
      {"vrrp_netlink_cmd_rcv_bufs_force", accepted, buffers, takes_flag},
      {"vrrp_netlink_monitor_rcv_bufs", accepted, buffers, wants_number<0, 4294967295>},
      {"vrrp_netlink_monitor_rcv_bufs_force", accepted, buffers, takes_flag},
      {"lvs_netlink_cmd_rcv_bufs", accepted, buffers, wants_number<0, 4294967295>},
      {"lvs_netlink_cmd_rcv_bufs_force", accepted, buffers, takes_flag},
      {"lvs_netlink_monitor_rcv_bufs", accepted, buffers, wants_number<0, 4294967295>},
      {"lvs_netlink_monitor_rcv_bufs_force", accepted, buffers, takes_flag},
      {"process_monitor_rcv_bufs", accepted, buffers, wants_number<0, 4294967295>},
      {"process_monitor_rcv_bufs_force", accepted, buffers, takes_flag},
      {"max_auto_priority", accepted, weight_of_process, may_take_number<-1, 99>},
      {"min_auto_priority_delay", accepted, weight_of_process, wants_number<1, 10000000>},
      {"vrrp_priority", accepted, weight_of_process, wants_number<-20, 19>},
      {"vrrp_no_swap", accepted, "its memory is always locked"},
      {"vrrp_rlimit_rttime", accepted, weight_of_process, takes_number<1, INT32_MAX>},
      {"vrrp_rlimit_rtime", accepted, weight_of_process, deprecated_rtime},
      {"vrrp_cpu_affinity", lost, "use the service's unit (CPUAffinity)", process_ids},
      {"vrrp_process_name", accepted, one_process, needs_word},
      {"checker_priority", accepted, one_process, wants_number<-20, 19>},
      {"checker_no_swap", accepted, one_process},
      {"checker_rt_priority", accepted, one_process, wants_number<1, 99>},
      {"checker_rlimit_rttime", accepted, one_process, takes_number<1, INT32_MAX>},
      {"checker_rlimit_rtime", accepted, one_process, deprecated_rtime},
      {"checker_cpu_affinity", lost, "use the service's unit (CPUAffinity)", process_ids},
      {"checker_process_name", accepted, one_process, needs_word},
      {"lvs_process_name", accepted, one_process, needs_word},
      {"bfd_priority", accepted, one_process, wants_number<-20, 19>},
      {"bfd_no_swap", accepted, one_process},
      {"bfd_rt_priority", accepted, one_process, wants_number<1, 99>},
      {"bfd_rlimit_rttime", accepted, one_process, takes_number<1, INT32_MAX>},
      {"bfd_rlimit_rtime", accepted, one_process, deprecated_rtime},
      {"bfd_cpu_affinity", lost, "use the service's unit (CPUAffinity)", process_ids},
      {"bfd_process_name", accepted, one_process, needs_word},
      {"process_name", accepted, one_process, needs_word},
      {"process_names", accepted, one_process},
      {"config_save_dir", accepted, "`plenum diff` shows what a reload would change", needs_word},
      {"tmp_config_directory", accepted, "each daemon reads the file itself", wants_word},
      {"data_use_instance", accepted, "nothing is dumped into files", takes_flag},
      {"reload_check_config", accepted, "a reload always checks first"},
      {"reload_time_file", lost, "use a timer that calls `plenum reload`", wants_word},
      {"reload_repeat", lost, "use a timer that calls `plenum reload`"},
      {"reload_file", lost, "`plenum reload` ends when the reload has"},
      {"umask", accepted, "no files are written but the state", mask},
      {"snmp_socket", lost, snmp, wants_word},
      {"enable_snmp_vrrp", lost, snmp},
      {"enable_snmp_checker", lost, snmp},
      {"enable_snmp_keepalived", lost, snmp},
      {"enable_snmp_rfc", lost, snmp},
      {"enable_snmp_rfcv2", lost, snmp},
      {"enable_snmp_rfcv3", lost, snmp},
      {"enable_traps", lost, snmp},
      {"enable_dbus", lost, dbus},
      {"dbus_service_name", lost, dbus, wants_word},
  };
}

}  // namespace plenum::conf::keepalived
