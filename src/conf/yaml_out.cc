#include "conf/yaml_out.h"

#include <algorithm>
#include <cstdio>

namespace plenum::conf {
namespace {

constexpr std::size_t kLongestFlow = 100;

bool is_plain(std::string_view text) {
  if (text.empty() || text == "null" || text == "Null" || text == "NULL" || text == "~") return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return (letter(text[0]) || text[0] == '/') && std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || c == '_' || c == '-' || c == '.' || c == '/';
         });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (text.substr(i, 2) == "${") {
      out += "$$";  // "$${" is "${" to the reader
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

YamlOut YamlOut::text(std::string_view value) {
  return YamlOut(Kind::Scalar, is_plain(value) ? std::string(value) : quoted(value));
}

YamlOut& YamlOut::add(std::string_view key, YamlOut value) {
  keys_.push_back(is_plain(key) ? std::string(key) : quoted(key));
  items_.push_back(std::move(value));
  return *this;
}

YamlOut& YamlOut::add(YamlOut value) {
  items_.push_back(std::move(value));
  return *this;
}

// Whether it is fit for one line: scalars, and lists and maps of them.
bool YamlOut::is_short() const {
  if (kind_ == Kind::Scalar) return true;
  std::string out;
  flow(out);
  return out.size() <= kLongestFlow && std::all_of(items_.begin(), items_.end(), [](const auto& item) {
           return item.kind_ == Kind::Scalar ||
                  std::all_of(item.items_.begin(), item.items_.end(),
                              [](const auto& inner) { return inner.kind_ == Kind::Scalar; });
         });
}

void YamlOut::flow(std::string& out) const {
  if (kind_ == Kind::Scalar) {
    out += scalar_;
    return;
  }
  const bool map = kind_ == Kind::Map;
  out += map ? (items_.empty() ? "{" : "{ ") : "[";
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i != 0) out += ", ";
    if (map) out += keys_[i] + ": ";
    items_[i].flow(out);
  }
  out += map ? (items_.empty() ? "}" : " }") : "]";
}

void YamlOut::block(std::string& out, std::size_t depth) const {
  const std::string indent(depth * 2, ' ');
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto& item = items_[i];
    const bool map = kind_ == Kind::Map;
    out += indent + (map ? keys_[i] + ":" : "-");
    // The outermost sections stand by themselves.
    if (item.is_short() && !(depth == 0 && item.kind_ == Kind::Map && !item.items_.empty())) {
      out += ' ';
      item.flow(out);
      out += '\n';
    } else if (map || item.kind_ == Kind::List) {
      out += '\n';
      item.block(out, depth + 1);
    } else {
      // "- key: value", the rest under it.
      std::string inner;
      item.block(inner, depth + 1);
      out += " " + inner.substr((depth + 1) * 2);
    }
  }
}

std::string YamlOut::str() const {
  std::string out;
  block(out, 0);
  return out;
}

}  // namespace plenum::conf
