#pragma once
// Piranha's lvs.cf as a tree: "key = value" lines, and blocks "kind name { ... }" of them. Knows nothing of what keys
// mean.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/keepalived/findings.h"

namespace plenum::conf::lvs_cf {

struct Setting {
  std::string key, value;  // quotes gone, escapes carried out
  Place place;
};

struct Section {
  std::string kind, name;
  Place place;
  std::vector<Setting> settings;
  std::vector<Section> sections;

  // The last one of that key; nullptr: none.
  [[nodiscard]] const Setting* find(std::string_view key) const;
};

// What makes no sense is a finding of Severity::Fatal with its line.
Section parse(std::string text, const std::string& name, keepalived::Findings& findings);

}  // namespace plenum::conf::lvs_cf
