#pragma once
// Lines to a Draft by the table of keywords: blocks, values, and keepalived's tolerance of what is wrong with them.

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

class BlockReader {
 public:
  // All outlive this.
  BlockReader(Lines& lines, Draft& draft, Findings& findings, const Host& host)
      : lines_(lines), draft_(draft), findings_(findings), host_(host) {}

  // Reads to the end, or to what keepalived would not start with.
  void run();

 private:
  // Each reads a block to its end; false where the reading ends for good.
  bool block(Block block, bool needs_brace, int level);
  bool values(const Keyword& keyword, bool has_brace, Context& opening);
  bool skip(bool has_brace);
  bool keyword_line(const Keyword& keyword, const Line& line, Words words, bool opens, int level);
  Context context(const Words& words, const Line& line) {
    return {draft_, findings_, host_, lines_, words, line.text, line.place};
  }

  Lines& lines_;
  Draft& draft_;
  Findings& findings_;
  const Host& host_;
};

}  // namespace plenum::conf::keepalived
