#include "conf/validate.h"

#include "base/text.h"
#include "conf/read_command.h"

namespace plenum::conf {
namespace {

std::string in(const std::string& where, const std::string& what) { return where.empty() ? what : where + ": " + what; }

class Validator {
 public:
  explicit Validator(Diagnostics& problems) : problems_(problems) {}

  // `where` is "service smtp: server mx1", the way to this mapping for people.
  void object(const Node& node, const Shape& shape, const std::string& where) {
    if (node.is_null()) {
      missing(node, shape, where);
      return;
    }
    if (!node.is_mapping()) {
      problems_.add(node.place, in(where, "must be a mapping of keys, not " + node.shown()));
      return;
    }
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto& name = node.keys[i];
      if (const auto* key = shape.find(name.text)) {
        value(name, node.items[i], *key, where);
      } else {
        unknown(name, shape, where);
      }
    }
    missing(node, shape, where);
  }

 private:
  void unknown(const Node& name, const Shape& shape, const std::string& where) {
    std::vector<std::string_view> names;
    for (const auto& key : shape.keys) {
      if (key.kind != Kind::Later) names.push_back(key.name);
    }
    const auto near = nearest(name.text, names);
    std::string hint;
    if (!near.empty()) {
      hint = "did you mean \"" + std::string(near) + "\"?";
    } else {
      for (const auto known : names) hint += (hint.empty() ? "known here: " : ", ") + std::string(known);
    }
    problems_.add(name.place, in(where, "unknown key " + name.shown()), std::move(hint));
  }

  void missing(const Node& node, const Shape& shape, const std::string& where) {
    for (const auto& key : shape.keys) {
      if (!key.required || node.find(key.name)) continue;
      problems_.add(node.place, in(where, "key \"" + std::string(key.name) + "\" is missing"), std::string(key.doc));
    }
  }

  void value(const Node& name, const Node& node, const Key& key, const std::string& where) {
    switch (key.kind) {
      case Kind::Later:
        problems_.add(name.place, in(where, std::string(key.name) + " is not supported by this version"),
                      "leave it out; it would not be carried out");
        return;
      case Kind::Object:
        return object(node, *key.shape, in(where, std::string(key.shape->noun)));
      case Kind::Map:
        return map(node, key, where);
      case Kind::List:
        return list(node, key, where);
      case Kind::OneOrMore:
        return one_or_more(node, key, where);
      case Kind::Command:
        return command(node, key, where);
      default:
        if (key.per_node && node.is_mapping()) return by_node(node, key, where);
        return scalar(node, key, key.kind, where);
    }
  }

  void by_node(const Node& node, const Key& key, const std::string& where) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto& name = node.keys[i];
      if (const auto good = read_value(key, Kind::Name, name.text); !good)
        problems_.add(name.place, in(where, std::string(key.name) + ": the node's name " + good.error().message));
      scalar(node.items[i], key, key.kind, in(where, "node " + name.text.substr(0, 63)));
    }
  }

  void map(const Node& node, const Key& key, const std::string& where) {
    if (node.is_null()) return;
    if (!node.is_mapping()) {
      problems_.add(node.place, in(where, std::string(key.name) + " must be a mapping of names, not " + node.shown()));
      return;
    }
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto& name = node.keys[i];
      const auto what = in(where, std::string(key.shape->noun) + " " + name.text.substr(0, 63));
      if (const auto good = read_value(key, Kind::Name, name.text); !good) {
        problems_.add(name.place, in(where, "the " + std::string(key.shape->noun) + "'s name " + good.error().message));
      }
      object(node.items[i], *key.shape, what);
    }
  }

  void list(const Node& node, const Key& key, const std::string& where) {
    if (node.is_null() && !key.required) return;
    if (!node.is_sequence()) {
      problems_.add(node.place, in(where, std::string(key.name) + " must be a list, not " + node.shown()),
                    node.is_scalar() && !node.is_null() ? "write [" + node.text.substr(0, 60) + "]" : "");
      return;
    }
    if (key.required && node.items.empty()) {
      problems_.add(node.place, in(where, std::string(key.name) + " must not be empty"));
    }
    for (const auto& item : node.items) {
      if (key.item == Kind::Object)
        object(item, *key.shape, in(where, std::string(key.name)));
      else
        scalar(item, key, key.item, where);
    }
  }

  void one_or_more(const Node& node, const Key& key, const std::string& where) {
    if (node.is_sequence()) {
      if (node.items.empty()) problems_.add(node.place, in(where, std::string(key.name) + " must not be empty"));
      for (const auto& item : node.items) one(item, key, where);
    } else {
      one(node, key, where);
    }
  }

  void one(const Node& node, const Key& key, const std::string& where) {
    if (key.item != Kind::Object) return scalar(node, key, key.item, where);
    if (node.is_null()) return problems_.add(node.place, in(where, std::string(key.name) + " has no value"));
    object(node, *key.shape, in(where, std::string(key.name)));
  }

  void command(const Node& node, const Key& key, const std::string& where) {
    if (node.is_mapping() && key.shape != nullptr) return object(node, *key.shape, in(where, std::string(key.name)));
    if (node.is_mapping())
      return problems_.add(node.place, in(where, std::string(key.name) + " must be a text or a list of words"));
    if (node.is_scalar()) {
      if (node.is_null()) return problems_.add(node.place, in(where, std::string(key.name) + " has no value"));
      if (const auto words = split_command(node.text); !words)
        problems_.add(node.place, in(where, std::string(key.name) + " " + words.error()));
      return;
    }
    if (node.items.empty()) problems_.add(node.place, in(where, std::string(key.name) + " must not be empty"));
    for (const auto& item : node.items)
      if (!item.is_scalar() || item.is_null())
        problems_.add(item.place, in(where, std::string(key.name) + " must be a list of words, not " + item.shown()));
  }

  void scalar(const Node& node, const Key& key, Kind kind, const std::string& where) {
    const std::string name(key.name);
    if (!node.is_scalar()) {
      problems_.add(node.place, in(where, name + " must be a single value, not " + node.shown()));
      return;
    }
    if (node.is_null()) {
      problems_.add(node.place, in(where, name + " has no value"));
      return;
    }
    if (auto read = read_value(key, kind, node.text); !read) {
      problems_.add(node.place, in(where, name + " " + read.error().message), read.error().hint);
    }
  }

  Diagnostics& problems_;
};

}  // namespace

void validate(const Node& node, const Shape& shape, Diagnostics& problems) {
  Validator(problems).object(node, shape, "");
}

const Place& Fields::place(std::string_view name) const {
  static const Place nowhere;
  if (const auto* at = node(name)) return at->place;
  return node_ ? node_->place : nowhere;
}

std::optional<Value> Fields::read(std::string_view name) const {
  const auto* key = shape_.find(name);
  if (!key) return std::nullopt;
  std::string_view text = key->fallback;
  if (const auto* at = node(name)) {
    if (!at->is_scalar() || at->is_null()) return std::nullopt;
    text = at->text;
  } else if (text.empty()) {
    return std::nullopt;
  }
  auto value = read_value(*key, key->kind, text);
  if (!value) return std::nullopt;
  return *std::move(value);
}

}  // namespace plenum::conf
