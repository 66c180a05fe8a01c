#include "lb/state_json.h"

#include <algorithm>

namespace plenum::lb {
namespace {

// Far beyond any drain or override, and far from overflowing a TimePoint.
constexpr std::int64_t kLongest = 10ll * 366 * 86400;

const Json& nothing() {
  static const Json empty = Json::array();
  return empty;
}

}  // namespace

std::int64_t SavedClock::left(TimePoint deadline) const {
  return std::chrono::ceil<std::chrono::seconds>(deadline - now).count();
}

TimePoint SavedClock::deadline(std::int64_t seconds_left) const {
  return now + std::chrono::seconds(std::clamp<std::int64_t>(seconds_left - passed, 0, kLongest));
}

std::int64_t SavedClock::ago(TimePoint past) const {
  return std::clamp<std::int64_t>(std::chrono::floor<std::chrono::seconds>(now - past).count(), 0, kLongest);
}

void write_members(JsonWriter& out, const conf::Server& server) {
  out.member("name", server.name);
  out.member("address", server.key.address.text());
  out.member("port", server.key.port);
  out.member("forward", static_cast<int>(server.forward));
  out.member("weight", server.weight);
  out.member("upper", server.upper);
  out.member("lower", server.lower);
  if (server.tunnel == conf::Tunnel{}) return;
  out.key("tunnel").begin_object();
  out.member("type", static_cast<int>(server.tunnel.type));
  out.member("port", server.tunnel.port);
  out.member("checksum", static_cast<int>(server.tunnel.checksum));
  out.end_object();
}

void write_members(JsonWriter& out, const conf::Service& service) {
  const auto& key = service.key;
  out.member("name", service.name);
  out.member("scheduler", service.scheduler);
  out.member("drain", service.drain);
  if (key.fwmark != 0) {
    out.member("fwmark", key.fwmark);
    out.member("family", static_cast<int>(key.family));
  } else {
    out.member("protocol", static_cast<int>(key.protocol));
    out.member("address", key.address.text());
    out.member("port", key.port);
  }
  if (service.scheduler_flags != 0) out.member("flags", service.scheduler_flags);
  if (service.one_packet) out.member("one_packet", true);
  if (const auto& p = service.persistence) {
    out.key("persistence").begin_object();
    out.member("timeout", p->timeout);
    out.member("netmask", p->netmask);
    out.member("engine", p->engine);
    out.end_object();
  }
}

void write_service(JsonWriter& out, const conf::Service& service) {
  out.begin_object();
  write_members(out, service);
  out.key("servers").begin_array();
  for (const auto& server : service.servers) {
    out.begin_object();
    write_members(out, server);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

namespace {

void write_object(JsonWriter& out, const conf::Server& server) {
  out.begin_object();
  write_members(out, server);
  out.end_object();
}

void write_object(JsonWriter& out, const conf::Service& service) { write_service(out, service); }

}  // namespace

template <class Spec>
void write_governed(JsonWriter& out, const Governed<Spec>& governed, const SavedClock& clock) {
  if (const auto& a = governed.added) {
    out.key("added").begin_object();
    out.member("author", a->author);
    out.member("reason", a->reason);
    out.end_object();
  }
  if (const auto& o = governed.override_) {
    out.key("override").begin_object();
    out.member("what", o->what);
    out.member("author", o->author);
    out.member("reason", o->reason);
    out.key("before");
    write_object(out, o->before);
    if (o->expires) out.member("seconds_left", clock.left(*o->expires));
    out.end_object();
  }
}

template void write_governed(JsonWriter&, const Governed<conf::Server>&, const SavedClock&);
template void write_governed(JsonWriter&, const Governed<conf::Service>&, const SavedClock&);

void StateReader::get(const Json& object, const char* name, std::string& out) {
  const auto at = object.find(name);
  if (at == object.end()) return;
  if (!at->is_string()) return fail(name, "is no text");
  out = at->get<std::string>();
}

void StateReader::get(const Json& object, const char* name, bool& out) {
  const auto at = object.find(name);
  if (at == object.end()) return;
  if (!at->is_boolean()) return fail(name, "is neither true nor false");
  out = at->get<bool>();
}

void StateReader::get_integer(const Json& object, const char* name, std::int64_t& out, std::int64_t min,
                              std::int64_t max) {
  const auto at = object.find(name);
  if (at == object.end()) return;
  // A number above int64's range is unsigned here, and above every max.
  const bool huge = at->is_number_unsigned() && at->get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (!at->is_number_integer() || huge) return fail(name, "is no whole number in range");
  const auto value = at->get<std::int64_t>();
  if (value < min || value > max) return fail(name, "is out of range");
  out = value;
}

const Json& StateReader::array(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) return nothing();
  if (at->is_array()) return *at;
  fail(name, "is no list");
  return nothing();
}

const Json* StateReader::object(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) return nullptr;
  if (at->is_object()) return &*at;
  fail(name, "is no object");
  return nullptr;
}

net::Address StateReader::address(const Json& json) {
  std::string text;
  get(json, "address", text);
  const auto parsed = net::Address::parse(text);
  if (!parsed) fail("address", "\"" + text.substr(0, 60) + "\" is no address");
  return parsed.value_or(net::Address());
}

conf::Server StateReader::server(const Json& json) {
  conf::Server out;
  if (!json.is_object()) return fail("server", "is no object"), out;
  get(json, "name", out.name);
  out.key.address = address(json);
  get(json, "port", out.key.port);
  std::int64_t forward = static_cast<int>(out.forward);
  get_integer(json, "forward", forward, 0, 3);
  out.forward = static_cast<conf::Forward>(forward);
  get(json, "weight", out.weight);
  get(json, "upper", out.upper);
  get(json, "lower", out.lower);
  if (const auto* tunnel = object(json, "tunnel")) {
    std::int64_t type = 0, checksum = 0;
    get_integer(*tunnel, "type", type, 0, 2);
    get_integer(*tunnel, "checksum", checksum, 0, 2);
    get(*tunnel, "port", out.tunnel.port);
    out.tunnel.type = static_cast<conf::TunnelType>(type);
    out.tunnel.checksum = static_cast<conf::TunnelChecksum>(checksum);
  }
  return out;
}

conf::Service StateReader::service(const Json& json) {
  conf::Service out;
  if (!json.is_object()) return fail("service", "is no object"), out;
  get(json, "name", out.name);
  get(json, "scheduler", out.scheduler);
  get(json, "drain", out.drain);
  get(json, "fwmark", out.key.fwmark);
  if (out.key.fwmark != 0) {
    std::int64_t family = 4;
    get_integer(json, "family", family, 4, 6);
    out.key.family = family == 6 ? net::Family::V6 : net::Family::V4;
  } else {
    std::int64_t protocol = 6;
    get_integer(json, "protocol", protocol, 0, 255);
    if (protocol != 6 && protocol != 17 && protocol != 132) fail("protocol", "is none of TCP, UDP and SCTP");
    out.key.protocol = static_cast<conf::Protocol>(protocol);
    out.key.address = address(json);
    out.key.family = out.key.address.family();
    get(json, "port", out.key.port);
  }
  get(json, "flags", out.scheduler_flags);
  get(json, "one_packet", out.one_packet);
  if (const auto* p = object(json, "persistence")) {
    auto& persistence = out.persistence.emplace();
    get(*p, "timeout", persistence.timeout);
    get(*p, "netmask", persistence.netmask);
    get(*p, "engine", persistence.engine);
  }
  for (const auto& one : array(json, "servers")) out.servers.push_back(server(one));
  return out;
}

std::optional<TimePoint> StateReader::deadline(const Json& json, const char* name) {
  if (!json.contains(name)) return std::nullopt;
  std::int64_t left = 0;
  get_integer(json, name, left, -kLongest, kLongest);
  return clock_.deadline(left);
}

TimePoint StateReader::past(const Json& json, const char* name) {
  std::int64_t ago = 0;
  get_integer(json, name, ago, 0, kLongest);
  return clock_.now - std::chrono::seconds(std::min(ago + (json.contains(name) ? clock_.passed : 0), kLongest));
}

template <class Spec>
void StateReader::override_of(const Json& json, Governed<Spec>& out, Spec before) {
  if (before.key != out.spec.key) return fail("override", "is about something else");
  Overridden<Spec> o{.what = {}, .author = {}, .reason = {}, .expires = deadline(json, "seconds_left"), .before = {}};
  get(json, "what", o.what);
  get(json, "author", o.author);
  get(json, "reason", o.reason);
  o.before = std::move(before);
  out.override_ = std::move(o);
}

void StateReader::governed(const Json& json, Governed<conf::Server>& out) {
  out.spec = server(json);
  if (!ok()) return;
  if (const auto* a = object(json, "added")) {
    auto& added = out.added.emplace();
    get(*a, "author", added.author);
    get(*a, "reason", added.reason);
  }
  if (const auto* o = object(json, "override")) override_of(*o, out, server(o->value("before", Json())));
}

void StateReader::governed(const Json& json, Governed<conf::Service>& out) {
  out.spec = service(json);
  out.spec.servers.clear();
  if (!ok()) return;
  if (const auto* a = object(json, "added")) {
    auto& added = out.added.emplace();
    get(*a, "author", added.author);
    get(*a, "reason", added.reason);
  }
  if (const auto* o = object(json, "override")) {
    auto before = service(o->value("before", Json()));
    before.servers.clear();
    override_of(*o, out, std::move(before));
  }
}

}  // namespace plenum::lb
