// What a scalar's text means for each kind of key, and the words for what it must be.

#include <algorithm>

#include "base/text.h"
#include "conf/schema.h"

namespace plenum::conf {
namespace {

using Read = tl::expected<Value, Mistake>;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text.substr(0, 60)) + (text.size() > 60 ? "..." : "") + "\"";
}

Read must_be(const std::string& what, std::string_view text, std::string hint = {}) {
  return tl::unexpected(Mistake{"must be " + what + ", not " + quoted(text), std::move(hint)});
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

// Digits and an optional unit; the product within int64.
std::optional<std::int64_t> scaled(std::string_view text,
                                   const std::vector<std::pair<std::string_view, std::int64_t>>& units) {
  const auto digits = text.find_first_not_of("0123456789");
  const auto number = parse_number<std::int64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  const auto unit = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
  for (const auto& [name, factor] : units) {
    if (name != unit) continue;
    std::int64_t product = 0;
    if (__builtin_mul_overflow(*number, factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

std::string seconds_as_text(std::int64_t seconds) {
  if (seconds == 0) return "0";
  if (seconds % 86400 == 0) return std::to_string(seconds / 86400) + "d";
  if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + "h";
  if (seconds % 60 == 0) return std::to_string(seconds / 60) + "m";
  return std::to_string(seconds) + "s";
}

Read in_range(const Key& key, std::optional<std::int64_t> number, std::string_view text, const std::string& what,
              std::string hint = {}) {
  if (!number || *number < key.min || *number > key.max) return must_be(what, text, std::move(hint));
  return Value(*number);
}

Read integer(const Key& key, std::string_view text) {
  const auto range =
      key.min == key.max ? std::to_string(key.min) : std::to_string(key.min) + ".." + std::to_string(key.max);
  return in_range(key, parse_number<std::int64_t>(text), text, range);
}

Read count(const Key& key, std::string_view text) {
  const auto range = std::to_string(key.min) + ".." + std::to_string(key.max) + " (k and M may follow)";
  return in_range(key, scaled(text, {{"", 1}, {"k", 1024}, {"M", 1024 * 1024}}), text, range);
}

Read duration(const Key& key, std::string_view text) {
  const auto range =
      "a duration from " + seconds_as_text(key.min) + " to " + seconds_as_text(key.max) + ", like 90s, 10m or 1h";
  auto seconds = scaled(text, {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}});
  if (text == "0") seconds = 0;
  std::string hint;
  if (!seconds && parse_number<std::int64_t>(text)) hint = "a unit is missing: " + std::string(text) + "s?";
  return in_range(key, seconds, text, range, std::move(hint));
}

std::string milliseconds_as_text(std::int64_t milliseconds) {
  if (milliseconds % 1000 == 0) return seconds_as_text(milliseconds / 1000);
  return std::to_string(milliseconds) + "ms";
}

Read interval(const Key& key, std::string_view text) {
  const auto range =
      "a time from " + milliseconds_as_text(key.min) + " to " + milliseconds_as_text(key.max) + ", like 30ms, 1s or 5m";
  auto milliseconds = scaled(text, {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}});
  if (text == "0") milliseconds = 0;
  std::string hint;
  if (!milliseconds && parse_number<std::int64_t>(text)) hint = "a unit is missing: " + std::string(text) + "s?";
  if (!milliseconds && text.find('.') != std::string_view::npos) hint = "a part of a second is written in ms: 500ms";
  return in_range(key, milliseconds, text, range, std::move(hint));
}

Read choice(const Key& key, std::string_view text) {
  const auto among = [&](const auto& list) { return std::find(list.begin(), list.end(), text) != list.end(); };
  if (among(key.choices)) return Value(std::string(text));
  if (among(key.later)) {
    return tl::unexpected(Mistake{quoted(text) + " is not supported by this version", "it has " + listed(key.choices)});
  }
  const auto near = nearest(text, key.choices);
  return must_be(listed(key.choices), text, near.empty() ? "" : "did you mean " + quoted(near) + "?");
}

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Read name(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= 63 && is_alnum(text[0]) &&
      std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
  if (!good) return must_be("a name (letters, digits, '.', '_' and '-', at most 63)", text);
  return Value(std::string(text));
}

// dev_valid_name() of the kernel.
Read interface(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return static_cast<unsigned char>(c) > ' ' && c != '/' && c != ':' && c != 0x7f;
                    });
  if (!good) return must_be("the name of a network interface", text);
  return Value(std::string(text));
}

Read flag(std::string_view text) {
  for (const auto& [word, value] : {std::pair{"true", 1}, {"false", 0}})
    if (text == word) return Value(std::int64_t{value});
  return must_be("true or false", text);
}

// 0 is IPVS's word for every port.
Read port(std::string_view text) {
  if (text == "any" || text == "0") return Value(std::int64_t{0});
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < 1 || *number > 65535) return must_be("1..65535, or any", text);
  return Value(*number);
}

Read ports(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_number<std::uint16_t>(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_number<std::uint16_t>(text.substr(dash + 1));
  if (!first || !last) return must_be("a port or a range of ports, like 80 or 8000-8100", text);
  if (*first > *last) return must_be("a range of ports from the lower to the higher", text);
  return Value(std::string(text));
}

Read address(std::string_view text) {
  if (const auto a = net::Address::parse(text)) return Value(*a);
  std::string hint;
  if (const auto p = net::Prefix::parse(text)) hint = "without the prefix length: " + p->address.text();
  if (const auto e = net::Endpoint::parse(text))
    hint = "the port goes to its own key: port: " + std::to_string(e->port);
  return must_be("an IP address", text, std::move(hint));
}

Read prefix(std::string_view text) {
  if (const auto p = net::Prefix::parse(text)) return Value(*p);
  return must_be("an IP address with prefix length, like 192.0.2.10/24", text);
}

}  // namespace

tl::expected<Value, Mistake> read_value(const Key& key, Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::Integer:
      return integer(key, text);
    case Kind::Count:
      return count(key, text);
    case Kind::Duration:
      return duration(key, text);
    case Kind::Interval:
      return interval(key, text);
    case Kind::Name:
      return name(text);
    case Kind::Interface:
      return interface(text);
    case Kind::Choice:
      return choice(key, text);
    case Kind::Address:
      return address(text);
    case Kind::Prefix:
      return prefix(text);
    case Kind::Flag:
      return flag(text);
    case Kind::Port:
      return port(text);
    case Kind::Ports:
      return ports(text);
    case Kind::Text:
      if (text.empty()) return tl::unexpected(Mistake{"must not be empty", ""});
      return Value(std::string(text));
    case Kind::Object:
    case Kind::Map:
    case Kind::List:
    case Kind::OneOrMore:
    case Kind::Command:
    case Kind::Later:
      break;
  }
  return tl::unexpected(Mistake{"is not a single value", ""});
}

}  // namespace plenum::conf
