#include "cli/ipvsadm/rules.h"

#include <algorithm>
#include <string_view>

namespace plenum::cli::ipvsadm {

std::optional<std::vector<std::string>> next_rule(std::istream& in) {
  constexpr std::string_view kBlanks = " \t\r";
  std::string line;
  while (std::getline(in, line)) {
    std::vector<std::string> words;
    for (auto begin = line.find_first_not_of(kBlanks); begin != std::string::npos;) {
      const auto end = std::min(line.find_first_of(kBlanks, begin), line.size());
      if (line.compare(begin, end - begin, "ipvsadm") != 0) words.push_back(line.substr(begin, end - begin));
      begin = line.find_first_not_of(kBlanks, end);
    }
    if (!words.empty()) return words;
  }
  return std::nullopt;
}

}  // namespace plenum::cli::ipvsadm
