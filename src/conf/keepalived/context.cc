#include <array>
#include <cstdio>

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {
namespace {

std::string six(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.6f", value);
  return text.data();
}

}  // namespace

const std::string& Context::word(std::size_t at) {
  static const std::string nothing;
  if (at < words.size()) return words[at];
  if (!fatal) {
    findings.add(Severity::Fatal, place,
                 "*** Configuration line starting `" + words[0] + "` is missing a parameter after keyword `" +
                     words[at == 0 ? 0 : words.size() - 1] + "` at word position " + std::to_string(at + 1),
                 "keepalived does not start with this line");
  }
  fatal = true;
  return nothing;
}

Maybe<std::int64_t> Context::number(std::size_t at, std::int64_t least, std::int64_t most) {
  const auto& text_of = word(at);
  if (fatal) return std::nullopt;
  const auto read = parse_integer(text_of, least, most);
  const auto range = std::to_string(least) + " to " + std::to_string(most);
  switch (read.fault) {
    case Number::Fault::None:
      return read.value;
    case Number::Fault::Invalid:
      warn("invalid number '" + text_of + "'", words[0] + " takes a number from " + range + "; the line is ignored");
      break;
    case Number::Fault::Negative:
      warn("negative number '" + text_of + "'", words[0] + " takes a number from " + range + "; the line is ignored");
      break;
    case Number::Fault::Outside:
      warn("number '" + text_of + "' outside range [" + std::to_string(least) + ", " + std::to_string(most) + "]",
           words[0] + " is ignored");
      break;
  }
  return std::nullopt;
}

Maybe<std::int64_t> Context::decimal(std::size_t at, double least, double most) {
  const auto& text_of = word(at);
  if (fatal) return std::nullopt;
  const auto value = parse_millionths(text_of);
  if (!value) {
    warn((text_of.starts_with('-') ? "negative number '" : "invalid number '") + text_of + "'",
         words[0] + " takes a number of seconds; the line is ignored");
    return std::nullopt;
  }
  const auto as_double = static_cast<double>(*value) / 1e6;
  if (as_double < least || as_double > most) {
    warn("number '" + text_of + "' outside range [" + six(least) + ", " + six(most) + "]", words[0] + " is ignored");
    return std::nullopt;
  }
  return value;
}

Maybe<bool> Context::flag(std::size_t at) {
  if (at >= words.size()) return true;
  const auto value = parse_bool(words[at]);
  if (!value) warn("Invalid " + words[0] + " parameter " + words[at], "write on or off");
  return value;
}

Command Context::script(RunsAs runs_as) {
  constexpr std::size_t at = 1;
  const auto escaped = split_escaped(text);
  if (!escaped) {
    findings.add(Severity::Fatal, place, "String '" + text + "': missing terminating quote", "close the quote");
    fatal = true;
    return {};
  }
  auto line = *escaped;
  if (!line.empty() && line.back() == "{") line.pop_back();
  if (line.size() <= at || line[at].empty()) {
    warn(words[0] + " script missing", "name the program, in quotes with its arguments");
    return {};
  }
  Command out;
  const auto command = split_command(line[at]);
  if (!command || command->empty()) {
    warn("Unmatched quote in script '" + line[at] + "'", "close the quote");
    return {};
  }
  out.words = *command;
  const bool here = runs_as == RunsAs::SaidHere;
  if (here && line.size() > at + 1) out.user = line[at + 1];
  if (here && line.size() > at + 2) out.group = line[at + 2];
  const auto used = here ? at + 3 : at + 1;
  if (line.size() > used)
    findings.lost(place,
                  std::string("what stands behind the script") + (here ? "'s user and group" : "") +
                      " is no argument of it: " + line[used],
                  "quote the script with its arguments");
  const bool user_known = out.user.empty() || !host.has_user || host.has_user(out.user);
  const bool group_known = out.group.empty() || !host.has_group || host.has_group(out.group);
  if (!user_known || !group_known) {
    findings.lost(place, "Unable to set uid/gid for script '" + out.words[0] + "' - it is not run",
                  "there is no " + std::string(user_known ? "group " + out.group : "user " + out.user) +
                      "; a script with arguments is one word in quotes");
    return {};
  }
  return out;
}

}  // namespace plenum::conf::keepalived
