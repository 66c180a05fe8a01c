#include "cli/plenum/listing.h"

#include <algorithm>

#include "cli/plenum/text_table.h"

namespace plenum::cli {
namespace {

constexpr auto kRight = TextTable::Align::Right;

std::string override_text(const lb::Override& o) {
  auto text = o.what + " by " + o.author;
  if (o.expires_in) text += " for " + duration_text(*o.expires_in) + " more";
  if (!o.reason.empty()) text += ": " + o.reason;
  return text;
}

std::string latency_text(std::uint64_t microseconds) {
  constexpr std::uint64_t kMilli = 1000, kTen = 10 * kMilli;
  if (microseconds >= kTen) return std::to_string(microseconds / kMilli) + " ms";
  const auto tenths = microseconds / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

// "up", "down 3m 20s", "damped 5m, 2m more".
std::string health_state(const std::string& state, std::uint64_t since, std::optional<std::uint64_t> damped_for) {
  auto text = state + " " + duration_text(since);
  if (damped_for) text += ", " + duration_text(*damped_for) + " more";
  return text;
}

std::string health_of(const lb::ServerStatus& s) {
  if (s.sorry) return "sorry";
  if (!s.health) return "";
  return s.health->state == "up" ? "up" : health_state(s.health->state, s.health->since, s.health->damped_for);
}

std::string note_of(const lb::ServerStatus& s) {
  std::string note;
  const auto add = [&note](const std::string& more) { note += (note.empty() ? "" : "; ") + more; };
  if (s.sorry)
    add(s.wanted_weight ? "at weight 0: the service has its quorum" : "takes all: the service is below its quorum");
  if (s.health && s.health->state != "up") add(s.health->why.empty() ? "no probe has passed yet" : s.health->why);
  if (s.out) add(s.health && s.health->state != "up" ? "out" : "out: the sorry server takes all");
  if (s.health && s.health->slow_start)
    add("slow start, " + std::to_string(*s.health->slow_start) + " % of its weight");
  if (s.draining) {
    add("draining");
    if (s.removed_in) note += ", gone in " + duration_text(*s.removed_in) + " at the latest";
  }
  if (s.override_) add(override_text(*s.override_));
  return note;
}

std::string service_note(const lb::ServiceStatus& s) {
  std::string note;
  if (s.health && s.health->state == "down") {
    note = "below its quorum (" + std::to_string(s.health->weight) + " of " + std::to_string(s.health->quorum) + ")";
    if (s.health->sorry) note += ", the sorry server takes all";
  }
  if (s.override_) note += (note.empty() ? "" : "; ") + override_text(*s.override_);
  return note;
}

std::string flags_of(const conf::Service& s) {
  std::string text;
  if (s.persistence) text += " persistent " + duration_text(s.persistence->timeout);
  if (s.one_packet) text += " one-packet";
  if (s.scheduler_flags != 0) text += " flags " + std::to_string(s.scheduler_flags);
  return text;
}

std::string forward_of(const conf::Server& s) {
  std::string text = conf::name_of(s.forward);
  if (s.forward != conf::Forward::Tunnel) return text;
  return text + " " + conf::text_of(s.tunnel);
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

// Four binary steps, as byte counts are read: 812, 1.5k, 23M.
std::string bytes_text(std::uint64_t bytes) {
  const char* units[] = {"", "k", "M", "G", "T", "P", "E"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 1024 && unit < 6) {
    value /= 1024;
    ++unit;
  }
  auto text = std::to_string(static_cast<std::uint64_t>(value));
  if (unit != 0 && value < 10) text += "." + std::to_string(static_cast<unsigned>(value * 10) % 10);
  return text + units[unit];
}

}  // namespace

std::string called(const conf::Service& service) { return service.name.empty() ? service.key.text() : service.name; }
std::string called(const conf::Server& server) { return server.name.empty() ? server.key.text() : server.name; }

std::string services_text(const std::vector<lb::ServiceStatus>& services) {
  if (services.empty()) return "no services\n";
  TextTable table({{"SERVICE"},
                   {"LISTENS ON"},
                   {"SCHEDULER"},
                   {"SERVERS", kRight},
                   {"ACTIVE", kRight},
                   {"INACTIVE", kRight},
                   {"CONN/S", kRight},
                   {"IN B/S", kRight},
                   {"OUT B/S", kRight},
                   {"CONNECTIONS", kRight},
                   {"NOTE"}});
  for (const auto& s : services) {
    std::uint64_t active = 0, inactive = 0;
    std::size_t taking = 0;
    for (const auto& server : s.servers) {
      active += server.active;
      inactive += server.inactive;
      if (server.server.weight > 0 && !server.draining && !server.out) ++taking;
    }
    table.row({called(s.service), s.service.key.text(), s.service.scheduler + flags_of(s.service),
               std::to_string(taking) + "/" + std::to_string(s.servers.size()), std::to_string(active),
               std::to_string(inactive), std::to_string(s.rates.connections), bytes_text(s.rates.in_bytes),
               bytes_text(s.rates.out_bytes), std::to_string(s.counters.connections), service_note(s)});
  }
  return table.text();
}

std::string servers_text(const std::vector<lb::ServiceStatus>& services) {
  TextTable table({{"SERVICE"},
                   {"SERVER"},
                   {"ADDRESS"},
                   {"FORWARD"},
                   {"WEIGHT", kRight},
                   {"ACTIVE", kRight},
                   {"INACTIVE", kRight},
                   {"CONN/S", kRight},
                   {"CONNECTIONS", kRight},
                   {"HEALTH"},
                   {"NEXT HOP"},
                   {"NOTE"}});
  for (const auto& s : services) {
    for (const auto& r : s.servers) {
      table.row({called(s.service), called(r.server), r.server.key.text(), forward_of(r.server),
                 std::to_string(r.server.weight), std::to_string(r.active), std::to_string(r.inactive),
                 std::to_string(r.rates.connections), std::to_string(r.counters.connections), health_of(r), r.next_hop,
                 note_of(r)});
    }
  }
  const auto text = table.text();
  return text.empty() ? "no servers\n" : text;
}

std::string health_text(const std::vector<lb::HealthReport>& services) {
  TextTable table({{"SERVICE"},
                   {"SERVER"},
                   {"ADDRESS"},
                   {"CHECK"},
                   {"ASKED"},
                   {"STATE"},
                   {"LATENCY", kRight},
                   {"PROBES", kRight},
                   {"FAILED", kRight},
                   {"FALLS", kRight},
                   {"WHY"}});
  std::string out;
  for (const auto& s : services) {
    if (s.health.state == "down")
      out += s.service + ": BELOW ITS QUORUM for " + duration_text(s.health.since) + ": weight " +
             std::to_string(s.health.weight) + " of " + std::to_string(s.health.quorum) +
             (s.health.sorry ? ", the sorry server takes all\n" : "\n");
    for (const auto& server : s.servers) {
      for (const auto& c : server.health.checks) {
        auto why = c.why;
        if (!c.hindrance.empty()) why += (why.empty() ? "" : "; ") + ("cannot ask: " + c.hindrance);
        table.row({s.service, server.name, server.address, c.name, c.asked == server.address ? "" : c.asked,
                   health_state(c.state, c.since, c.damped_for), c.latency ? latency_text(*c.latency) : "",
                   std::to_string(c.probes), std::to_string(c.failures), std::to_string(c.falls), why});
      }
      if (server.health.checks.empty())
        table.row({s.service, server.name, server.address, "none", "", "", "", "", "", "", ""});
    }
  }
  const auto text = table.text();
  if (!text.empty()) return out + text;
  return out.empty() ? "no server is checked\n" : out;
}

std::string connections_text(const std::vector<lb::ConnectionStatus>& connections) {
  if (connections.empty()) return "no connections\n";
  TextTable table({{"PROTO"}, {"EXPIRES", kRight}, {"STATE"}, {"CLIENT"}, {"VIRTUAL"}, {"SERVER"}});
  for (const auto& c : connections) {
    table.row({upper(conf::name_of(c.protocol)), duration_text(c.expires_in), c.state, c.client.text(),
               c.virtual_.text(), c.server.text()});
  }
  return table.text();
}

std::string reasons_text(const std::vector<lb::ReasonCount>& reasons) {
  std::vector<const lb::ReasonCount*> fell;
  for (const auto& reason : reasons) {
    if (reason.packets != 0) fell.push_back(&reason);
  }
  if (fell.empty()) return "no packet has met a verdict yet\n";
  std::stable_sort(fell.begin(), fell.end(), [](const auto* a, const auto* b) {
    return a->kind != b->kind ? a->kind < b->kind : a->packets > b->packets;
  });
  TextTable table({{"KIND"}, {"REASON"}, {"PACKETS", kRight}, {"MEANING"}});
  for (const auto* r : fell) table.row({r->kind, r->name, std::to_string(r->packets), r->text});
  return table.text();
}

std::string status_text(const lb::Status& s) {
  std::string out = "plenum-lbd " + s.version + ", up " + duration_text(s.uptime) + ", data plane up " +
                    duration_text(s.data_plane_uptime) + "\n";
  out += "config       " + (s.config_path.empty() ? "none" : s.config_path) + "\n";
  out += "services     " + std::to_string(s.services) + " with " + std::to_string(s.servers) + " servers\n";
  out += "connections  " + std::to_string(s.connections) + " of " + std::to_string(s.connection_room) + "\n";
  if (s.checked != 0) {
    out += "health       " + std::to_string(s.checked - s.down) + " of " + std::to_string(s.checked) + " servers up";
    if (s.damped != 0) out += ", " + std::to_string(s.damped) + " damped";
    if (s.services_down != 0) out += ", " + std::to_string(s.services_down) + " services below their quorum";
    if (s.sorry != 0) out += ", " + std::to_string(s.sorry) + " sorry servers at work";
    out += "\n";
  }
  for (const auto& one : s.health) out += "             " + one + "\n";
  const char* title = "interfaces   ";
  for (const auto& i : s.interfaces) {
    out += title + i.name + " " + i.mode + (i.note.empty() ? "" : " (" + i.note + ")") + "\n";
    title = "             ";
  }
  title = "vips         ";
  for (const auto& v : s.vips) {
    out += title + v.name + " " + v.address +
           (v.present ? " on " + v.interface : v.by_vrrp ? " not here (plenum-vrrpd's)" : " MISSING") +
           (v.present || v.interface.empty() ? "" : " on " + v.interface) + "\n";
    title = "             ";
  }
  title = "tuning       ";
  for (const auto& line : s.tuning) {
    out += title + line + "\n";
    title = "             ";
  }
  title = "sync         ";
  for (const auto& one : s.sync) {
    out += title + one.role + " on " + one.daemon.interface +
           (one.running           ? ""
            : one.problem.empty() ? ", DOES NOT RUN"
                                  : ", does not run: " + one.problem) +
           ", syncid " + std::to_string(one.daemon.syncid);
    for (const auto& count : one.counters)
      if (count.value != 0) out += ", " + count.name + " " + std::to_string(count.value);
    out += "\n";
    title = "             ";
  }
  for (const auto& warning : s.warnings) out += "warning: " + warning + "\n";
  if (!s.config_error.empty()) {
    out += "the last reload was refused, the old state goes on:\n" + s.config_error;
    if (out.back() != '\n') out += '\n';
  }
  return out;
}

std::string server_line(const lb::ServerStatus& s) {
  auto text = called(s.server) + ": weight " + std::to_string(s.server.weight);
  const auto note = note_of(s);
  if (!note.empty()) text += ", " + note;
  if (s.active + s.inactive != 0) {
    text += "; " + std::to_string(s.active + s.inactive) + " connections of its own go on";
  }
  return text + "\n";
}

}  // namespace plenum::cli
