#include "cli/vrrp/vrrp.h"

#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/plenum/text_table.h"

namespace plenum::cli {

namespace {

using Json = nlohmann::ordered_json;

// A field that an older daemon may not send is empty.
std::string text(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}
std::uint64_t number(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}
bool truth(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_boolean() && at->get<bool>();
}
const Json& list(const Json& json, const char* key) {
  static const Json kNone = Json::array();
  const auto at = json.find(key);
  return at != json.end() && at->is_array() ? *at : kNone;
}

// "90 ms", "1.5 ms", "1 s".
std::string interval_text(std::uint64_t us) {
  if (us == 0) return "";
  const bool whole_seconds = us % 1000000 == 0;
  auto out = std::to_string(whole_seconds ? us / 1000000 : us / 1000);
  if (!whole_seconds && us % 1000 != 0) out += "." + std::to_string(us % 1000 / 100);
  return out + (whole_seconds ? " s" : " ms");
}

std::string joined(const Json& words) {
  std::string out;
  for (const auto& word : words)
    if (word.is_string()) out += (out.empty() ? "" : " ") + word.get<std::string>();
  return out;
}

std::string priority_text(const Json& router) {
  const auto now = number(router, "priority"), base = number(router, "base_priority");
  return std::to_string(now) + (now != base ? " of " + std::to_string(base) : "");
}

std::string master_text(const Json& router) {
  const auto at = router.find("master");
  if (at == router.end() || !at->is_object()) return "";
  return text(*at, "address") + " (" + std::to_string(number(*at, "priority")) + ")";
}

// What somebody should look at, a line each.
std::string remarks(const Json& status) {
  std::string out;
  for (const auto& warning : list(status, "warnings"))
    if (warning.is_string()) out += warning.get<std::string>() + "\n";
  for (const auto& router : list(status, "routers")) {
    const auto name = text(router, "name") + ": ";
    if (!text(router, "because").empty()) out += name + text(router, "because") + "\n";
    if (truth(router, "held")) out += name + "told to give up; does not preempt (plenum vrrp failback)\n";
    const auto other = router.find("other_master");
    if (other != router.end() && other->is_object()) {
      const auto ago = number(*other, "seconds");
      // Three of its advertisements, if it has them as far apart as this one; half a second for the rounding.
      const bool still = ago * 2 <= number(router, "interval_us") * 6 / 1000000 + 1;
      out += name + (still ? "two masters: " : "there were two masters: ") + text(*other, "address") + " of priority " +
             std::to_string(number(*other, "priority")) + " was heard " + duration_text(ago) + " ago, and told" +
             (still ? "\n" : "; not since\n");
    }
    for (const auto& one : list(router, "refused")) {
      const auto count = number(one, "count");
      out += name + std::to_string(count) + (count == 1 ? " advertisement of " : " advertisements of ") +
             text(one, "address") + " refused, the last " + duration_text(number(one, "seconds")) +
             " ago: " + text(one, "why") + "; " + text(one, "mend") + "\n";
    }
    for (const auto& track : list(router, "tracks"))
      if (truth(track, "well") == truth(track, "reverse")) out += name + text(track, "what") + " is not well\n";
    for (const auto& warning : list(router, "warnings"))
      if (warning.is_string()) out += name + warning.get<std::string>() + "\n";
  }
  return out;
}

int fail_with(const VrrpWorld& world, const std::string& what) {
  world.err << "plenum: " << what << "\n";
  return 1;
}

}  // namespace

std::string vrrp_status_text(std::string_view answer) {
  const auto json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("status")) return "";
  const auto& status = json["status"];
  TextTable routers({{"ROUTER"},
                     {"GROUP"},
                     {"STATE"},
                     {"FOR"},
                     {"PRIORITY"},
                     {"MASTER"},
                     {"ADDRESSES"},
                     {"INTERFACE"},
                     {"ADVERTS"},
                     {"WHY"}});
  for (const auto& router : list(status, "routers"))
    routers.row({text(router, "name"), text(router, "group"), text(router, "state"),
                 duration_text(number(router, "seconds")), priority_text(router), master_text(router),
                 joined(list(router, "addresses")), text(router, "interface"),
                 interval_text(number(router, "interval_us")), text(router, "reason")});
  TextTable sessions({{"BFD"}, {"NEIGHBOUR"}, {"INTERFACE"}, {"STATE"}, {"FOR"}, {"DETECTION"}, {"WHY"}});
  for (const auto& session : list(status, "bfd"))
    sessions.row({text(session, "name"), text(session, "neighbor"), text(session, "interface"), text(session, "state"),
                  duration_text(number(session, "seconds")), interval_text(number(session, "detection_us")),
                  text(session, text(session, "because").empty() ? "diagnostic" : "because")});
  std::string out = routers.text();
  if (out.empty()) out = "no virtual routers\n";
  const auto more = sessions.text(), said = remarks(status);
  if (!more.empty()) out += "\n" + more;
  if (!said.empty()) out += "\n" + said;
  return out;
}

std::string vrrp_event_text(std::string_view event) {
  const auto json = Json::parse(event, nullptr, false);
  if (!json.is_object()) return "";
  const auto us = number(json, "time_us");
  const auto seconds = static_cast<std::time_t>(us / 1000000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char when[32], part[8];
  std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
  std::snprintf(part, sizeof part, ".%03u", static_cast<unsigned>(us / 1000 % 1000));
  char kind[32];
  std::snprintf(kind, sizeof kind, "  %-14s  ", text(json, "kind").c_str());
  std::string out = std::string(when) + part + kind + text(json, "name") + ": ";
  if (!text(json, "to").empty()) out += text(json, "from") + " -> " + text(json, "to") + ", ";
  return out + text(json, "text") + "\n";
}

int run_vrrp(const VrrpCommand& command, bool json, const VrrpWorld& world) {
  const auto events = [&](std::string_view answer) {
    const auto parsed = Json::parse(answer, nullptr, false);
    for (const auto& event : list(parsed, "events")) world.out << vrrp_event_text(event.dump());
    world.out.flush();
  };
  if (command.follow) {
    // With --json a line an event, those of before first.
    const auto first = [&](std::string_view answer) {
      if (!json) return events(answer);
      const auto parsed = Json::parse(answer, nullptr, false);
      for (const auto& event : list(parsed, "events")) world.out << event.dump() << "\n";
      world.out.flush();
    };
    const auto done = world.follow(command.request, first, [&](std::string_view line) {
      world.out << (json ? std::string(line) + "\n" : vrrp_event_text(line));
      world.out.flush();
    });
    return done ? 0 : fail_with(world, done.error().what);
  }
  const auto answer = world.ask(command.request);
  if (!answer) return fail_with(world, answer.error().what);
  if (json) {
    world.out << Json::parse(*answer).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else if (command.request.op == "status") {
    world.out << vrrp_status_text(*answer);
  } else if (command.request.op == "events") {
    events(*answer);
  } else {
    const auto parsed = Json::parse(*answer, nullptr, false);
    for (const auto& line : list(parsed, "lines"))
      if (line.is_string()) world.out << line.get<std::string>() << "\n";
    if (list(parsed, "lines").empty())
      world.out << (command.request.op == "diff" ? "nothing would change\n" : "nothing changed\n");
  }
  return 0;
}

}  // namespace plenum::cli
