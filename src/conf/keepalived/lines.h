#pragma once
// keepalived.conf's lines as a reader of blocks wants them: comments gone, conditions asked, definitions and
// sequences carried out, included files in their place, each brace at the end of its line or alone. Knows nothing of
// keywords.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "conf/keepalived/definitions.h"
#include "conf/keepalived/findings.h"
#include "conf/reader.h"

namespace plenum::conf::keepalived {

struct Line {
  std::string text;  // ends with "{" where a block begins; "}" alone where one ends
  Place place;
};

// What the language can ask of the host.
struct LineOptions {
  std::string config_id;  // @NAME and ${_INSTANCE}: the first part of the node's name, unless told
  // Lines that come out at most; a sequence in a sequence is soon a file of a gigabyte.
  std::size_t most_lines = 4'000'000;
  std::size_t most_bytes = 256u << 20;
};

class Lines {
 public:
  // `files` nullptr: there are no other files. Both it and `findings` outlive this.
  Lines(std::string text, const std::string& name, LineOptions options, const Files* files, Findings& findings);

  // False at the end of the last file.
  bool next(Line& line);
  // Where the last line came from.
  [[nodiscard]] const Place& place() const { return place_; }
  // Braces that were opened and not closed so far.
  [[nodiscard]] int unclosed() const { return unclosed_; }
  // What of include_check holds from here to the end of this file.
  struct Checks {
    bool readable = false, match = false, wildcard = false, brace = false;
  };
  Checks& checks() { return open_.empty() ? no_file_ : open_.back().checks; }

 private:
  // What comes before the next line of the file.
  struct Pending {
    enum class Kind : std::uint8_t { Text, Brace, Sequence, List, Unset } kind = Kind::Text;
    std::string text;
    Place place;
    unsigned depth = 0;  // of replacements
    std::shared_ptr<Repetition> repetition;
    std::int64_t at = 0;  // the next value, or row
  };

  struct File {
    std::shared_ptr<const Source> source;
    std::string directory;  // with its slash, or nothing
    unsigned line = 0;
    Checks checks;
    std::deque<Pending> after;  // what was pending when it was included
  };

  bool raw(std::string& text, Place& place);
  bool take(Pending& item);
  void repeat(Pending item);
  bool define(const std::string& text, const Place& place, bool from_file);
  bool condition(std::string& text, bool& wanted) const;
  bool include(const std::string& text, const Place& place);
  bool close();
  bool emit(const Pending& item, Line& line);
  [[nodiscard]] std::optional<std::string> predefined(std::string_view name);
  void push(std::string text, const Place& place, unsigned depth);

  LineOptions options_;
  const Files* files_;
  Findings& findings_;
  std::vector<File> open_;
  std::deque<Pending> pending_;
  Definitions definitions_;
  Place place_;
  Checks no_file_;
  std::size_t lines_ = 0, bytes_ = 0;
  std::uint32_t random_ = 12345;
  int unclosed_ = 0;
  bool stopped_ = false;
};

}  // namespace plenum::conf::keepalived
