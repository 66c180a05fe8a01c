#include "proto/failover_news.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.h"

namespace plenum::proto {

namespace {

using Of = FailoverNews::Of;

constexpr std::uint32_t kDepth = 16;
constexpr std::array<std::pair<std::string_view, Of>, 3> kLists{
    {{"routers", Of::Router}, {"groups", Of::Group}, {"bfd", Of::Session}}};
constexpr std::array<std::pair<std::string_view, Of>, 3> kKinds{
    {{"router", Of::Router}, {"group", Of::Group}, {"bfd", Of::Session}}};

std::optional<std::uint32_t> member(const Json& json, std::uint32_t object, std::string_view name) {
  if (json[object].kind != Json::Kind::Object) return std::nullopt;
  for (auto at = object + 1; at != json[object].next; at = json[at + 1].next)
    if (json.is_string(at, name)) return at + 1;
  return std::nullopt;
}

std::string text(const Json& json, std::uint32_t object, std::string_view name) {
  const auto at = member(json, object, name);
  return at && json[*at].kind == Json::Kind::String ? json.string(*at) : std::string();
}

}  // namespace

std::vector<FailoverNews> failover_news(std::string_view line) {
  std::vector<FailoverNews> out;
  const auto json = Json::parse(line, kDepth);
  if (!json) return out;
  // An answer has "ok", what happens has "kind".
  if (const auto kind = text(*json, 0, "kind"); !kind.empty()) {
    for (const auto& [word, of] : kKinds)
      if (auto to = text(*json, 0, "to"); kind == word && !to.empty())
        out.push_back({of, text(*json, 0, "name"), std::move(to), text(*json, 0, "from")});
    return out;
  }
  const auto status = member(*json, 0, "status");
  if (!status) return out;
  for (const auto& [word, of] : kLists) {
    const auto all = member(*json, *status, word);
    if (!all || (*json)[*all].kind != Json::Kind::Array) continue;
    for (auto at = *all + 1; at != (*json)[*all].next; at = (*json)[at].next)
      out.push_back({of, text(*json, at, "name"), text(*json, at, "state"), {}});
  }
  return out;
}

}  // namespace plenum::proto
