#include "conf/source.h"

#include <algorithm>
#include <map>

namespace plenum::conf {
namespace {

// A file that is wrong everywhere must not flood the terminal or the log.
constexpr std::size_t kMost = 200;
constexpr std::size_t kWidest = 160;

}  // namespace

Source::Source(std::string file_name, std::string content) : name(std::move(file_name)), text(std::move(content)) {
  line_starts.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts.push_back(i + 1);
  }
}

std::string_view Source::line(unsigned number) const {
  if (number == 0 || number > line_starts.size()) return {};
  const auto start = line_starts[number - 1];
  auto out = std::string_view(text).substr(start);
  out = out.substr(0, out.find('\n'));
  if (!out.empty() && out.back() == '\r') out.remove_suffix(1);
  return out;
}

std::string Place::text() const {
  const std::string file = source ? source->name : "?";
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Diagnostic::render() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  out += ": " + message + "\n";
  if (!source_line.empty()) {
    out += "    " + source_line + "\n    ";
    // Tabs stay tabs and a character of several bytes is one column, so that the caret stands right.
    unsigned at = 1;
    for (std::size_t i = 0; i < source_line.size() && at < column; ++i) {
      if ((static_cast<unsigned char>(source_line[i]) & 0xc0) == 0x80) continue;
      out += source_line[i] == '\t' ? '\t' : ' ';
      ++at;
    }
    out += "^\n";
  }
  if (!hint.empty()) out += "  hint: " + hint + "\n";
  return out;
}

std::string Diagnostic::line_text() const {
  return file + (line != 0 ? ":" + std::to_string(line) : "") + ": " + message;
}

void Diagnostics::add(const Place& place, std::string message, std::string hint) {
  if (list_.size() >= kMost) {
    ++left_off_;
    return;
  }
  Diagnostic d{
      place.source ? place.source->name : "", place.line, place.column, std::move(message), std::move(hint), {}};
  if (place.source && place.column <= kWidest) d.source_line = place.source->line(place.line).substr(0, kWidest);
  for (auto& c : d.source_line) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = '?';
  }
  list_.push_back(std::move(d));
}

void Diagnostics::sort() {
  std::map<std::string, std::size_t> seen;
  for (const auto& d : list_) seen.emplace(d.file, seen.size());
  std::stable_sort(list_.begin(), list_.end(), [&](const auto& a, const auto& b) {
    return std::tuple(seen[a.file], a.line, a.column) < std::tuple(seen[b.file], b.line, b.column);
  });
}

std::string Diagnostics::render() const {
  std::string out;
  for (const auto& d : list_) out += d.render();
  if (left_off_ != 0) out += "and " + std::to_string(left_off_) + " more errors\n";
  return out;
}

}  // namespace plenum::conf
