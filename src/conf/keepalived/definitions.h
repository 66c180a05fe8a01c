#pragma once
// What a keepalived.conf defines and repeats: $NAME=value, ~SEQ(...) and ~LST(...), as pure text.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::conf::keepalived {

// "$NAME=value" at the beginning of a line; none where the line is something else.
struct Definition {
  std::string name, value;
};
std::optional<Definition> parse_definition(std::string_view line);

// Names and values. What is not defined is left as it stands.
class Definitions {
 public:
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
  void unset(const std::string& name) { values_.erase(name); }
  // With names replaced once: "${NAME}" anywhere, "$NAME" in front of a blank or the end. `changed` says whether any
  // was. Predefined names come from `predefined`.
  using Predefined = std::function<std::optional<std::string>(std::string_view name)>;
  [[nodiscard]] std::string replace(std::string_view line, const Predefined& predefined, bool& changed) const;

 private:
  [[nodiscard]] std::optional<std::string> value(std::string_view name, const Predefined& predefined) const;
  std::map<std::string, std::string, std::less<>> values_;
};

// A line that is repeated: its names take one row of values after the other.
struct Repetition {
  std::vector<std::string> names;
  std::string rest;                            // the line behind it
  std::vector<std::vector<std::string>> rows;  // of ~LST
  // Of ~SEQ, instead of rows.
  std::int64_t start = 0, step = 1, end = 0;
  bool hexadecimal = false;

  [[nodiscard]] bool is_list() const { return !rows.empty(); }
};
enum class RepetitionFault : std::uint8_t { None, SequenceValues, Sequence, List };
// Of a line that begins with "~SEQ" or "~LST".
std::optional<Repetition> parse_repetition(std::string_view line, RepetitionFault& fault);
bool begins_repetition(std::string_view line);

}  // namespace plenum::conf::keepalived
