#include "conf/yaml.h"

#include <libfyaml.h>

#include <algorithm>
#include <unordered_map>

namespace plenum::conf {
namespace {

constexpr std::size_t kDeepest = 32;           // levels; the configuration has 6
constexpr std::size_t kAliasBudget = 100'000;  // nodes that aliases may bring in, together
constexpr std::size_t kMostNodes = 8'000'000;

struct FyDeleter {
  void operator()(fy_parser* p) const { fy_parser_destroy(p); }
  void operator()(fy_diag* d) const { fy_diag_destroy(d); }
  void operator()(fy_token_iter* i) const { fy_token_iter_destroy(i); }
};

void swallow(fy_diag*, void*, const char*, std::size_t) {}

// By chunks: fy_token_get_text of libfyaml 0.7.12 leaks for a scalar with many escapes.
std::string text_of(fy_token* token) {
  std::string text;
  if (!token) return text;
  const std::unique_ptr<fy_token_iter, FyDeleter> iterator(fy_token_iter_create(token));
  int error = 0;
  const fy_iter_chunk* chunk = nullptr;
  while (iterator && (chunk = fy_token_iter_chunk_next(iterator.get(), chunk, &error)))
    text.append(chunk->str, chunk->len);
  return text;
}

std::size_t size_of(const Node& node) {
  std::size_t size = 1 + node.keys.size();
  for (const auto& item : node.items) size += size_of(item);
  return size;
}

// Builds the tree from events, without recursion: the input decides how deep it goes.
class Builder {
 public:
  Builder(std::shared_ptr<const Source> source, Diagnostics& problems)
      : source_(std::move(source)), problems_(problems) {}

  // False: the rest of the input is not worth reading.
  bool take(fy_event* event) {
    const auto place = place_of(event);
    switch (event->type) {
      case FYET_DOCUMENT_START:
        return ++documents_ == 1 || refuse(place, "a second document in one file");
      case FYET_SCALAR: {
        Node node;
        node.place = place;
        node.text = text_of(event->scalar.value);
        node.plain = fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
        if (event->scalar.tag) problems_.add(place, "tags (!) are not supported");
        return finish(std::move(node), text_of(event->scalar.anchor));
      }
      case FYET_SEQUENCE_START:
        if (event->sequence_start.tag) problems_.add(place, "tags (!) are not supported");
        return open(Node::Kind::Sequence, place, text_of(event->sequence_start.anchor));
      case FYET_MAPPING_START:
        if (event->mapping_start.tag) problems_.add(place, "tags (!) are not supported");
        return open(Node::Kind::Mapping, place, text_of(event->mapping_start.anchor));
      case FYET_SEQUENCE_END:
      case FYET_MAPPING_END:
        return close();
      case FYET_ALIAS:
        return alias(text_of(event->alias.anchor), place);
      default:
        return true;
    }
  }

  [[nodiscard]] std::optional<Node> root() && { return std::move(root_); }

 private:
  struct Open {
    Node node;
    std::string anchor;
    std::optional<Node> key;  // Mapping: read, its value is next
    bool duplicate = false;   // the value that comes is not kept
    std::unordered_map<std::string, Place> seen;
  };

  // libfyaml puts a quoted scalar's mark behind the quote, and gives an empty value none: that
  // stands where its key does.
  Place place_of(fy_event* event) {
    const auto* mark = fy_event_start_mark(event);
    if (!mark) return last_;
    last_ = {source_, static_cast<unsigned>(mark->line) + 1, static_cast<unsigned>(mark->column) + 1};
    if (event->type == FYET_SCALAR && last_.column > 1) {
      const auto style = fy_token_scalar_style(event->scalar.value);
      if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) --last_.column;
    }
    return last_;
  }

  bool refuse(const Place& place, std::string message) {
    problems_.add(place, std::move(message));
    return false;
  }

  bool open(Node::Kind kind, const Place& place, std::string anchor) {
    if (stack_.size() >= kDeepest) return refuse(place, "nested deeper than any configuration is");
    Open one;
    one.node.kind = kind;
    one.node.place = place;
    one.anchor = std::move(anchor);
    stack_.push_back(std::move(one));
    return true;
  }

  bool close() {
    if (stack_.empty()) return false;
    auto done = std::move(stack_.back());
    stack_.pop_back();
    return finish(std::move(done.node), done.anchor);
  }

  bool alias(const std::string& anchor, const Place& place) {
    const auto at = anchors_.find(anchor);
    if (at == anchors_.end()) return refuse(place, "no anchor &" + anchor + " before this alias");
    const auto size = size_of(at->second);
    if (size > alias_budget_) return refuse(place, "aliases repeat too much");
    alias_budget_ -= size;
    auto copy = at->second;
    copy.place = place;
    return finish(std::move(copy), "");
  }

  bool finish(Node node, const std::string& anchor) {
    if (++nodes_ > kMostNodes) return refuse(node.place, "the file is too large");
    if (!anchor.empty()) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
      return true;
    }
    auto& parent = stack_.back();
    if (parent.node.is_sequence()) {
      parent.node.items.push_back(std::move(node));
      return true;
    }
    if (parent.key) {
      if (!parent.duplicate) {
        parent.node.keys.push_back(*std::move(parent.key));
        parent.node.items.push_back(std::move(node));
      }
      parent.key.reset();
      return true;
    }
    if (!node.is_scalar()) return refuse(node.place, "a key must be a plain word, not " + node.shown());
    const auto [first, fresh] = parent.seen.emplace(node.text, node.place);
    parent.duplicate = !fresh;
    if (!fresh) problems_.add(node.place, "key \"" + node.text + "\" stands twice, first at " + first->second.text());
    parent.key = std::move(node);
    return true;
  }

  std::shared_ptr<const Source> source_;
  Diagnostics& problems_;
  Place last_{source_, 1, 1};
  std::vector<Open> stack_;
  std::unordered_map<std::string, Node> anchors_;
  std::optional<Node> root_;
  std::size_t alias_budget_ = kAliasBudget;
  std::size_t nodes_ = 0;
  unsigned documents_ = 0;
};

// Offset of the first byte that is not UTF-8 text (RFC 3629) or a NUL; npos when all is well.
std::size_t fault_in(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (lead == 0 || length == 0 || i + length > text.size()) return i;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      const unsigned low = k == 1 && lead == 0xe0 ? 0xa0 : k == 1 && lead == 0xf0 ? 0x90 : 0x80;
      const unsigned high = k == 1 && lead == 0xed ? 0x9f : k == 1 && lead == 0xf4 ? 0x8f : 0xbf;
      if (next < low || next > high) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

void report(fy_diag* diag, const std::shared_ptr<const Source>& source, Diagnostics& problems) {
  void* iterator = nullptr;
  if (const auto* error = fy_diag_errors_iterate(diag, &iterator)) {
    const Place place{source, static_cast<unsigned>(std::max(error->line, 1)),
                      static_cast<unsigned>(std::max(error->column, 1))};
    problems.add(place, error->msg ? error->msg : "not YAML");
    return;
  }
  problems.add({source, 0, 0}, "not YAML");
}

}  // namespace

bool Node::is_null() const {
  return is_scalar() && plain && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

const Node* Node::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

std::string Node::shown() const {
  if (is_mapping()) return "a mapping";
  if (is_sequence()) return "a list";
  if (is_null()) return "nothing";
  return "\"" + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + "\"";
}

std::optional<Node> parse_yaml(const std::shared_ptr<const Source>& source, Diagnostics& problems) {
  if (const auto fault = fault_in(source->text); fault != std::string_view::npos) {
    problems.add({source, 0, 0}, "not a UTF-8 text: see the byte at offset " + std::to_string(fault));
    return std::nullopt;
  }
  fy_diag_cfg diag_config{};
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;
  diag_config.output_fn = swallow;
  diag_config.colorize = false;
  const std::unique_ptr<fy_diag, FyDeleter> diag(fy_diag_create(&diag_config));
  if (!diag) {
    problems.add({source, 0, 0}, "out of memory");
    return std::nullopt;
  }
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config{};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
                                                 FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT);
  config.diag = diag.get();
  const std::unique_ptr<fy_parser, FyDeleter> parser(fy_parser_create(&config));
  if (!parser || fy_parser_set_string(parser.get(), source->text.data(), source->text.size()) != 0) {
    problems.add({source, 0, 0}, "out of memory");
    return std::nullopt;
  }
  Builder builder(source, problems);
  while (auto* event = fy_parser_parse(parser.get())) {
    const bool go_on = builder.take(event);
    fy_parser_event_free(parser.get(), event);
    if (!go_on) return std::nullopt;
  }
  if (fy_parser_get_stream_error(parser.get())) {
    report(diag.get(), source, problems);
    return std::nullopt;
  }
  auto root = std::move(builder).root();
  if (!root || root->is_null()) {
    Node empty;
    empty.kind = Node::Kind::Mapping;
    empty.place = root ? root->place : Place{source, 1, 1};
    return empty;
  }
  return root;
}

void expand_variables(Node& node, const Environment& environment, Diagnostics& problems) {
  for (auto& item : node.items) expand_variables(item, environment, problems);
  if (!node.is_scalar() || node.text.find("${") == std::string::npos) return;
  const std::string_view text = node.text;
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at, 3) == "$${") {
      out += "${";
      at += 3;
      continue;
    }
    if (text.substr(at, 2) != "${") {
      out += text[at++];
      continue;
    }
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) {
      problems.add(node.place, "${ without a }", "write $${ for the two characters ${");
      return;
    }
    auto name = text.substr(at + 2, end - at - 2);
    std::optional<std::string_view> fallback;
    if (const auto colon = name.find(":-"); colon != std::string_view::npos) {
      fallback = name.substr(colon + 2);
      name = name.substr(0, colon);
    }
    auto value = environment(name);
    if (value && !value->empty()) {
      out += *value;
    } else if (fallback) {
      out += *fallback;
    } else if (value) {
      // set, and empty on purpose
    } else {
      problems.add(node.place, "variable " + std::string(name) + " is not set",
                   "set it, or give a default: ${" + std::string(name) + ":-value}");
      return;
    }
    at = end + 1;
  }
  node.text = std::move(out);
  node.plain = false;
}

}  // namespace plenum::conf
