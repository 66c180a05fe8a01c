// The table of keys as JSON Schema, for editors and for programs that write configurations.

#include <nlohmann/json.hpp>

#include "conf/schema.h"

namespace plenum::conf {
namespace {

using Json = nlohmann::ordered_json;

Json of(const Shape& shape);

// ${NAME} stands wherever a value may; its value is only known when the file is read.
constexpr const char* kVariable = R"(\$\{)";

Json pattern(const std::string& regex) { return {{"type", "string"}, {"pattern", regex + "|" + kVariable}}; }

Json of(const Key& key, Kind kind) {
  switch (kind) {
    case Kind::Integer:
      return {{"anyOf", {{{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}}, pattern("^[0-9]+$")}}};
    case Kind::Count:
      return {{"anyOf", {{{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}}, pattern("^[0-9]+[kM]?$")}}};
    case Kind::Duration:
      return {{"anyOf", {{{"type", "integer"}, {"const", 0}}, pattern("^(0|[0-9]+[smhd])$")}}};
    case Kind::Interval:
      return {{"anyOf", {{{"type", "integer"}, {"const", 0}}, pattern("^(0|[0-9]+(ms|[smhd]))$")}}};
    case Kind::Text:
      return {{"type", "string"}, {"minLength", 1}};
    case Kind::Name:
      return pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$");
    case Kind::Interface:
      return pattern("^[^ /:]{1,15}$");
    case Kind::Choice: {
      Json one{{"enum", Json::array()}};
      for (const auto choice : key.choices) one["enum"].push_back(choice);
      return {{"anyOf", {one, {{"type", "string"}, {"pattern", kVariable}}}}};
    }
    case Kind::Address:
      return pattern("^[0-9a-fA-F:.]+$");
    case Kind::Prefix:
      return pattern("^[0-9a-fA-F:.]+(/[0-9]{1,3})?$");
    case Kind::Flag:
      return {{"anyOf", {{{"type", "boolean"}}, pattern("^(true|false)$")}}};
    case Kind::Port:
      return {{"anyOf", {{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}, pattern("^(any|[0-9]+)$")}}};
    case Kind::Ports:
      return {{"anyOf", {{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}, pattern("^[0-9]+(-[0-9]+)?$")}}};
    case Kind::Object:
      return of(*key.shape);
    case Kind::Map: {
      Json map{{"type", {"object", "null"}}};
      map["propertyNames"] = {{"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}};
      map["additionalProperties"] = of(*key.shape);
      return map;
    }
    case Kind::List: {
      Json list{{"type", "array"}};
      if (key.required) list["minItems"] = 1;
      list["items"] = of(key, key.item);
      return list;
    }
    case Kind::OneOrMore: {
      auto one = of(key, key.item);
      // YAML takes 200 for a number, and a text may be written like one.
      if (key.item == Kind::Text) one = Json{{"type", {"string", "integer"}}};
      return {{"anyOf", {one, Json{{"type", "array"}, {"minItems", 1}, {"items", one}}}}};
    }
    case Kind::Command: {
      Json any = Json::array();
      any.push_back({{"type", "string"}, {"minLength", 1}});
      any.push_back({{"type", "array"}, {"minItems", 1}, {"items", {{"type", {"string", "number", "boolean"}}}}});
      if (key.shape != nullptr) any.push_back(of(*key.shape));
      return {{"anyOf", std::move(any)}};
    }
    case Kind::Later:
      break;
  }
  return false;
}

Json of(const Shape& shape) {
  Json out{{"type", "object"}, {"description", shape.doc}, {"additionalProperties", false}};
  auto& properties = out["properties"] = Json::object();
  auto required = Json::array();
  for (const auto& key : shape.keys) {
    if (key.kind == Kind::Later) continue;
    auto property = of(key, key.kind);
    if (key.per_node) {
      const Json by_node{{"type", "object"}, {"additionalProperties", property}};
      property = {{"anyOf", {property, by_node}}};
    }
    property["description"] = key.doc;
    if (!key.fallback.empty()) property["default"] = key.fallback;
    properties[std::string(key.name)] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

}  // namespace

std::string json_schema() {
  Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Plenum configuration"}};
  out.update(of(file_shape()));
  return out.dump(2) + "\n";
}

}  // namespace plenum::conf
