#pragma once
// Recorded runs of the real ipvsadm, as the files under ipvs/ hold them.

#include <string>
#include <string_view>
#include <vector>

namespace plenum::compat {

struct Run {
  std::string where;    // "list/02-Ln.txt", for messages
  std::string command;  // the line after "$ "
  std::string out, err;
  bool err_marked = false;  // false: both streams are in `out`, as in the set-ups
  std::vector<std::string> sent;
  int exit = 0;
};

// The runs of one file under ipvs/, in order. Fails the test that calls when there is none.
std::vector<Run> read_recording(const std::string& file);
// Those of every file of a scenario, a directory under ipvs/, in the order of their names.
std::vector<Run> read_scenario(const std::string& directory);

// A command line's words as a shell splits them: blanks, 'single' and "double" quotes.
std::vector<std::string> shell_words(std::string_view line);

}  // namespace plenum::compat
