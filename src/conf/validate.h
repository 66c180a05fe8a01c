#pragma once
// A tree against the table of keys: finds every mistake of form. What values mean together
// is the reader's.

#include <optional>
#include <string>
#include <string_view>

#include "conf/schema.h"
#include "conf/yaml.h"

namespace plenum::conf {

// Adds a diagnostic for every unknown, missing or unsupported key and every wrong value.
void validate(const Node& node, const Shape& shape, Diagnostics& problems);

// A mapping read by its shape: each accessor gives the value, the table's default where the
// key is left out, or nothing where there is none or the value is wrong (validate() has told).
class Fields {
 public:
  // `node` may be nullptr: then every key is left out. Both outlive this.
  Fields(const Node* node, const Shape& shape) : node_(node), shape_(shape) {}

  [[nodiscard]] bool has(std::string_view name) const { return node(name) != nullptr; }
  // As it stands in the file; nullptr when it does not.
  [[nodiscard]] const Node* node(std::string_view name) const { return node_ ? node_->find(name) : nullptr; }
  // The node to point at: the key's value, or this mapping where it is left out.
  [[nodiscard]] const Place& place(std::string_view name) const;

  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const { return get<std::int64_t>(name); }
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const { return get<std::string>(name); }
  [[nodiscard]] std::optional<net::Address> address(std::string_view name) const { return get<net::Address>(name); }
  [[nodiscard]] std::optional<net::Prefix> prefix(std::string_view name) const { return get<net::Prefix>(name); }
  // A Flag; false when it is left out.
  [[nodiscard]] bool flag(std::string_view name) const { return get<std::int64_t>(name).value_or(0) != 0; }

  // The right items of a List, each with its node.
  template <class T>
  [[nodiscard]] std::vector<std::pair<T, const Node*>> list(std::string_view name) const {
    std::vector<std::pair<T, const Node*>> out;
    const auto* at = node(name);
    const auto* key = shape_.find(name);
    if (!at || !key || !at->is_sequence()) return out;
    for (const auto& item : at->items) {
      if (!item.is_scalar()) continue;
      if (auto value = read_value(*key, key->item, item.text)) out.emplace_back(std::get<T>(*std::move(value)), &item);
    }
    return out;
  }

 private:
  template <class T>
  [[nodiscard]] std::optional<T> get(std::string_view name) const {
    auto value = read(name);
    if (!value) return std::nullopt;
    return std::get<T>(*std::move(value));
  }
  [[nodiscard]] std::optional<Value> read(std::string_view name) const;

  const Node* node_;
  const Shape& shape_;
};

}  // namespace plenum::conf
