#pragma once
// YAML 1.2 text to a tree with places. Strict: one document, keys are scalars and stand
// once in their mapping, no tags. Anchors and aliases are expanded within a budget. Knows
// nothing of what keys mean.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/source.h"

namespace plenum::conf {

struct Node {
  enum class Kind { Scalar, Sequence, Mapping };

  Kind kind = Kind::Scalar;
  Place place;
  std::string text;         // Scalar
  bool plain = true;        // Scalar: written without quotes
  std::vector<Node> keys;   // Mapping: scalars, as many as items
  std::vector<Node> items;  // Sequence: its items; Mapping: its values

  [[nodiscard]] bool is_scalar() const { return kind == Kind::Scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::Sequence; }
  [[nodiscard]] bool is_mapping() const { return kind == Kind::Mapping; }
  // Nothing, "~" or "null" without quotes.
  [[nodiscard]] bool is_null() const;
  // The value of a mapping's key; nullptr when it is not there or this is no mapping.
  [[nodiscard]] const Node* find(std::string_view key) const;
  // "a mapping", "a list", "nothing", or the scalar's text in quotes.
  [[nodiscard]] std::string shown() const;
};

// Nothing when the text is not YAML at all; then, and for each duplicate key, a diagnostic
// tells. An empty text is an empty mapping.
std::optional<Node> parse_yaml(const std::shared_ptr<const Source>& source, Diagnostics& problems);

// A variable's value, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// Replaces ${NAME} and ${NAME:-default} in every scalar value; $${ stands for ${. The default
// is used when NAME is unset or empty. A variable unset without a default is a diagnostic.
void expand_variables(Node& node, const Environment& environment, Diagnostics& problems);

}  // namespace plenum::conf
