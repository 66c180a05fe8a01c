#include "conf/keepalived/read.h"

#include "conf/keepalived/block_reader.h"
#include "conf/keepalived/finish.h"

namespace plenum::conf::keepalived {

Result read(std::string text, const std::string& name, const Host& host, const Files* files,
            const LineOptions* options) {
  Result out;
  LineOptions mine = options ? *options : LineOptions{};
  if (mine.config_id.empty()) mine.config_id = host.node;
  Lines lines(std::move(text), name, mine, files, out.findings);
  out.config.node = mine.config_id;
  Draft draft;
  BlockReader(lines, draft, out.findings, host).run();
  if (out.findings.worst() == Severity::Fatal) return out;
  finish_vrrp(draft, host, out.findings, out.config);
  finish_services(draft, host, out.findings, out.config);
  return out;
}

bool looks_like(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = without_comment(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    // Definitions, conditions and sequences; "key:" and "---" are YAML's.
    if (line.front() == '$' || line.front() == '@' || line.front() == '~') return true;
    const auto words = split_words(line);
    if (words.empty()) continue;
    auto word = words[0];
    if (word.ends_with('{')) word.pop_back();
    if (word.ends_with(':') || line.starts_with("---") || line.starts_with("%")) return false;
    if (word.starts_with("include") && words.size() > 1 && word.size() <= 8) return true;
    if (find_keyword(Block::Top, word)) return true;
    // A block of another name is still a block.
    if (line.ends_with('{') && line.find(':') == std::string_view::npos) return true;
    return false;
  }
  return false;
}

}  // namespace plenum::conf::keepalived
