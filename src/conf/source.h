#pragma once
// Where something stands in a configuration file, and what is wrong there. Knows lines and
// columns, nothing of YAML or of what the file means.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::conf {

struct Source {
  std::string name;  // as the operator gave it: "plenum.yaml"
  std::string text;
  std::vector<std::size_t> line_starts;  // offsets into text

  Source(std::string file_name, std::string content);
  // The line without its end; empty past the last one. Lines count from 1.
  [[nodiscard]] std::string_view line(unsigned number) const;
};

// Line and column count from 1, columns in characters. Line 0: the file as a whole.
struct Place {
  std::shared_ptr<const Source> source;
  unsigned line = 0;
  unsigned column = 0;

  // "plenum.yaml:12:9".
  [[nodiscard]] std::string text() const;
};

struct Diagnostic {
  std::string file;
  unsigned line = 0, column = 0;
  std::string message;      // "service smtp: port must be 1..65535, not 99999"
  std::string hint;         // "did you mean "scheduler"?", or empty
  std::string source_line;  // the line it is about, or empty

  // What an operator reads:
  //   plenum.yaml:12:9: service smtp: port must be 1..65535, not 99999
  //       port: 99999
  //             ^
  //     hint: ...
  [[nodiscard]] std::string render() const;
  // "plenum.yaml:12: service smtp: ...", for a log.
  [[nodiscard]] std::string line_text() const;
};

// Everything wrong with a configuration, in the order of files and lines.
class Diagnostics {
 public:
  void add(const Place& place, std::string message, std::string hint = {});
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<Diagnostic>& list() const { return list_; }
  // Sorts by line within each file; files stay in the order they were first seen.
  void sort();
  // All of them, a blank line between none.
  [[nodiscard]] std::string render() const;

 private:
  std::vector<Diagnostic> list_;
  std::size_t left_off_ = 0;
};

}  // namespace plenum::conf
