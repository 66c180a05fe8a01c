#pragma once
// What stands in each message, once for both directions: fields(visitor, value) names every
// field of a value, and the writer (encode.cc) or the reader (decode.cc) is the visitor.
// Included by those two only.
//
// visitor(name, field): the field may be missing, its default stands then.
// visitor.need(name, field): a message without it is refused.

#include <concepts>
#include <string_view>
#include <type_traits>
#include <variant>

#include "ctl/messages.h"

namespace plenum::ctl {

template <class T, class U>
concept Of = std::same_as<std::remove_const_t<T>, U>;

// Names on the wire of the alternatives of Request, in its order, and of lb::Step.
inline constexpr std::string_view kOps[] = {"change", "list",     "connections", "server",  "status", "drops", "diff",
                                            "reload", "timeouts", "trace",       "explain", "sync",   "health"};
inline constexpr std::string_view kSteps[] = {"add_service", "edit_service",  "remove_service", "add_server",
                                              "edit_server", "remove_server", "clear",          "zero"};
static_assert(std::size(kOps) == std::variant_size_v<Request> && std::size(kOps) == std::variant_size_v<Reply>);
static_assert(std::size(kSteps) == std::variant_size_v<lb::Step>);

// Names on the wire of an enumeration's values.
template <class E>
struct Named {
  E value;
  std::string_view name;
};
inline constexpr Named<conf::Protocol> kProtocols[] = {{conf::Protocol::Tcp, "tcp"},
                                                       {conf::Protocol::Udp, "udp"},
                                                       {conf::Protocol::Sctp, "sctp"},
                                                       {conf::Protocol::Ip, "ip"}};
inline constexpr Named<conf::Forward> kForwards[] = {{conf::Forward::Masq, "nat"},
                                                     {conf::Forward::Local, "local"},
                                                     {conf::Forward::Tunnel, "tun"},
                                                     {conf::Forward::Route, "dr"}};
inline constexpr Named<conf::TunnelType> kTunnelTypes[] = {
    {conf::TunnelType::Ipip, "ipip"}, {conf::TunnelType::Gue, "gue"}, {conf::TunnelType::Gre, "gre"}};
inline constexpr Named<conf::TunnelChecksum> kTunnelChecksums[] = {{conf::TunnelChecksum::None, "none"},
                                                                   {conf::TunnelChecksum::Full, "full"},
                                                                   {conf::TunnelChecksum::Remote, "remote"}};
inline constexpr Named<net::Family> kFamilies[] = {{net::Family::V4, "ipv4"}, {net::Family::V6, "ipv6"}};

constexpr const auto& names_of(conf::Protocol) { return kProtocols; }
constexpr const auto& names_of(conf::Forward) { return kForwards; }
constexpr const auto& names_of(conf::TunnelType) { return kTunnelTypes; }
constexpr const auto& names_of(conf::TunnelChecksum) { return kTunnelChecksums; }
constexpr const auto& names_of(net::Family) { return kFamilies; }

// conf/l4.h

template <class V, Of<conf::ServiceKey> T>
void fields(V& v, T& key) {
  v("fwmark", key.fwmark);
  v("family", key.family);
  v("protocol", key.protocol);
  v("address", key.address);
  v("port", key.port);
  v.check_key(key);
}

template <class V, Of<conf::ServerKey> T>
void fields(V& v, T& key) {
  v.need("address", key.address);
  v("port", key.port);
}

template <class V, Of<conf::Tunnel> T>
void fields(V& v, T& tunnel) {
  v("type", tunnel.type);
  v("port", tunnel.port);
  v("checksum", tunnel.checksum);
}

template <class V, Of<conf::Server> T>
void fields(V& v, T& server) {
  v("name", server.name);
  fields(v, server.key);
  v("forward", server.forward);
  v("weight", server.weight);
  v("upper", server.upper);
  v("lower", server.lower);
  v("tunnel", server.tunnel);
}

template <class V, Of<conf::Persistence> T>
void fields(V& v, T& persistence) {
  v("timeout", persistence.timeout);
  v("netmask", persistence.netmask);
  v("engine", persistence.engine);
}

template <class V, Of<conf::Service> T>
void fields(V& v, T& service) {
  v("name", service.name);
  fields(v, service.key);
  v("scheduler", service.scheduler);
  v("scheduler_flags", service.scheduler_flags);
  v("persistence", service.persistence);
  v("one_packet", service.one_packet);
  v("drain", service.drain);
  v("servers", service.servers);
}

// lb/step.h

template <class V, Of<lb::AddService> T>
void fields(V& v, T& step) {
  v.need("service", step.service);
}

template <class V, Of<lb::EditService> T>
void fields(V& v, T& step) {
  v.need("service", step.service);
}

template <class V, Of<lb::RemoveService> T>
void fields(V& v, T& step) {
  v.need("service", step.key);
}

template <class V, Of<lb::AddServer> T>
void fields(V& v, T& step) {
  v.need("service", step.service);
  v.need("server", step.server);
}

template <class V, Of<lb::EditServer> T>
void fields(V& v, T& step) {
  v.need("service", step.service);
  v.need("server", step.server);
}

template <class V, Of<lb::RemoveServer> T>
void fields(V& v, T& step) {
  v.need("service", step.service);
  v.need("server", step.server);
  v("drain", step.drain);
}

template <class V, Of<lb::Clear> T>
void fields(V&, T&) {}

template <class V, Of<lb::Zero> T>
void fields(V& v, T& step) {
  v("service", step.service);
}

// lb/status.h

template <class V, class T>
requires Of<T, lb::Counters> || Of<T, lb::Rates>
void fields(V& v, T& counts) {
  v("connections", counts.connections);
  v("in_packets", counts.in_packets);
  v("out_packets", counts.out_packets);
  v("in_bytes", counts.in_bytes);
  v("out_bytes", counts.out_bytes);
}

template <class V, Of<lb::Override> T>
void fields(V& v, T& word) {
  v("what", word.what);
  v("author", word.author);
  v("reason", word.reason);
  v("expires_in", word.expires_in);
}

template <class V, Of<lb::CheckStatus> T>
void fields(V& v, T& check) {
  v.need("name", check.name);
  v("asked", check.asked);
  v("state", check.state);
  v("since", check.since);
  v("why", check.why);
  v("latency_us", check.latency);
  v("last_ms", check.last);
  v("damped_for", check.damped_for);
  v("against", check.against);
  v("probes", check.probes);
  v("failures", check.failures);
  v("falls", check.falls);
  v("hindrance", check.hindrance);
}

template <class V, Of<lb::ServerHealthStatus> T>
void fields(V& v, T& health) {
  v("state", health.state);
  v("since", health.since);
  v("why", health.why);
  v("latency_us", health.latency);
  v("damped_for", health.damped_for);
  v("slow_start", health.slow_start);
  v("checks", health.checks);
}

template <class V, Of<lb::ServiceHealthStatus> T>
void fields(V& v, T& health) {
  v("state", health.state);
  v("weight", health.weight);
  v("quorum", health.quorum);
  v("hysteresis", health.hysteresis);
  v("since", health.since);
  v("sorry", health.sorry);
}

template <class V, Of<lb::HealthReport::Server> T>
void fields(V& v, T& server) {
  v.need("server", server.name);
  v("address", server.address);
  v("health", server.health);
}

template <class V, Of<lb::HealthReport> T>
void fields(V& v, T& report) {
  v.need("service", report.service);
  v("listens_on", report.listens_on);
  v("health", report.health);
  v("servers", report.servers);
}

template <class V, Of<lb::ServerStatus> T>
void fields(V& v, T& status) {
  v.need("server", status.server);
  v("active", status.active);
  v("inactive", status.inactive);
  v("persistent", status.persistent);
  v("counters", status.counters);
  v("rates", status.rates);
  v("draining", status.draining);
  v("removed_in", status.removed_in);
  v("override", status.override_);
  v("wanted_weight", status.wanted_weight);
  v("out", status.out);
  v("sorry", status.sorry);
  v("health", status.health);
  v("next_hop", status.next_hop);
}

template <class V, Of<lb::ServiceStatus> T>
void fields(V& v, T& status) {
  v.need("service", status.service);
  v("counters", status.counters);
  v("rates", status.rates);
  v("override", status.override_);
  v("health", status.health);
  v("servers", status.servers);
}

template <class V, Of<lb::ConnectionStatus> T>
void fields(V& v, T& connection) {
  v("protocol", connection.protocol);
  v.need("client", connection.client);
  v.need("virtual", connection.virtual_);
  v.need("server", connection.server);
  v("state", connection.state);
  v("expires_in", connection.expires_in);
  v("persistence", connection.is_template);
  v("engine", connection.engine);
  v("engine_data", connection.engine_data);
}

template <class V, Of<lb::ReasonCount> T>
void fields(V& v, T& reason) {
  v.need("name", reason.name);
  v("kind", reason.kind);
  v("text", reason.text);
  v("packets", reason.packets);
}

template <class V, Of<lb::InterfaceStatus> T>
void fields(V& v, T& interface) {
  v("name", interface.name);
  v("mode", interface.mode);
  v("note", interface.note);
}

template <class V, Of<lb::VipStatus> T>
void fields(V& v, T& vip) {
  v("name", vip.name);
  v("address", vip.address);
  v("interface", vip.interface);
  v("present", vip.present);
  v("by_vrrp", vip.by_vrrp);
}

template <class V, Of<conf::SyncDaemon> T>
void fields(V& v, T& daemon) {
  v("interface", daemon.interface);
  v("syncid", daemon.syncid);
  v("group", daemon.group);
  v("port", daemon.port);
  v("ttl", daemon.ttl);
  v("maxlen", daemon.maxlen);
  v("peers", daemon.peers);
}

template <class V, Of<lb::SyncCount> T>
void fields(V& v, T& count) {
  v.need("name", count.name);
  v("value", count.value);
}

template <class V, Of<lb::SyncStatus> T>
void fields(V& v, T& status) {
  v.need("role", status.role);
  v("daemon", status.daemon);
  v("running", status.running);
  v("problem", status.problem);
  v("counters", status.counters);
}

template <class V, Of<lb::Status> T>
void fields(V& v, T& status) {
  v("version", status.version);
  v("uptime", status.uptime);
  v("data_plane_uptime", status.data_plane_uptime);
  v("config_path", status.config_path);
  v("config_error", status.config_error);
  v("services", status.services);
  v("servers", status.servers);
  v("connections", status.connections);
  v("connection_room", status.connection_room);
  v("checked", status.checked);
  v("down", status.down);
  v("damped", status.damped);
  v("services_down", status.services_down);
  v("sorry", status.sorry);
  v("health", status.health);
  v("interfaces", status.interfaces);
  v("vips", status.vips);
  v("tuning", status.tuning);
  v("sync", status.sync);
  v("warnings", status.warnings);
}

// lb/explain

template <class V, Of<lb::ExplainedServer> T>
void fields(V& v, T& candidate) {
  v.need("server", candidate.server);
  v("weight", candidate.weight);
  v("active", candidate.active);
  v("inactive", candidate.inactive);
  v("overloaded", candidate.overloaded);
  v("load", candidate.load);
  v("chosen", candidate.chosen);
  v("note", candidate.note);
}

template <class V, Of<lb::Explanation> T>
void fields(V& v, T& explanation) {
  v("connection", explanation.connection);
  v("service", explanation.service);
  v("found_by", explanation.found_by);
  v("note", explanation.note);
  v("persistence", explanation.persistence);
  v("rule", explanation.rule);
  v("why", explanation.why);
  v("candidates", explanation.candidates);
  v("server", explanation.server);
  v("forward", explanation.forward);
  v("next_hop", explanation.next_hop);
  v("mtu", explanation.mtu);
  v.need("verdict", explanation.verdict);
  v("kind", explanation.kind);
  v("text", explanation.text);
}

// lb/trace

template <class V, Of<lb::TraceFilter> T>
void fields(V& v, T& filter) {
  v("address", filter.address);
  v("source", filter.source);
  v("destination", filter.destination);
  v("port", filter.port);
  v("protocol", filter.protocol);
  v("interface", filter.interface);
  v("verdicts", filter.verdicts);
  v("rate", filter.rate);
  v("bytes", filter.bytes);
}

template <class V, Of<lb::TraceEvent> T>
void fields(V& v, T& event) {
  v("time", event.time);
  v("interface", event.interface);
  v("protocol", event.protocol);
  v("source", event.source);
  v("source_port", event.source_port);
  v("destination", event.destination);
  v("destination_port", event.destination_port);
  v("length", event.length);
  v.need("verdict", event.reason);
  v("kind", event.kind);
  v("events", event.events);
  v("server", event.server);
  v("bytes", event.bytes);
}

template <class V, Of<lb::TraceCounts> T>
void fields(V& v, T& counts) {
  v("matched", counts.matched);
  v("suppressed", counts.suppressed);
  v("lost", counts.lost);
}

// ctl/messages.h

template <class V, Of<ChangeRequest> T>
void fields(V& v, T& request) {
  v.need("steps", request.steps);
  v("author", request.author);
  v("reason", request.reason);
  v("each", request.each);
  v("reasons", request.reasons);
}

template <class V, Of<StepFailure> T>
void fields(V& v, T& failure) {
  v.need("step", failure.step);
  v.need("errno", failure.error);
  v.need("error", failure.what);
}

template <class V, Of<ChangeReply> T>
void fields(V& v, T& reply) {
  v("failures", reply.failures);
}

template <class V, Of<ListRequest> T>
void fields(V& v, T& request) {
  v("service", request.service);
}

template <class V, Of<ConnectionsRequest> T>
void fields(V& v, T& request) {
  v("cursor", request.cursor);
  v("limit", request.limit);
}

template <class V, Of<ServerRequest> T>
void fields(V& v, T& request) {
  v.need("service", request.service);
  v.need("server", request.server);
  v.need("action", request.action);
  v("weight", request.weight);
  v("author", request.author);
  v("reason", request.reason);
  v("seconds", request.seconds);
}

template <class V, class T>
requires Of<T, StatusRequest> || Of<T, DropsRequest> || Of<T, TraceReply> || Of<T, HealthRequest>
void fields(V&, T&) {}

template <class V, class T>
requires Of<T, DiffRequest> || Of<T, ReloadRequest>
void fields(V& v, T& request) { v("path", request.path); }

template <class V, class T>
requires Of<T, TimeoutsRequest> || Of<T, TimeoutsReply>
void fields(V& v, T& timeouts) {
  v("tcp", timeouts.tcp);
  v("tcp_fin", timeouts.tcp_fin);
  v("udp", timeouts.udp);
}

template <class V, Of<ExplainRequest> T>
void fields(V& v, T& request) {
  v.need("source", request.source);
  v.need("destination", request.destination);
  v("protocol", request.protocol);
  v("later", request.later);
  v("mark", request.mark);
  v("interface", request.interface);
  v("length", request.length);
}

template <class V, Of<ExplainReply> T>
void fields(V& v, T& reply) {
  v.need("explanation", reply.explanation);
}

template <class V, Of<TraceRequest> T>
void fields(V& v, T& request) {
  fields(v, request.filter);
}

template <class V, Of<TraceLine> T>
void fields(V& v, T& line) {
  v("packet", line.packet);
  v("counts", line.counts);
}

template <class V, Of<SyncRequest> T>
void fields(V& v, T& request) {
  v("action", request.action);
  v("role", request.role);
  v("daemon", request.daemon);
}

template <class V, Of<SyncReply> T>
void fields(V& v, T& reply) {
  v.need("daemons", reply.daemons);
}

template <class V, Of<ListReply> T>
void fields(V& v, T& reply) {
  v.need("services", reply.services);
  v("table_size", reply.table_size);
}

template <class V, Of<ConnectionsReply> T>
void fields(V& v, T& reply) {
  v.need("connections", reply.connections);
  v("next", reply.next);
}

template <class V, Of<ServerReply> T>
void fields(V& v, T& reply) {
  v.need("server", reply.server);
}

template <class V, Of<StatusReply> T>
void fields(V& v, T& reply) {
  v.need("status", reply.status);
}

template <class V, Of<HealthReply> T>
void fields(V& v, T& reply) {
  v.need("health", reply.health);
}

template <class V, Of<DropsReply> T>
void fields(V& v, T& reply) {
  v.need("reasons", reply.reasons);
}

template <class V, class T>
requires Of<T, DiffReply> || Of<T, ReloadReply>
void fields(V& v, T& reply) { v.need("lines", reply.lines); }

}  // namespace plenum::ctl
