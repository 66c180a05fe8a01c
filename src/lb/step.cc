// Steps as text, and the plan from one list of services to another.

#include "lb/step.h"

#include <unordered_map>

#include "lb/table.h"

namespace plenum::lb {
namespace {

std::string called(const std::string& name, const std::string& key) { return name.empty() ? key : name + " " + key; }

std::string facts(const conf::Server& server) {
  std::string out = std::string(conf::name_of(server.forward)) + " weight " + std::to_string(server.weight);
  if (server.forward == conf::Forward::Tunnel) out += " tunnel " + conf::text_of(server.tunnel);
  if (server.upper != 0) out += " upper " + std::to_string(server.upper);
  if (server.lower != 0) out += " lower " + std::to_string(server.lower);
  return out;
}

struct Describe {
  std::string operator()(const AddService& s) const {
    return "add service " + called(s.service.name, s.service.key.text()) + " " + s.service.scheduler;
  }
  std::string operator()(const EditService& s) const {
    return "edit service " + called(s.service.name, s.service.key.text()) + " " + s.service.scheduler;
  }
  std::string operator()(const RemoveService& s) const { return "remove service " + s.key.text(); }
  std::string operator()(const AddServer& s) const {
    return s.service.text() + ": add server " + called(s.server.name, s.server.key.text()) + " " + facts(s.server);
  }
  std::string operator()(const EditServer& s) const {
    return s.service.text() + ": edit server " + called(s.server.name, s.server.key.text()) + " " + facts(s.server);
  }
  std::string operator()(const RemoveServer& s) const {
    return s.service.text() + ": remove server " + s.server.text() +
           (s.drain == 0 ? " at once" : ", drained for at most " + std::to_string(s.drain) + " s");
  }
  std::string operator()(const Clear&) const { return "remove every service"; }
  std::string operator()(const Zero& s) const {
    return s.service ? "zero the counters of " + s.service->text() : "zero every counter";
  }
};

conf::Service head(conf::Service service) {
  service.servers.clear();
  return service;
}

template <class Item>
using ByKey = std::unordered_map<decltype(Item::key), const Item*, KeyHash>;

template <class Item>
ByKey<Item> by_key(const std::vector<Item>& items) {
  ByKey<Item> map;
  map.reserve(items.size());
  for (const auto& item : items) map.emplace(item.key, &item);
  return map;
}

void plan_servers(const conf::Service& from, const conf::Service& to, std::vector<Step>& steps) {
  const auto before = by_key(from.servers);
  const auto after = by_key(to.servers);
  for (const auto& server : from.servers) {
    if (!after.contains(server.key)) steps.emplace_back(RemoveServer{to.key, server.key, to.drain});
  }
  for (const auto& server : to.servers) {
    const auto at = before.find(server.key);
    if (at == before.end()) {
      steps.emplace_back(AddServer{to.key, server});
    } else if (*at->second != server) {
      steps.emplace_back(EditServer{to.key, server});
    }
  }
}

}  // namespace

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

std::vector<Step> plan(const std::vector<conf::Service>& from, const std::vector<conf::Service>& to) {
  std::vector<Step> steps;
  const auto before = by_key(from);
  const auto after = by_key(to);
  for (const auto& service : from) {
    if (!after.contains(service.key)) steps.emplace_back(RemoveService{service.key});
  }
  for (const auto& service : to) {
    const auto at = before.find(service.key);
    if (at == before.end()) {
      steps.emplace_back(AddService{head(service)});
      plan_servers(head(service), service, steps);
      continue;
    }
    if (head(*at->second) != head(service)) steps.emplace_back(EditService{head(service)});
    plan_servers(*at->second, service, steps);
  }
  return steps;
}

}  // namespace plenum::lb
