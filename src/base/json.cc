#include "base/json.h"

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_text.h"

namespace plenum {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes that stand for themselves in a string: all of ASCII but control characters, quote
// and backslash.
constexpr std::array<bool, 256> kOrdinary = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

// The number four hexadecimal digits stand for; nothing where there are none.
std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c))
      value = value << 4 | static_cast<std::uint32_t>(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      value = value << 4 | static_cast<std::uint32_t>(lower - 'a' + 10);
    else
      return std::nullopt;
  }
  return value;
}

// One character written as \uXXXX, two of them for those above U+FFFF. `text` begins at the
// first backslash; half of a pair alone is nothing.
struct Escaped {
  std::uint32_t character = 0;
  std::size_t length = 0;
};
std::optional<Escaped> unicode_escape(std::string_view text) {
  const auto first = hex4(text.substr(2));
  if (!first || (*first >= 0xdc00 && *first < 0xe000)) return std::nullopt;
  if (*first < 0xd800 || *first >= 0xe000) return Escaped{*first, 6};
  if (text.size() < 12 || text[6] != '\\' || text[7] != 'u') return std::nullopt;
  const auto second = hex4(text.substr(8));
  if (!second || *second < 0xdc00 || *second >= 0xe000) return std::nullopt;
  return Escaped{0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00), 12};
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// What a backslash and this letter stand for; 0: nothing.
char simple_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

class Json::Parser {
 public:
  Parser(std::string_view text, std::uint32_t most_depth) : text_(text), depth_left_(most_depth) {
    // A value for every ten bytes is what messages have.
    values_.reserve(text.size() / 10 + 8);
  }

  bool run() {
    if (text_.size() >= std::numeric_limits<std::uint32_t>::max()) return false;
    if (!value()) return false;
    skip_space();
    return at_ == text_.size();
  }

  [[nodiscard]] bool nests_too_deeply() const { return too_deep_; }
  std::vector<Value> take() { return std::move(values_); }

 private:
  [[nodiscard]] bool here(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool accept(char c) {
    if (!here(c)) return false;
    ++at_;
    return true;
  }
  std::uint32_t put(Kind kind, std::size_t begin) {
    values_.push_back({.begin = static_cast<std::uint32_t>(begin), .kind = kind});
    return static_cast<std::uint32_t>(values_.size() - 1);
  }
  void close(std::uint32_t index, std::size_t end) {
    values_[index].end = static_cast<std::uint32_t>(end);
    values_[index].next = static_cast<std::uint32_t>(values_.size());
  }

  bool too_deep() {
    too_deep_ = true;
    return false;
  }

  bool value() {
    skip_space();
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      case 't':
        return word("true", Kind::True);
      case 'f':
        return word("false", Kind::False);
      case 'n':
        return word("null", Kind::Null);
      default:
        return number();
    }
  }

  bool word(std::string_view expected, Kind kind) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    const auto index = put(kind, at_);
    at_ += expected.size();
    close(index, at_);
    return true;
  }

  bool digits() {
    const auto first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ != first;
  }

  bool number() {
    const auto index = put(Kind::Number, at_);
    values_[index].plain = true;
    (void)accept('-');
    if (!accept('0') && !digits()) return false;
    if (accept('.')) {
      values_[index].plain = false;
      if (!digits()) return false;
    }
    if (accept('e') || accept('E')) {
      values_[index].plain = false;
      if (!accept('+')) (void)accept('-');
      if (!digits()) return false;
    }
    close(index, at_);
    return true;
  }

  bool escape() {
    if (at_ + 1 >= text_.size()) return false;
    if (text_[at_ + 1] == 'u') {
      const auto escaped = unicode_escape(text_.substr(at_));
      if (escaped) at_ += escaped->length;
      return escaped.has_value();
    }
    at_ += 2;
    return simple_escape(text_[at_ - 1]) != 0;
  }

  bool string() {
    const auto index = put(Kind::String, ++at_);
    values_[index].plain = true;
    for (;;) {
      while (at_ < text_.size() && kOrdinary[static_cast<unsigned char>(text_[at_])]) ++at_;
      if (at_ == text_.size()) return false;
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') break;
      if (c == '\\') {
        values_[index].plain = false;
        if (!escape()) return false;
      } else {
        const auto length = c < 0x80 ? 0 : utf8_length(text_.substr(at_));
        if (length == 0) return false;  // a control character, or no UTF-8
        at_ += length;
      }
    }
    close(index, at_++);
    return true;
  }

  bool array() {
    const auto index = put(Kind::Array, at_++);
    if (depth_left_-- == 0) return too_deep();
    skip_space();
    if (!here(']')) {
      do
        if (!value()) return false;
      while (more());
    }
    ++depth_left_;
    if (!accept(']')) return false;
    close(index, at_);
    return true;
  }

  bool object() {
    const auto index = put(Kind::Object, at_++);
    if (depth_left_-- == 0) return too_deep();
    skip_space();
    if (!here('}')) {
      do {
        skip_space();
        if (!here('"') || !string()) return false;
        skip_space();
        if (!accept(':') || !value()) return false;
      } while (more());
    }
    ++depth_left_;
    if (!accept('}')) return false;
    close(index, at_);
    return true;
  }

  bool more() {
    skip_space();
    return accept(',');
  }

  std::string_view text_;
  std::uint32_t depth_left_;
  std::size_t at_ = 0;
  bool too_deep_ = false;
  std::vector<Value> values_;
};

Result<Json> Json::parse(std::string_view text, std::uint32_t most_depth) {
  Parser parser(text, most_depth);
  if (!parser.run())
    return fail(std::errc::invalid_argument, parser.nests_too_deeply() ? "nests too deeply" : "is not JSON");
  Json json;
  json.text_ = text;
  json.values_ = parser.take();
  return json;
}

std::string Json::string(std::uint32_t index) const {
  auto rest = raw(index);
  if (values_[index].plain) return std::string(rest);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    std::size_t taken = 1;
    if (rest[0] != '\\') {
      out += rest[0];
    } else if (rest[1] != 'u') {
      out += simple_escape(rest[1]);
      taken = 2;
    } else if (const auto escaped = unicode_escape(rest)) {
      append_utf8(out, escaped->character);
      taken = escaped->length;
    }
    rest.remove_prefix(taken);
  }
  return out;
}

bool Json::is_string(std::uint32_t index, std::string_view meaning) const {
  if (values_[index].kind != Kind::String) return false;
  return values_[index].plain ? raw(index) == meaning : string(index) == meaning;
}

}  // namespace plenum
