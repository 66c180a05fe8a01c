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

std::string note_of(const lb::ServerStatus& s) {
  std::string note;
  if (s.draining) {
    note = "draining";
    if (s.removed_in) note += ", gone in " + duration_text(*s.removed_in) + " at the latest";
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
      if (server.server.weight > 0 && !server.draining) ++taking;
    }
    table.row({called(s.service), s.service.key.text(), s.service.scheduler + flags_of(s.service),
               std::to_string(taking) + "/" + std::to_string(s.servers.size()), std::to_string(active),
               std::to_string(inactive), std::to_string(s.rates.connections), bytes_text(s.rates.in_bytes),
               bytes_text(s.rates.out_bytes), std::to_string(s.counters.connections),
               s.override_ ? override_text(*s.override_) : ""});
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
                   {"NEXT HOP"},
                   {"NOTE"}});
  for (const auto& s : services) {
    for (const auto& r : s.servers) {
      table.row({called(s.service), called(r.server), r.server.key.text(), forward_of(r.server),
                 std::to_string(r.server.weight), std::to_string(r.active), std::to_string(r.inactive),
                 std::to_string(r.rates.connections), std::to_string(r.counters.connections), r.next_hop, note_of(r)});
    }
  }
  const auto text = table.text();
  return text.empty() ? "no servers\n" : text;
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
  const char* title = "interfaces   ";
  for (const auto& i : s.interfaces) {
    out += title + i.name + " " + i.mode + (i.note.empty() ? "" : " (" + i.note + ")") + "\n";
    title = "             ";
  }
  title = "vips         ";
  for (const auto& v : s.vips) {
    out += title + v.name + " " + v.address + (v.present ? " on " + v.interface : " MISSING") +
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
    out += title + one.role + " on " + one.daemon.interface + (one.running ? "" : ", DOES NOT RUN") + ", syncid " +
           std::to_string(one.daemon.syncid);
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
