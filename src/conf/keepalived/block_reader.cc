#include "conf/keepalived/block_reader.h"

#include "base/text.h"

namespace plenum::conf::keepalived {
namespace {

std::string meant(Block block, const std::string& word) {
  std::vector<std::string_view> names;
  for (const auto& row : keywords_of(block)) names.push_back(row.name);
  const auto near = nearest(word, names);
  if (!near.empty()) return "did you mean \"" + std::string(near) + "\"?";
  for (const auto other : all_blocks()) {
    if (find_keyword(other, word)) return std::string("it belongs into ") + name_of(other);
  }
  return {};
}

}  // namespace

void BlockReader::run() {
  block(Block::Top, false, 0);
  if (lines_.unclosed() > 0 && findings_.worst() != Severity::Fatal)
    findings_.warn({}, "There are " + std::to_string(lines_.unclosed()) + " missing '}'s or extra '{'s");
}

bool BlockReader::block(Block in, bool needs_brace, int level) {
  Line line;
  while (lines_.next(line)) {
    auto words = split_words(line.text);
    if (words.empty()) continue;
    if (needs_brace) {
      needs_brace = false;
      if (words[0] == "{") continue;
      findings_.warn(line.place, "Missing '{' at beginning of configuration block");
    }
    if (words[0] == "}") {
      if (level > 0) return true;
      findings_.warn(line.place, "Extra '}' found", "every { has its } already");
      continue;
    }
    if (words[0] == "{") {
      findings_.warn(line.place, "Unexpected '{' - ignoring");
      continue;
    }
    const bool opens = words.size() > 1 && words.back() == "{";
    if (opens) words.pop_back();
    const auto* keyword = find_keyword(in, words[0]);
    if (!keyword) {
      findings_.warn(line.place, "Unknown keyword '" + words[0] + "'", meant(in, words[0]));
      if (opens) findings_.warn(line.place, "Unexpected '{' - ignoring");
      continue;
    }
    if (!keyword_line(*keyword, line, std::move(words), opens, level)) return false;
  }
  return true;
}

bool BlockReader::keyword_line(const Keyword& keyword, const Line& line, Words words, bool opens, int level) {
  if (keyword.status == Status::Unsupported)
    findings_.lost(line.place, std::string(keyword.name) + " is not carried out: " + std::string(keyword.doc));
  auto ctx = context(words, line);
  if (keyword.parameter && words.size() < 2) ctx.word(1);
  if (keyword.take && !ctx.fatal) keyword.take(ctx);
  if (ctx.fatal) return false;
  if (ctx.skip) return skip(opens);
  if (keyword.values) {
    if (words.size() > 1 && !keyword.parameter)
      findings_.warn(line.place, "Block " + words[0] + " has extra parameters " + words[1] + " ...");
    return values(keyword, opens, ctx);
  }
  if (keyword.opens == Block::None) {
    if (opens) findings_.warn(line.place, "Unexpected '{' - ignoring");
    return true;
  }
  if (!block(keyword.opens, !opens, level + 1)) return false;
  if (keyword.end) keyword.end(ctx);
  return !ctx.fatal;
}

// Lines of values up to "}".
bool BlockReader::values(const Keyword& keyword, bool has_brace, Context& opening) {
  bool empty = true;
  Line line;
  while (lines_.next(line)) {
    auto words = split_words(line.text);
    if (words.empty()) continue;
    if (!has_brace) {
      has_brace = true;
      if (words[0] == "{") continue;
      if (words[0] != "}")
        findings_.warn(line.place, "'{' missing from beginning of block " + std::string(keyword.name));
    }
    if (words[0] == "}") {
      if (empty && keyword.end) keyword.end(opening);
      return true;
    }
    empty = false;
    if (words.back() == "{") {
      findings_.warn(line.place, "Unexpected '{' - ignoring");
      words.pop_back();
      if (words.empty()) continue;
    }
    if (!keyword.item) continue;
    auto ctx = context(words, line);
    keyword.item(ctx);
    if (ctx.fatal) return false;
  }
  if (empty && keyword.end) keyword.end(opening);
  return true;
}

bool BlockReader::skip(bool has_brace) {
  int depth = has_brace ? 1 : 0;
  Line line;
  while (lines_.next(line)) {
    const auto words = split_words(line.text);
    if (words.empty()) continue;
    if (words.back() == "{") {
      ++depth;
    } else if (words[0] == "}" && --depth <= 0) {
      return true;
    }
  }
  return true;
}

}  // namespace plenum::conf::keepalived
