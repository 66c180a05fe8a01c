#pragma once
// Numbers as ipvsadm reads them.

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string>

namespace plenum::cli::ipvsadm {

// The whole of `text` as strtol(3) takes it (leading blanks and a sign pass), when within
// min..max.
inline std::optional<long> to_number(const std::string& text, long min, long max) {
  char* end = nullptr;
  errno = 0;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != '\0' || errno == ERANGE) return std::nullopt;
  if (number < min || number > max) return std::nullopt;
  return number;
}

}  // namespace plenum::cli::ipvsadm
