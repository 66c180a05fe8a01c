#include "conf/node_value.h"

#include <unistd.h>

#include <array>

namespace plenum::conf {

std::string node_name(const Node& file, const Environment& environment) {
  if (auto name = environment("PLENUM_NODE"); name && !name->empty()) return *std::move(name);
  if (const auto* node = file.find("node"); node && node->is_scalar() && !node->is_null()) return node->text;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return {};
  const std::string name(host.data());
  return name.substr(0, name.find('.'));
}

void take_node_values(Node& node, const Shape& shape, const std::string& name) {
  if (!node.is_mapping()) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto* key = shape.find(node.keys[i].text);
    if (!key) continue;
    auto& value = node.items[i];
    if (key->per_node && value.is_mapping()) {
      const auto* own = value.find(name);
      Node chosen = own ? *own : Node{};
      chosen.place = own ? own->place : value.place;
      value = std::move(chosen);
    } else if (key->kind == Kind::Object) {
      take_node_values(value, *key->shape, name);
    } else if (key->kind == Kind::Map && value.is_mapping()) {
      for (auto& item : value.items) take_node_values(item, *key->shape, name);
    } else if (key->kind == Kind::List && key->item == Kind::Object && value.is_sequence()) {
      for (auto& item : value.items) take_node_values(item, *key->shape, name);
    }
  }
}

}  // namespace plenum::conf
