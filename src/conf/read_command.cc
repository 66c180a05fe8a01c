#include "conf/read_command.h"

namespace plenum::conf {

namespace {

using Words = tl::expected<std::vector<std::string>, std::string>;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Within double quotes a backslash takes the meaning of these four alone, as in a shell.
bool escapes_in_quotes(char c) { return c == '"' || c == '\\' || c == '$' || c == '`'; }

}  // namespace

Words split_command(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && is_blank(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      if (i + 1 == text.size()) return tl::unexpected(std::string("ends in a backslash"));
      if (quote == '"' && !escapes_in_quotes(text[i + 1])) words.back() += c;
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return tl::unexpected(std::string("has a quote without an end"));
  if (words.empty() || words.front().empty()) return tl::unexpected(std::string("names no program"));
  return words;
}

Command read_command(const Node* node) {
  Command out;
  if (node == nullptr) return out;
  if (node->is_mapping()) {
    if (const auto* run = node->find("run"); run != nullptr && !run->is_mapping()) out = read_command(run);
    const auto text = [&](const char* key) {
      const auto* at = node->find(key);
      return at != nullptr && at->is_scalar() && !at->is_null() ? at->text : std::string();
    };
    out.user = text("user");
    out.group = text("group");
  } else if (node->is_sequence()) {
    for (const auto& item : node->items)
      if (item.is_scalar() && !item.is_null()) out.words.push_back(item.text);
  } else if (!node->is_null()) {
    out.words = split_command(node->text).value_or(std::vector<std::string>{});
  }
  return out;
}

}  // namespace plenum::conf
