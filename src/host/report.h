#pragma once
// What a command tells: each thing done as it is done, findings, notes; as text at once, or
// as one JSON object at the end.

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "host/finding.h"

namespace plenum::host {

class Report {
 public:
  // `command`: "realserver setup". `out` outlives the report.
  Report(std::ostream& out, bool json, std::string command);

  void did(const std::string& what);
  void note(const std::string& what);
  void wrong(const Finding& finding);
  // Packets of the decapsulation by verdict.
  void packets(const std::map<std::string, std::uint64_t>& verdicts);
  // Last. `ok` ends up in the JSON; `nothing` is the text for a command that did and found
  // nothing.
  void finish(bool ok, const std::string& nothing);

  [[nodiscard]] bool found_wrong() const { return !wrong_.empty(); }

 private:
  std::ostream& out_;
  bool json_;
  std::string command_;
  std::vector<std::string> did_, notes_;
  std::vector<Finding> wrong_;
  std::map<std::string, std::uint64_t> packets_;
};

}  // namespace plenum::host
