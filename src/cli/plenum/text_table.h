#pragma once
// Rows of words as aligned columns for a terminal. Knows nothing of what they mean.

#include <string>
#include <string_view>
#include <vector>

namespace plenum::cli {

class TextTable {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string_view title;
    Align align = Align::Left;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as columns; bytes that would move a terminal's cursor become '?'.
  void row(std::vector<std::string> cells);
  // Title line and rows; columns that are empty in every row are left out. Without rows, "".
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "45s", "3m 20s", "2h 5m", "4d 1h": the two largest units.
std::string duration_text(std::uint64_t seconds);

}  // namespace plenum::cli
