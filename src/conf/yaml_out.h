#pragma once
// A tree of keys and values as YAML text that the reader takes back: what is quoted, escaped and indented how. Knows
// nothing of what the keys mean.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plenum::conf {

class YamlOut {
 public:
  static YamlOut text(std::string_view value);  // quoted where need be
  static YamlOut plain(std::string value) { return YamlOut(Kind::Scalar, std::move(value)); }
  static YamlOut number(std::int64_t value) { return plain(std::to_string(value)); }
  static YamlOut flag(bool value) { return plain(value ? "true" : "false"); }
  static YamlOut map() { return YamlOut(Kind::Map, {}); }
  static YamlOut list() { return YamlOut(Kind::List, {}); }

  // Of a map.
  YamlOut& add(std::string_view key, YamlOut value);
  // Of a list.
  YamlOut& add(YamlOut value);
  [[nodiscard]] bool empty() const { return keys_.empty() && items_.empty() && scalar_.empty(); }
  [[nodiscard]] std::string str() const;

 private:
  enum class Kind : std::uint8_t { Scalar, Map, List };
  YamlOut(Kind kind, std::string scalar) : kind_(kind), scalar_(std::move(scalar)) {}
  [[nodiscard]] bool is_short() const;
  void flow(std::string& out) const;
  void block(std::string& out, std::size_t depth) const;

  Kind kind_;
  std::string scalar_;  // as it stands in the file
  std::vector<std::string> keys_;
  std::vector<YamlOut> items_;
};

}  // namespace plenum::conf
