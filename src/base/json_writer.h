#pragma once
// Writes JSON into one string, value by value, without a tree in between: what is called is what
// stands there. The caller sees to it that the calls make sense together.

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "base/json_text.h"

namespace plenum {

class JsonWriter {
 public:
  // A member's name; its value comes next.
  JsonWriter& key(std::string_view name) {
    separate();
    append_quoted(out_, name);
    out_ += ':';
    return *this;
  }
  void value(std::string_view text) {
    separate();
    append_quoted(out_, text);
  }
  void value(const char* text) { value(std::string_view(text)); }  // not by way of bool
  void value(bool truth) {
    separate();
    out_ += truth ? "true" : "false";
  }
  template <std::integral T>
  void value(T number) {
    separate();
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
  }
  // A value that somebody else has written.
  void json(std::string_view text) {
    separate();
    out_ += text;
  }
  template <class T>
  void member(std::string_view name, const T& its_value) {
    key(name).value(its_value);
  }

  void begin_object() { begin('{'); }
  void end_object() { out_ += '}'; }
  void begin_array() { begin('['); }
  void end_array() { out_ += ']'; }
  // Where a person reading it is glad of a new line.
  void line() {
    separate();
    out_ += '\n';
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  // A comma, unless this is the first one there or follows its name or a comma.
  void separate() {
    const auto last = out_.find_last_not_of('\n');
    if (last == std::string::npos) return;
    const char c = out_[last];
    if (c != '{' && c != '[' && c != ':' && c != ',') out_ += ',';
  }
  void begin(char bracket) {
    separate();
    out_ += bracket;
  }

  std::string out_;
};

}  // namespace plenum
