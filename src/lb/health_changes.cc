#include "lb/health_changes.h"

#include <algorithm>
#include <map>
#include <set>

namespace plenum::lb {

namespace {

std::string text_of(const std::vector<conf::Check>& checks) {
  std::string out;
  for (const auto& check : checks) out += (out.empty() ? "" : "; ") + conf::describe(check);
  return out.empty() ? "none" : out;
}

std::string text_of(const conf::Command& command) {
  std::string out;
  for (const auto& word : command.words) out += (out.empty() ? "" : " ") + word;
  return out.empty() ? "none" : out;
}

std::string text_of(const std::optional<conf::Server>& server) { return server ? server->key.text() : "none"; }

class Lines {
 public:
  void at(std::string where) { where_ = std::move(where); }
  std::vector<std::string> take() { return std::move(lines_); }

  // `same`: whether the values are; texts that agree nevertheless hide what is too long to be told.
  void line(const std::string& what, bool same, const std::string& before, const std::string& after) {
    if (same) return;
    lines_.push_back(where_ + ": " + what + (before == after ? " changed" : " " + before + " -> " + after));
  }
  template <class T>
  void number(const std::string& what, const T& before, const T& after) {
    line(what, before == after, std::to_string(before), std::to_string(after));
  }
  template <class T>
  void value(const std::string& what, const T& before, const T& after) {
    line(what, before == after, text_of(before), text_of(after));
  }

 private:
  std::string where_;
  std::vector<std::string> lines_;
};

void service(Lines& out, const conf::ServiceHealth& a, const conf::ServiceHealth& b) {
  out.line("group", a.group == b.group, a.group.empty() ? "none" : a.group, b.group.empty() ? "none" : b.group);
  out.value("check", a.checks, b.checks);
  out.line("on_failure", a.on_failure == b.on_failure, name_of(a.on_failure), name_of(b.on_failure));
  out.line("slow_start", a.slow_start == b.slow_start, conf::interval_text(a.slow_start),
           conf::interval_text(b.slow_start));
  out.number("quorum", a.quorum, b.quorum);
  out.number("hysteresis", a.hysteresis, b.hysteresis);
  out.value("sorry", a.sorry, b.sorry);
  out.line("sorry: inhibit", a.sorry_inhibit == b.sorry_inhibit, a.sorry_inhibit ? "true" : "false",
           b.sorry_inhibit ? "true" : "false");
  out.line("damping", a.damping == b.damping, "", "");
  out.value("notify: up", a.notify_up, b.notify_up);
  out.value("notify: down", a.notify_down, b.notify_down);
  out.value("notify: quorum_up", a.quorum_up, b.quorum_up);
  out.value("notify: quorum_down", a.quorum_down, b.quorum_down);
  out.line("notify: at_end", a.omega == b.omega, a.omega ? "true" : "false", b.omega ? "true" : "false");
}

std::string text_of(const std::optional<conf::OnFailure>& effect) {
  return effect ? name_of(*effect) : "the service's";
}

void server(Lines& out, const conf::ServerHealth& a, const conf::ServerHealth& b) {
  out.value("check", a.checks, b.checks);
  out.line("on_failure", a.on_failure == b.on_failure, text_of(a.on_failure), text_of(b.on_failure));
  out.value("notify: up", a.notify_up, b.notify_up);
  out.value("notify: down", a.notify_down, b.notify_down);
}

}  // namespace

std::vector<std::string> health_changes(const std::vector<conf::ServiceHealth>& before,
                                        const std::vector<conf::ServiceHealth>& after,
                                        const std::vector<conf::Service>& services) {
  std::map<conf::ServiceKey, const conf::Service*> by_key;
  for (const auto& one : services) by_key[one.key] = &one;
  std::map<conf::ServiceKey, const conf::ServiceHealth*> olds, news;
  for (const auto& one : before) olds[one.service] = &one;
  for (const auto& one : after) news[one.service] = &one;
  Lines out;
  // A service that goes is a line of its own already.
  for (const auto& [key, its] : by_key) {
    conf::ServiceHealth none;
    none.service = key;
    const auto o = olds.find(key), n = news.find(key);
    const auto& a = o != olds.end() ? *o->second : none;
    const auto& b = n != news.end() ? *n->second : none;
    if (a == b) continue;
    const auto name = its->name.empty() ? key.text() : its->name;
    out.at(name);
    service(out, a, b);
    std::map<conf::ServerKey, std::pair<const conf::ServerHealth*, const conf::ServerHealth*>> servers;
    for (const auto& [server, health] : a.servers) servers[server].first = &health;
    for (const auto& [server, health] : b.servers) servers[server].second = &health;
    const conf::ServerHealth nothing;
    for (const auto& [server_key, two] : servers) {
      const auto at = std::ranges::find(its->servers, server_key, &conf::Server::key);
      if (at == its->servers.end()) continue;
      out.at(name + ": server " + (at->name.empty() ? server_key.text() : at->name));
      server(out, two.first != nullptr ? *two.first : nothing, two.second != nullptr ? *two.second : nothing);
    }
  }
  return out.take();
}

}  // namespace plenum::lb
