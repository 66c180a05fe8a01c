#include "conf/lvs_cf/syntax.h"

#include "base/text.h"

namespace plenum::conf::lvs_cf {
namespace {

using keepalived::Severity;

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('"')) return std::string(trim(text.substr(0, text.find('#'))));
  std::string out;
  for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
  }
  return out;
}

class Parser {
 public:
  Parser(std::shared_ptr<const Source> source, keepalived::Findings& findings)
      : source_(std::move(source)), findings_(findings) {}

  void section(Section& out, int depth) {
    while (++line_ <= source_->line_starts.size()) {
      const auto whole = source_->line(line_);
      auto text = trim(whole);
      if (text.empty() || text.front() == '#') continue;
      const auto column = static_cast<unsigned>(whole.find_first_not_of(" \t")) + 1;
      const Place place{source_, line_, column};
      if (text == "}") {
        if (depth > 0) return;
        findings_.add(Severity::Fatal, place, "a } without its {");
        continue;
      }
      const auto equals = text.find('=');
      if (equals != std::string_view::npos) {
        out.settings.push_back({std::string(trim(text.substr(0, equals))), unquoted(text.substr(equals + 1)), place});
      } else if (text.ends_with('{')) {
        block(text.substr(0, text.size() - 1), place, out, depth);
      } else {
        findings_.add(Severity::Fatal, place, "neither key = value nor the beginning or end of a block");
      }
    }
    if (depth > 0) findings_.add(Severity::Fatal, out.place, "block " + out.kind + " " + out.name + " has no end");
  }

 private:
  void block(std::string_view head, const Place& place, Section& into, int depth) {
    head = trim(head);
    const auto blank = head.find_first_of(" \t");
    Section one;
    one.kind = head.substr(0, blank);
    one.name = blank == std::string_view::npos ? "" : unquoted(head.substr(blank));
    one.place = place;
    if (depth >= 2)
      findings_.add(Severity::Fatal, place, "blocks stand in one another no deeper than server in virtual");
    section(one, depth + 1);
    if (depth < 2) into.sections.push_back(std::move(one));
  }

  std::shared_ptr<const Source> source_;
  keepalived::Findings& findings_;
  unsigned line_ = 0;
};

}  // namespace

const Setting* Section::find(std::string_view key) const {
  const Setting* out = nullptr;
  for (const auto& one : settings)
    if (one.key == key) out = &one;
  return out;
}

Section parse(std::string text, const std::string& name, keepalived::Findings& findings) {
  Section out;
  const auto source = std::make_shared<const Source>(name, std::move(text));
  out.place = {source, 0, 0};
  Parser(source, findings).section(out, 0);
  return out;
}

}  // namespace plenum::conf::lvs_cf
