#pragma once
// What was found while a keepalived.conf was read: nothing of it stops the reading but Fatal. keepalived's own
// tolerance is the measure; exit_class() is what `keepalived -t` would end with.

#include <memory>
#include <string>
#include <vector>

#include "conf/source.h"

namespace plenum::conf::keepalived {

enum class Severity : std::uint8_t {
  Note,      // worth a word, no more
  Lost,      // keepalived takes it without complaint, and it is not carried out here
  Warning,   // keepalived reports it and goes on
  Security,  // it concerns scripts that anybody could change, or files that must be there
  Fatal      // keepalived does not start
};

struct Finding {
  Severity severity = Severity::Warning;
  Place place;
  std::string message;
  std::string hint;  // how to mend it
  bool near = false;
};

// The definition that a finding is about, where keepalived itself names no line.
struct Near {
  const Place& place;
};

class Findings {
 public:
  // What is read: findings without a place are about all of it.
  void about(std::shared_ptr<const Source> file) { file_ = {std::move(file), 0, 0}; }
  void add(Severity severity, const Place& place, std::string message, std::string hint = {});
  void note(const Place& place, std::string message, std::string hint = {}) {
    add(Severity::Note, place, std::move(message), std::move(hint));
  }
  void warn(const Place& place, std::string message, std::string hint = {}) {
    add(Severity::Warning, place, std::move(message), std::move(hint));
  }
  void warn(const Near& near, std::string message, std::string hint = {});
  void lost(const Place& place, std::string message, std::string hint = {}) {
    add(Severity::Lost, place, std::move(message), std::move(hint));
  }
  [[nodiscard]] const std::vector<Finding>& list() const { return list_; }
  [[nodiscard]] Severity worst() const { return worst_; }

 private:
  std::vector<Finding> list_;
  Place file_;
  Severity worst_ = Severity::Note;
};

// 0 clean, 5 errors that do not keep it from running, 6 security, 2 fatal.
int exit_class(Severity worst);
// As keepalived -t writes them: "(FILE: Line 3) text"; of Warning and above.
std::string keepalived_text(const Findings& findings);
// As every other problem of a configuration is shown; of `least` and above.
Diagnostics diagnostics(const Findings& findings, Severity least);

}  // namespace plenum::conf::keepalived
