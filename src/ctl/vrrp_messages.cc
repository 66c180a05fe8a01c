#include "ctl/vrrp_messages.h"

#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "ctl/messages.h"

namespace plenum::ctl {

namespace {

using failover::NamedCounts;

void write(JsonWriter& json, const NamedCounts& counts) {
  json.key("counters").begin_object();
  for (const auto& [name, value] : counts) json.member(name, value);
  json.end_object();
}

void write(JsonWriter& json, std::string_view name, const std::vector<std::string>& list) {
  json.key(name).begin_array();
  for (const auto& one : list) json.value(one);
  json.end_array();
}

void write(JsonWriter& json, const failover::TrackStatus& track) {
  json.begin_object();
  json.member("what", track.what);
  json.member("well", track.well);
  json.member("weight", track.weight);
  json.member("reverse", track.reverse);
  json.end_object();
}

void write(JsonWriter& json, const failover::RouterStatus& router) {
  json.begin_object();
  json.member("name", router.name);
  json.member("state", router.state);
  json.member("reason", router.reason);
  json.member("seconds", router.seconds);
  json.member("because", router.because);
  json.member("interface", router.interface);
  json.member("group", router.group);
  json.member("version", router.version);
  json.member("vrid", router.vrid);
  json.member("priority", router.priority);
  json.member("base_priority", router.base_priority);
  json.member("interval_us", router.interval_us);
  json.member("source", router.source);
  write(json, "addresses", router.addresses);
  json.member("here", router.here);
  json.member("held", router.held);
  if (!router.master.empty()) {
    json.key("master").begin_object();
    json.member("address", router.master);
    json.member("priority", router.master_priority);
    json.member("interval_us", router.master_interval_us);
    json.member("heard_us", router.heard_us);
    json.end_object();
  }
  if (!router.other_master.empty()) {
    json.key("other_master").begin_object();
    json.member("address", router.other_master);
    json.member("priority", router.other_priority);
    json.member("seconds", router.other_seconds);
    json.end_object();
  }
  json.key("refused").begin_array();
  for (const auto& one : router.unfit) {
    json.begin_object();
    json.member("address", one.source);
    json.member("count", one.count);
    json.member("why", one.why);
    json.member("mend", one.mend);
    json.member("seconds", one.seconds);
    json.end_object();
  }
  json.end_array();
  json.key("tracks").begin_array();
  for (const auto& track : router.tracks) write(json, track);
  json.end_array();
  write(json, "warnings", router.warnings);
  write(json, router.counts);
  json.end_object();
}

void write(JsonWriter& json, const failover::SessionStatus& session) {
  json.begin_object();
  json.member("name", session.name);
  json.member("neighbor", session.neighbor);
  json.member("interface", session.interface);
  json.member("state", session.state);
  json.member("diagnostic", session.diagnostic);
  json.member("because", session.because);
  json.member("seconds", session.seconds);
  json.member("transmit_us", session.transmit_us);
  json.member("detection_us", session.detection_us);
  write(json, session.counts);
  json.end_object();
}

}  // namespace

std::string vrrpd_socket(std::string_view run_dir) { return std::string(run_dir) + "/vrrpd.sock"; }

std::string encode(const VrrpRequest& request) {
  JsonWriter json;
  json.begin_object();
  json.member("op", request.op);
  if (!request.name.empty()) json.member("name", request.name);
  if (!request.author.empty()) json.member("author", request.author);
  if (!request.path.empty()) json.member("path", request.path);
  json.end_object();
  return json.take();
}

Result<VrrpRequest> decode_vrrp_request(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return fail(std::errc::invalid_argument, "request is no object of JSON");
  VrrpRequest out;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return fail(std::errc::invalid_argument, "request: " + key + " is no text");
    const auto& text = value.get_ref<const std::string&>();
    if (key == "op")
      out.op = text;
    else if (key == "name")
      out.name = text;
    else if (key == "author")
      out.author = text;
    else if (key == "path")
      out.path = text;
    else
      return fail(std::errc::invalid_argument, "request: there is no " + key);
  }
  return out;
}

std::string to_json(const failover::Status& status) {
  JsonWriter json;
  json.begin_object();
  json.member("config", status.config);
  json.member("real_time", status.real_time);
  write(json, "warnings", status.warnings);
  json.key("routers").begin_array();
  for (const auto& router : status.routers) write(json, router);
  json.end_array();
  json.key("groups").begin_array();
  for (const auto& group : status.groups) {
    json.begin_object();
    json.member("name", group.name);
    json.member("state", group.state);
    write(json, "members", group.members);
    json.end_object();
  }
  json.end_array();
  json.key("bfd").begin_array();
  for (const auto& session : status.sessions) write(json, session);
  json.end_array();
  write(json, status.counts);
  json.end_object();
  return json.take();
}

std::string to_json(const failover::Happening& happening) {
  JsonWriter json;
  json.begin_object();
  json.member("number", happening.number);
  json.member("time_us", happening.time_us);
  json.member("kind", happening.kind);
  json.member("name", happening.name);
  if (!happening.to.empty()) {
    json.member("from", happening.from);
    json.member("to", happening.to);
  }
  if (happening.priority != 0) json.member("priority", happening.priority);
  if (!happening.neighbor.empty()) json.member("neighbor", happening.neighbor);
  if (happening.lasted_us) json.member("lasted_us", *happening.lasted_us);
  if (happening.at_work_us) json.member("at_work_us", *happening.at_work_us);
  json.member("text", happening.text);
  json.end_object();
  return json.take();
}

std::string vrrp_answer(std::string_view name, std::string_view value) {
  JsonWriter json;
  json.begin_object();
  json.member("ok", true);
  json.key(name).json(value);
  json.end_object();
  return json.take();
}

std::string vrrp_refusal(const Error& error) {
  JsonWriter json;
  json.begin_object();
  json.member("ok", false);
  json.member("errno", errno_of(error.code));
  json.member("error", error.what);
  json.end_object();
  return json.take();
}

Result<std::string> decode_vrrp_answer(std::string_view line) {
  auto json = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("ok"))
    return fail(std::errc::protocol_error, "plenum-vrrpd's answer is none");
  if (json["ok"] != true) {
    const int number = json.value("errno", EIO);
    return tl::unexpected(Error{{number, std::system_category()}, json.value("error", std::string("refused"))});
  }
  json.erase("ok");
  return json.dump();
}

}  // namespace plenum::ctl
