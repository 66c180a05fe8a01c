#include "conf/keepalived/lines.h"

#include <algorithm>

#include "base/text.h"
#include "conf/keepalived/words.h"

namespace plenum::conf::keepalived {
namespace {

constexpr unsigned kDeepest = 64;      // replacements within replacements
constexpr std::size_t kMostOpen = 64;  // files that include files
constexpr std::size_t kLongest = 1u << 20;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// "include" or one of its variants; which checks it adds.
bool is_include(std::string_view word, Lines::Checks& checks) {
  if (!word.starts_with("include") || word.size() > 8) return false;
  if (word.size() == 7) return true;
  switch (word[7]) {
    case 'r':
      checks.readable = true;
      return true;
    case 'm':
      checks.readable = checks.match = true;
      return true;
    case 'w':
      checks.readable = checks.wildcard = true;
      return true;
    case 'b':
      checks.readable = checks.brace = true;
      return true;
    case 'a':
      checks = {true, true, true, true};
      return true;
    default:
      return false;
  }
}

// "{a,b}" of a pattern as the patterns it stands for.
std::vector<std::string> braces_expanded(const std::string& pattern) {
  const auto open = pattern.find('{');
  if (open == std::string::npos) return {pattern};
  int depth = 0;
  std::size_t close = open, start = open + 1;
  std::vector<std::string> choices;
  for (; close < pattern.size(); ++close) {
    if (pattern[close] == '{') ++depth;
    if (pattern[close] == ',' && depth == 1) {
      choices.push_back(pattern.substr(start, close - start));
      start = close + 1;
    }
    if (pattern[close] == '}' && --depth == 0) break;
  }
  if (close >= pattern.size()) return {pattern};
  choices.push_back(pattern.substr(start, close - start));
  std::vector<std::string> out;
  for (const auto& choice : choices) {
    if (out.size() > 1000) break;
    for (auto& whole : braces_expanded(pattern.substr(0, open) + choice + pattern.substr(close + 1)))
      out.push_back(std::move(whole));
  }
  return out;
}

}  // namespace

Lines::Lines(std::string text, const std::string& name, LineOptions options, const Files* files, Findings& findings)
    : options_(std::move(options)), files_(files), findings_(findings) {
  const auto source = std::make_shared<const Source>(name, std::move(text));
  findings.about(source);
  open_.push_back({source, directory_of(name), 0, {}, {}});
}

// The file's next line as it stands there; false at its end.
bool Lines::raw(std::string& text, Place& place) {
  if (open_.empty()) return false;
  auto& file = open_.back();
  // A text that ends with a newline has no line behind it.
  const auto& starts = file.source->line_starts;
  if (file.line >= starts.size() || starts[file.line] == file.source->text.size()) return false;
  ++file.line;
  text = file.source->line(file.line);
  const auto column = text.find_first_not_of(" \t");
  place = {file.source, file.line, column == std::string::npos ? 1 : static_cast<unsigned>(column) + 1};
  return true;
}

// Goes on behind the line that included the file; false at the end of the first.
bool Lines::close() {
  if (open_.empty()) return false;
  pending_ = std::move(open_.back().after);
  open_.pop_back();
  return !open_.empty();
}

void Lines::push(std::string text, const Place& place, unsigned depth) {
  pending_.push_front({Pending::Kind::Text, std::move(text), place, depth, nullptr, 0});
}

// One step of what is pending; false where that was a sequence and there is another step.
bool Lines::take(Pending& item) {
  item = std::move(pending_.front());
  pending_.pop_front();
  if (item.kind == Pending::Kind::Unset) {
    for (const auto& name : item.repetition->names) definitions_.unset(name);
    return false;
  }
  if (item.kind == Pending::Kind::Sequence || item.kind == Pending::Kind::List) {
    repeat(std::move(item));
    return false;
  }
  return true;
}

void Lines::repeat(Pending item) {
  const auto& r = *item.repetition;
  if (item.kind == Pending::Kind::List) {
    if (static_cast<std::size_t>(item.at) >= r.rows.size()) {
      item.kind = Pending::Kind::Unset;
      pending_.push_front(std::move(item));
      return;
    }
    const auto& row = r.rows[static_cast<std::size_t>(item.at)];
    for (std::size_t i = 0; i < r.names.size(); ++i) definitions_.set(r.names[i], row[i]);
    item.at += 1;
  } else {
    if (r.step > 0 ? item.at > r.end : item.at < r.end) {
      item.kind = Pending::Kind::Unset;
      pending_.push_front(std::move(item));
      return;
    }
    std::string value = std::to_string(item.at);
    if (r.hexadecimal) {
      char digits[24];
      const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<std::uint32_t>(item.at), 16).ptr;
      value.assign(digits, end);
    }
    definitions_.set(r.names[0], std::move(value));
    item.at += r.step;
  }
  const auto place = item.place;
  const auto depth = item.depth;
  auto rest = r.rest;
  pending_.push_front(std::move(item));
  push(std::move(rest), place, depth + 1);
}

// "@NAME rest": text becomes the rest; wanted says whether it counts here. False for a line without a condition.
bool Lines::condition(std::string& text, bool& wanted) const {
  if (!text.starts_with('@')) return false;
  const bool negative = text.starts_with("@^");
  const auto from = negative ? 2u : 1u;
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  wanted = (text.substr(from, end - from) == options_.config_id) != negative;
  text = trim(std::string_view(text).substr(end));
  return true;
}

bool Lines::define(const std::string& text, const Place& place, bool from_file) {
  auto definition = parse_definition(text);
  if (!definition) return false;
  auto& value = definition->value;
  bool more = value.ends_with('\\');
  if (more) {
    value.pop_back();
    value = trim(value);
  }
  while (more) {
    std::string line;
    Place at;
    if (from_file) {
      if (!raw(line, at)) break;
      line = without_comment(line);
      // A comment's backslash goes on, too.
      const auto whole = trim(at.source->line(at.line));
      more = whole.ends_with('\\');
      if (line.ends_with('\\')) line.pop_back();
    } else {
      if (pending_.empty() || pending_.front().kind != Pending::Kind::Text) break;
      line = trim(pending_.front().text);
      pending_.pop_front();
      more = line.ends_with('\\');
      if (more) line.pop_back();
    }
    line = trim(line);
    if (line.empty()) continue;
    if (value.size() + line.size() > kLongest) {
      findings_.warn(place, "the definition of " + definition->name + " is too long");
      break;
    }
    if (!value.empty()) value += '\n';
    value += line;
  }
  definitions_.set(definition->name, std::move(value));
  return true;
}

std::optional<std::string> Lines::predefined(std::string_view name) {
  if (name == "_PWD") {
    const auto& directory = open_.empty() ? std::string() : open_.back().directory;
    return directory.empty() ? "." : directory.size() == 1 ? directory : directory.substr(0, directory.size() - 1);
  }
  if (name == "_INSTANCE") return options_.config_id;
  if (name == "_HASH") return "#";
  if (name == "_BANG") return "!";
  if (name.starts_with("_RANDOM")) {
    std::uint32_t least = 0, most = 32767;
    const auto words = split_words(name);
    if (words.size() > 1) least = parse_number<std::uint32_t>(words[1]).value_or(least);
    if (words.size() > 2) most = parse_number<std::uint32_t>(words[2]).value_or(most);
    random_ = random_ * 1103515245u + 12345u;
    return std::to_string(most <= least ? least : least + (random_ >> 8) % (most - least + 1));
  }
  return std::nullopt;
}

bool Lines::include(const std::string& text, const Place& place) {
  auto checks = open_.empty() ? Checks{} : open_.back().checks;
  const auto inherited = checks;
  const auto words = split_words(text);
  if (words.empty() || !is_include(words[0], checks)) return false;
  const auto pattern = std::string(trim(std::string_view(text).substr(words[0].size())));
  if (pattern.empty()) return false;
  if (!files_) {
    findings_.lost(place, "include: there are no other files here");
    return true;
  }
  const bool braces = pattern.find('{') != std::string::npos;
  const auto directory = pattern.starts_with('/') || open_.empty() ? "" : open_.back().directory;
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& one : braces_expanded(directory + pattern)) {
    const bool wild = one.find_first_of("*?[") != std::string::npos;
    const auto paths = files_->match(one);
    if (paths.empty() && checks.wildcard)
      findings_.add(Severity::Security, place, "No config files matched '" + pattern + "'.");
    for (const auto& path : paths) {
      auto content = files_->read(path);
      if (content) {
        texts.emplace_back(path, *std::move(content));
      } else if (!wild && content.error().code == std::errc::no_such_file_or_directory) {
        const bool must = checks.match || checks.wildcard || (braces && checks.brace);
        findings_.add(must ? Severity::Security : Severity::Lost, place, "Config files missing '" + pattern + "'.");
      } else {
        findings_.add(checks.readable ? Severity::Security : Severity::Lost, place,
                      "Configuration file '" + path + "' " + content.error().what + " - skipping");
      }
    }
  }
  // The first stands on top.
  for (auto file = texts.rbegin(); file != texts.rend(); ++file) {
    if (open_.size() >= kMostOpen) {
      findings_.add(Severity::Fatal, place, "too many files that include one another, at " + file->first);
      stopped_ = true;
      break;
    }
    bytes_ += file->second.size();
    open_.push_back({std::make_shared<const Source>(file->first, std::move(file->second)), directory_of(file->first), 0,
                     inherited, std::move(pending_)});
    pending_.clear();
  }
  return true;
}

// A line up to its first brace outside quotes; what stands behind is pending.
bool Lines::emit(const Pending& item, Line& line) {
  const auto& text = item.text;
  bool quoted = false;
  std::size_t brace = 0;
  for (; brace < text.size(); ++brace) {
    if (text[brace] == '"') quoted = !quoted;
    if (!quoted && (text[brace] == '{' || text[brace] == '}')) break;
  }
  line.place = place_ = item.place;
  if (brace == text.size()) {
    if (quoted) findings_.warn(item.place, "Unmatched quote: '" + text + "'");
    line.text = text;
    return true;
  }
  const auto rest = trim(std::string_view(text).substr(brace + 1));
  if (!rest.empty()) pending_.push_front({Pending::Kind::Brace, std::string(rest), item.place, item.depth, nullptr, 0});
  const auto before = trim(std::string_view(text).substr(0, brace));
  if (text[brace] == '{') {
    ++unclosed_;
    line.text = before.empty() ? "{" : std::string(before) + " {";
    return true;
  }
  if (before.empty()) {
    --unclosed_;
    line.text = "}";
    return true;
  }
  pending_.push_front({Pending::Kind::Brace, "}", item.place, item.depth, nullptr, 0});
  line.text = before;
  return true;
}

bool Lines::next(Line& line) {
  while (!stopped_) {
    if (lines_ > options_.most_lines || bytes_ > options_.most_bytes) {
      findings_.add(Severity::Fatal, place_, "the configuration is too large once its definitions are carried out");
      return false;
    }
    Pending item;
    bool from_file = false;
    if (!pending_.empty()) {
      ++lines_;
      if (!take(item)) continue;
      // What stood around a brace has been through all of this.
      if (item.kind == Pending::Kind::Brace) return emit(item, line);
    } else {
      if (!raw(item.text, item.place)) {
        if (!close()) return false;
        continue;
      }
      from_file = true;
    }
    item.text = without_comment(item.text);
    // A definition is looked at twice: what has lost its backslash is a comment now.
    if (from_file && item.text.starts_with('$')) item.text = without_comment(item.text);
    bytes_ += item.text.size();
    if (bool wanted = false; condition(item.text, wanted) && !wanted) {
      // What is defined over several lines is left out as a whole.
      if (from_file && parse_definition(item.text)) {
        while (item.text.ends_with('\\') && raw(item.text, item.place)) item.text = trim(item.text);
      }
      continue;
    }
    if (item.text.empty()) continue;
    if (define(item.text, item.place, from_file)) continue;
    if (include(item.text, item.place)) continue;
    bool changed = false;
    const auto known = [this](std::string_view name) { return predefined(name); };
    if (begins_repetition(item.text)) {
      // Its own numbers may be defined names; what it repeats is looked at with each value.
      const auto close = std::min(item.text.find(')'), item.text.size());
      item.text = definitions_.replace(item.text.substr(0, close), known, changed) + item.text.substr(close);
      auto fault = RepetitionFault::None;
      auto repetition = parse_repetition(item.text, fault);
      if (!repetition) {
        const auto* what = fault == RepetitionFault::List ? "~LST" : "~SEQ";
        if (fault == RepetitionFault::SequenceValues)
          findings_.warn(item.place, "Invalid ~SEQ values '" + item.text + "'");
        if (fault == RepetitionFault::Sequence)
          findings_.warn(item.place, "Invalid ~SEQ definition '" + item.text + "'");
        findings_.warn(item.place, std::string("Invalid ") + what + " specification '" + item.text + "'");
        continue;
      }
      if (item.depth > kDeepest) {
        findings_.warn(item.place, "definitions that use one another");
        continue;
      }
      item.kind = repetition->is_list() ? Pending::Kind::List : Pending::Kind::Sequence;
      item.at = repetition->is_list() ? 0 : repetition->start;
      item.repetition = std::make_shared<Repetition>(*std::move(repetition));
      pending_.push_front(std::move(item));
      continue;
    }
    auto replaced = definitions_.replace(item.text, known, changed);
    if (!changed) return emit(item, line);
    if (item.depth >= kDeepest || replaced.size() > kLongest) {
      findings_.warn(item.place, "definitions that use one another");
      continue;
    }
    std::size_t end = replaced.size();
    for (;;) {  // from the last line to the first, so that the first is in front
      const auto start = end == 0 ? std::string::npos : replaced.rfind('\n', end - 1);
      const auto begin = start == std::string::npos ? 0 : start + 1;
      push(replaced.substr(begin, end - begin), item.place, item.depth + 1);
      if (start == std::string::npos) break;
      end = start;
    }
  }
  return false;
}

}  // namespace plenum::conf::keepalived
