#include "conf/keepalived/words.h"

#include <cctype>

#include "base/text.h"

namespace plenum::conf::keepalived {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }
bool begins_comment(char c) { return c == '#' || c == '!'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }

// The character an escape stands for; `at` is on the one behind the backslash and moves past the escape.
char escaped(std::string_view text, std::size_t& at) {
  const char c = text[at++];
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'E':
      return 0x1b;
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case 'c':
      return at < text.size() ? static_cast<char>(text[at++] & 0x1f) : c;
    case 'x': {
      unsigned value = 0;
      while (at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0) {
        const char d = text[at++];
        value = value * 16 + static_cast<unsigned>(d <= '9' ? d - '0' : (d | 0x20) - 'a' + 10);
      }
      return static_cast<char>(value & 0xff);
    }
    default:
      break;
  }
  if (!is_octal(c)) return c;
  unsigned value = static_cast<unsigned>(c - '0');
  for (int i = 0; i < 2 && at < text.size() && is_octal(text[at]); ++i)
    value = value * 8 + static_cast<unsigned>(text[at++] - '0');
  return static_cast<char>(value & 0xff);
}

// Words in which quotes keep blanks and a backslash has a meaning, within quotes, too.
std::optional<Words> split_quoted(std::string_view text, bool comments) {
  Words words;
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at >= text.size() || (comments && begins_comment(text[at]))) return words;
    std::string word;
    char quote = 0;
    while (at < text.size()) {
      const char c = text[at];
      if (quote == 0 && (is_blank(c) || (comments && begins_comment(c)))) break;
      ++at;
      if (c == '\\') {
        if (at >= text.size()) return std::nullopt;
        word += escaped(text, at);
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == quote && quote != 0) {
        quote = 0;
      } else {
        word += c;
      }
    }
    if (quote != 0) return std::nullopt;
    words.push_back(std::move(word));
  }
}

}  // namespace

Words split_words(std::string_view line, bool* closed) {
  if (closed) *closed = true;
  Words words;
  std::size_t at = 0;
  for (;;) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at >= line.size() || begins_comment(line[at])) return words;
    if (line[at] == '"') {
      const auto end = line.find('"', at + 1);
      if (end == std::string_view::npos && closed) *closed = false;
      words.emplace_back(line.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
      at = end == std::string_view::npos ? line.size() : end + 1;
      continue;
    }
    const auto start = at;
    while (at < line.size() && !is_blank(line[at]) && !begins_comment(line[at]) && line[at] != '"') ++at;
    words.emplace_back(line.substr(start, at - start));
  }
}

std::optional<Words> split_escaped(std::string_view line) { return split_quoted(line, true); }
std::optional<Words> split_command(std::string_view text) { return split_quoted(text, false); }

std::string without_comment(std::string_view line) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      if (quoted || !begins_comment(line[i + 1])) out += line[i];
      out += line[++i];
      continue;
    }
    if (line[i] == '"') quoted = !quoted;
    if (!quoted && begins_comment(line[i])) break;
    out += line[i];
  }
  return std::string(trim(out));
}

std::string upper_case(std::string_view word) {
  std::string out(word);
  for (auto& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

std::optional<bool> parse_bool(std::string_view word) {
  if (word == "on" || word == "true" || word == "yes") return true;
  if (word == "off" || word == "false" || word == "no") return false;
  return std::nullopt;
}

Number parse_integer(std::string_view word, std::int64_t least, std::int64_t most) {
  word = trim(word);
  if (word.starts_with('+')) word.remove_prefix(1);
  const bool negative = word.starts_with('-');
  const auto digits = negative ? word.substr(1) : word;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return {Number::Fault::Invalid};
  if (negative && least >= 0) return {Number::Fault::Negative};
  const auto value = parse_number<std::int64_t>(word);
  if (!value || *value < least || *value > most) return {Number::Fault::Outside};
  return {Number::Fault::None, *value};
}

std::optional<std::int64_t> parse_millionths(std::string_view word) {
  word = trim(word);
  if (word.starts_with('+')) word.remove_prefix(1);
  const auto point = word.find('.');
  const auto whole = word.substr(0, point);
  auto part = point == std::string_view::npos ? std::string_view{} : word.substr(point + 1);
  if (whole.empty() && part.empty()) return std::nullopt;
  const auto only_digits = [](std::string_view s) {
    return s.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!only_digits(whole) || !only_digits(part)) return std::nullopt;
  std::int64_t value = 0;
  if (!whole.empty()) {
    const auto read = parse_number<std::int64_t>(whole);
    if (!read || *read > INT64_MAX / 1000001) return INT64_MAX;
    value = *read * 1000000;
  }
  std::int64_t unit = 100000;
  for (const char c : part.substr(0, 6)) {
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value;
}

}  // namespace plenum::conf::keepalived
