#include "conf/keepalived/definitions.h"

#include <cctype>
#include <cstdlib>

#include "base/text.h"

namespace plenum::conf::keepalived {
namespace {

bool begins_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// How many characters of a name `text` begins with.
std::size_t name_length(std::string_view text) {
  if (text.empty() || !begins_name(text[0])) return 0;
  std::size_t n = 1;
  while (n < text.size() && in_name(text[n])) ++n;
  return n;
}

// A whole number, decimal or 0x.
std::optional<std::int64_t> integer(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  if (value > INT32_MAX) return std::nullopt;
  return negative ? -value : value;
}

// The parts at commas that stand outside braces, trimmed.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '{') ++depth;
    if (i < text.size() && text[i] == '}') --depth;
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  return parts;
}

// "{a,b}" as its parts; "a" as itself.
std::vector<std::string> group_of(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    for (const auto part : split(text.substr(1, text.size() - 2), ',')) out.emplace_back(trim(part));
  } else {
    out.emplace_back(text);
  }
  return out;
}

bool plain(const std::string& value) { return value.find_first_of(" \t\"'") == std::string::npos; }

std::optional<Repetition> parse_list(const std::vector<std::string_view>& parts, Repetition out) {
  if (parts.size() < 2) return std::nullopt;
  out.names = group_of(parts[0]);
  for (const auto& name : out.names)
    if (name.empty() || name_length(name) != name.size()) return std::nullopt;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    auto row = group_of(parts[i]);
    if (row.size() > out.names.size()) return std::nullopt;
    for (const auto& value : row)
      if (!plain(value)) return std::nullopt;
    row.resize(out.names.size());
    out.rows.push_back(std::move(row));
  }
  return out;
}

std::optional<Repetition> parse_sequence(const std::vector<std::string_view>& parts, Repetition out,
                                         RepetitionFault& fault) {
  const std::string name(parts[0]);
  if (parts.size() < 2 || parts.size() > 4 || name_length(name) != name.size() || name.empty()) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto number = integer(parts[i]);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  out.names = {name};
  out.end = numbers.back();
  out.start = numbers.size() > 1 ? numbers[0] : out.end > 0 ? 1 : -1;
  out.step = numbers.size() > 2 ? numbers[1] : out.end < out.start ? -1 : 1;
  if (out.step == 0 || (out.step > 0) != (out.end >= out.start)) {
    if (out.step == 0 || out.end != out.start) {
      fault = RepetitionFault::SequenceValues;
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::optional<Definition> parse_definition(std::string_view line) {
  if (!line.starts_with('$')) return std::nullopt;
  const auto length = name_length(line.substr(1));
  if (length == 0 || line.size() <= length + 1 || line[length + 1] != '=') return std::nullopt;
  return Definition{std::string(line.substr(1, length)), std::string(trim(line.substr(length + 2)))};
}

std::optional<std::string> Definitions::value(std::string_view name, const Predefined& predefined) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  return predefined(name);
}

std::string Definitions::replace(std::string_view line, const Predefined& predefined, bool& changed) const {
  std::string out;
  std::size_t at = 0;
  changed = false;
  while (at < line.size()) {
    if (line[at] != '$') {
      out += line[at++];
      continue;
    }
    const auto rest = line.substr(at + 1);
    std::string_view name;
    std::size_t used = 0;
    if (rest.starts_with('{')) {
      const auto close = rest.find('}');
      // "_RANDOM 3 9" has arguments.
      if (close != std::string_view::npos && close > 1 && name_length(rest.substr(1)) > 0) {
        const auto inner = rest.substr(1, close - 1);
        if (name_length(inner) == inner.size() || inner.starts_with("_RANDOM ")) {
          name = inner;
          used = close + 2;
        }
      }
    } else if (const auto length = name_length(rest); length > 0) {
      if (length == rest.size() || std::isspace(static_cast<unsigned char>(rest[length])) != 0) {
        name = rest.substr(0, length);
        used = length + 1;
      }
    }
    const auto found = name.empty() ? std::nullopt : value(name, predefined);
    if (!found) {
      out += line[at++];
      continue;
    }
    out += *found;
    at += used;
    changed = true;
  }
  return out;
}

bool begins_repetition(std::string_view line) { return line.starts_with("~SEQ") || line.starts_with("~LST"); }

std::optional<Repetition> parse_repetition(std::string_view line, RepetitionFault& fault) {
  const bool list = line.starts_with("~LST");
  fault = list ? RepetitionFault::List : RepetitionFault::Sequence;
  Repetition out;
  auto rest = line.substr(4);
  if (!list && rest.starts_with('x')) {
    out.hexadecimal = true;
    rest.remove_prefix(1);
  }
  rest = trim(rest);
  const auto close = rest.find(')');
  if (!rest.starts_with('(') || close == std::string_view::npos) return std::nullopt;
  out.rest = trim(rest.substr(close + 1));
  const auto parts = parts_of(rest.substr(1, close - 1));
  auto done = list ? parse_list(parts, std::move(out)) : parse_sequence(parts, std::move(out), fault);
  if (done) fault = RepetitionFault::None;
  return done;
}

}  // namespace plenum::conf::keepalived
