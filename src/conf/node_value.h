#pragma once
// Values that differ by node: one file describes the whole cluster, and each node reads its own out of
//   priority: { lb1: 150, lb2: 100 }

#include <string>

#include "conf/schema.h"
#include "conf/yaml.h"

namespace plenum::conf {

// Which node this host is: $PLENUM_NODE, the file's `node`, or the host's name up to its first dot.
std::string node_name(const Node& file, const Environment& environment);

// Puts this node's value in the place of each such mapping. Where it has none there stands nothing (Node::is_null()),
// which a reader may tell from a key that is left out.
void take_node_values(Node& node, const Shape& shape, const std::string& name);

}  // namespace plenum::conf
