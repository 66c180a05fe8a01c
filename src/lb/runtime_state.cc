#include "lb/runtime_state.h"

#include "lb/mark_rules.h"
#include "lb/state_json.h"
#include "lb/sync_json.h"
#include "lb/tuning_json.h"
#include "lb/words_json.h"

namespace plenum::lb {
namespace {

constexpr int kFormat = 1;

void read_entry(StateReader& in, const Json& json, ServiceEntry& out) {
  in.governed(json, out);
  if (!in.ok()) return;
  for (const auto& one : in.array(json, "servers")) {
    ServerEntry server;
    in.governed(one, server);
    if (!in.ok()) return;
    server.removed_at = in.deadline(one, "removed_in");
    const auto key = server.spec.key;
    if (out.servers.find(key)) return in.fail("server " + key.text(), "stands twice");
    out.servers.add(key, std::move(server));
  }
}

void write_host(JsonWriter& out, const RuntimeState& state) {
  out.key("host").begin_object();
  out.key("interfaces").begin_array();
  for (const auto& name : state.director.interfaces) out.value(name);
  out.end_array();
  out.member("xdp", static_cast<int>(state.director.xdp));
  out.member("connections", state.director.connections);
  out.member("servers", state.director.servers);
  out.key("tuning").json(to_json(state.director.tuning).dump());
  out.key("timeouts").json(to_json(state.director.timeouts).dump());
  out.key("sync").json(to_json(state.director.sync).dump());
  out.key("sync_running").json(to_json(state.sync).dump());
  out.key("marks").json(marks_to_json(state.director.marks).dump());
  out.member("nftables_marks", state.director.nftables_marks);
  out.key("vips").begin_array();
  for (const auto& vip : state.vips) {
    out.begin_object();
    out.member("name", vip.name);
    out.member("interface", vip.interface);
    if (vip.by_vrrp) out.member("by_vrrp", true);
    out.key("addresses").begin_array();
    for (const auto& prefix : vip.addresses) out.value(prefix.text());
    out.end_array();
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

void write_entry(JsonWriter& out, const ServiceEntry& entry, const SavedClock& clock) {
  out.begin_object();
  write_members(out, entry.spec);
  write_governed(out, entry, clock);
  out.key("servers").begin_array();
  for (const auto& server : entry.servers) {
    out.begin_object();
    write_members(out, server.spec);
    write_governed(out, server, clock);
    if (server.removed_at) out.member("removed_in", clock.left(*server.removed_at));
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

void read_host(StateReader& in, const Json& json, RuntimeState& out) {
  for (const auto& name : in.array(json, "interfaces")) {
    if (!name.is_string()) return in.fail("interfaces", "have something that is no name");
    out.director.interfaces.push_back(name.get<std::string>());
  }
  std::int64_t xdp = 0;
  in.get_integer(json, "xdp", xdp, 0, static_cast<int>(conf::XdpMode::Generic));
  out.director.xdp = static_cast<conf::XdpMode>(xdp);
  in.get(json, "connections", out.director.connections);
  in.get(json, "servers", out.director.servers);
  out.director.tuning = tuning_from(in, json);
  out.director.timeouts = timeouts_from(in, json);
  out.director.sync = sync_from(in, json, "sync");
  out.sync = sync_from(in, json, "sync_running");
  out.director.marks = marks_from_json(in, json);
  in.get(json, "nftables_marks", out.director.nftables_marks);
  for (const auto& one : in.array(json, "vips")) {
    if (!one.is_object()) return in.fail("vips", "have something that is no vip");
    conf::Vip vip;
    in.get(one, "name", vip.name);
    in.get(one, "interface", vip.interface);
    in.get(one, "by_vrrp", vip.by_vrrp);
    for (const auto& text : in.array(one, "addresses")) {
      const auto prefix = text.is_string() ? net::Prefix::parse(text.get<std::string>()) : std::nullopt;
      if (!prefix) return in.fail("vip " + vip.name, "has something that is no address");
      vip.addresses.push_back(*prefix);
    }
    out.vips.push_back(std::move(vip));
  }
}

}  // namespace

std::string write_state(const RuntimeState& state, TimePoint now, std::int64_t wall) {
  const SavedClock clock{now};
  JsonWriter out;
  out.begin_object();
  out.member("format", kFormat);
  out.member("saved_at", wall);
  out.key("baselines").begin_object();
  for (const auto& [name, values] : state.baselines) {
    out.key(name).begin_array();
    for (const auto value : values) out.value(value);
    out.end_array();
  }
  out.end_object();
  write_host(out, state);
  out.key("health");
  write_words(out, state.words, clock);
  out.key("file").begin_array();
  for (const auto& service : state.last_file) {
    out.line();
    write_service(out, service);
  }
  out.end_array();
  out.key("running").begin_array();
  for (const auto& entry : state.running) {
    out.line();
    write_entry(out, entry, clock);
  }
  out.end_array();
  out.end_object();
  return out.take() + "\n";
}

Result<RuntimeState> read_state(std::string_view text, TimePoint now, std::int64_t wall) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(std::errc::invalid_argument, "saved state: no JSON object, cut off or damaged");
  SavedClock clock{now};
  StateReader header(clock);
  std::int64_t format = 0, saved_at = wall;
  header.get_integer(json, "format", format, 0, INT64_MAX);
  header.get_integer(json, "saved_at", saved_at, 0, INT64_MAX);
  if (!header.ok()) return fail(std::errc::invalid_argument, "saved state: " + header.error());
  if (format != kFormat) {
    return fail(std::errc::invalid_argument, "saved state: format " + std::to_string(format) + " is not known here");
  }
  clock.passed = saved_at < wall ? wall - saved_at : 0;

  StateReader in(clock);
  RuntimeState state;
  if (const auto* host = in.object(json, "host")) read_host(in, *host, state);
  for (const auto& one : in.array(json, "file")) state.last_file.push_back(in.service(one));
  for (const auto& one : in.array(json, "running")) {
    ServiceEntry entry;
    read_entry(in, one, entry);
    if (!in.ok()) break;
    state.running.push_back(std::move(entry));
  }
  state.words = words_from(in, json);
  if (const auto* baselines = in.object(json, "baselines")) {
    for (const auto& [name, values] : baselines->items()) {
      auto& into = state.baselines[name];
      for (const auto& value : in.array(*baselines, name.c_str())) {
        if (!value.is_number_unsigned()) in.fail("baselines", "have something that is no number");
        if (in.ok()) into.push_back(value.get<std::uint64_t>());
      }
    }
  }
  if (!in.ok()) return fail(std::errc::invalid_argument, "saved state: " + in.error());
  return state;
}

Result<Table> table_of(const RuntimeState& state, Room room) {
  Table table(room);
  for (const auto& entry : state.running) PLENUM_CHECK(table.restore(entry), "saved state");
  return table;
}

}  // namespace plenum::lb
