#include "cli/plenum/text_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace plenum::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) {
    for (auto& c : cell) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  if (rows_.empty()) return "";
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] != 0) widths[i] = std::max(widths[i], width_of(columns_[i].title));
  }
  std::string out;
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::string_view cell = cell_of(i);
      const std::string padding(widths[i] - width_of(cell), ' ');
      if (!text.empty()) text += kGap;
      text += columns_[i].align == Align::Right ? padding + std::string(cell) : std::string(cell) + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) line([&](std::size_t i) -> std::string_view { return row[i]; });
  return out;
}

std::string duration_text(std::uint64_t seconds) {
  constexpr std::array<std::pair<std::uint64_t, char>, 4> kUnits{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const auto [size, letter] = kUnits[i];
    if (seconds < size) continue;
    auto text = std::to_string(seconds / size) + letter;
    if (i + 1 == kUnits.size()) return text;
    const auto [next, next_letter] = kUnits[i + 1];
    const auto rest = seconds % size / next;
    if (rest != 0) text += " " + std::to_string(rest) + next_letter;
    return text;
  }
  return "0s";
}

}  // namespace plenum::cli
