#pragma once
// One line of keepalived.conf as words. Two ways, as keepalived has them: most lines know double quotes around a
// whole word only; lines that name a script know both quotes anywhere in a word, and escapes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::conf::keepalived {

using Words = std::vector<std::string>;

// Up to a comment. A quote that is not closed ends with the line; `closed` says so.
Words split_words(std::string_view line, bool* closed = nullptr);

// Quotes join, escapes stand for characters (\n, \x41, \101, \cC, \" ...). Nothing where a quote is not closed.
std::optional<Words> split_escaped(std::string_view line);

// A command as it stands within one word: parted at blanks, single and double quotes keep them, and escapes count
// once more. Nothing where a quote is not closed, or a backslash stands last.
std::optional<Words> split_command(std::string_view text);

// The line without its comment and the blanks around it. A backslash takes the next character's meaning, and is gone
// where that would have begun a comment; double quotes keep both.
std::string without_comment(std::string_view line);

// For words whose case does not matter.
std::string upper_case(std::string_view word);

// on, true, yes: true; off, false, no: false.
std::optional<bool> parse_bool(std::string_view word);

// A number as keepalived reads one: decimal, blanks before, nothing behind.
struct Number {
  enum class Fault : std::uint8_t { None, Invalid, Negative, Outside } fault = Fault::None;
  std::int64_t value = 0;
};
Number parse_integer(std::string_view word, std::int64_t least, std::int64_t most);

// A decimal fraction in millionths: "2.5" is 2500000. Nothing for what is none.
std::optional<std::int64_t> parse_millionths(std::string_view word);

}  // namespace plenum::conf::keepalived
