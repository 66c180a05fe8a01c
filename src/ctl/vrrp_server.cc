#include "ctl/vrrp_server.h"

#include "base/json_writer.h"

namespace plenum::ctl {

namespace {

std::string lines_json(const std::vector<std::string>& lines) {
  JsonWriter json;
  json.begin_array();
  for (const auto& line : lines) json.value(line);
  json.end_array();
  return json.take();
}

std::string events_json(const std::deque<failover::Happening>& happenings) {
  JsonWriter json;
  json.begin_array();
  for (const auto& one : happenings) json.json(to_json(one));
  json.end_array();
  return json.take();
}

std::string lines_answer(const Result<std::vector<std::string>>& lines) {
  return lines ? vrrp_answer("lines", lines_json(*lines)) : vrrp_refusal(lines.error());
}

}  // namespace

void VrrpServer::serve(const rt::ConnectionPtr& client, std::string_view line) {
  const auto request = decode_vrrp_request(line);
  if (!request) {
    client->send(vrrp_refusal(request.error()) + "\n");
    return;
  }
  client->send(answer(*request) + "\n");
  if (request->op == "watch") watch(client);
}

std::string VrrpServer::answer(const VrrpRequest& request) {
  if (request.op == "status") return vrrp_answer("status", to_json(failover_.status()));
  if (request.op == "events" || request.op == "watch")
    return vrrp_answer("events", events_json(failover_.happenings()));
  if (request.op == "reload") return lines_answer(failover_.reload(request.path));
  if (request.op == "diff") return lines_answer(failover_.diff(request.path));
  if (request.op == "failover") return lines_answer(failover_.resign(request.name, request.author));
  if (request.op == "failback") return lines_answer(failover_.failback(request.name, request.author));
  return vrrp_refusal(fail(std::errc::invalid_argument, "there is no op " + request.op).value());
}

void VrrpServer::watch(const rt::ConnectionPtr& client) {
  const auto* key = client.get();
  watchers_[key] = client;
  client->on_closed([this, key] { watchers_.erase(key); });
}

void VrrpServer::tell(const failover::Happening& happening) {
  const auto line = to_json(happening) + "\n";
  // A send that fails closes later, from the loop.
  for (const auto& [key, client] : watchers_)
    if (const auto open = client.lock()) open->send(line);
}

}  // namespace plenum::ctl
