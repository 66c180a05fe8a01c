#pragma once
// A configuration from text, as tests of the reader read it.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/reader.h"

namespace plenum::conf {

// An environment in which this host is the node lb1, and no more.
inline std::optional<std::string> nothing_set(std::string_view name) {
  if (name == "PLENUM_NODE") return "lb1";
  return std::nullopt;
}

// "line:column: message | hint" of each diagnostic.
inline std::vector<std::string> problems(const std::string& text) {
  const auto reading = parse(text, "p.yaml", nothing_set);
  std::vector<std::string> out;
  if (reading) return out;
  for (const auto& d : reading.error().list()) {
    out.push_back(std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.message +
                  (d.hint.empty() ? "" : " | " + d.hint));
  }
  return out;
}

inline Config good(const std::string& text) {
  const auto reading = parse(text, "p.yaml", nothing_set);
  EXPECT_TRUE(reading) << reading.error().render();
  return reading ? *reading : Config{};
}

}  // namespace plenum::conf
