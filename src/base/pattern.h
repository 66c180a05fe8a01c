#pragma once
// Regular expressions of people's files, looked for in what others send: Perl's syntax, and an end to the work that
// one search may take, however the expression and the text meet.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plenum {

class Pattern {
 public:
  // EINVAL, with what is wrong and where.
  static Result<Pattern> compile(const std::string& text, bool ignore_case = false);

  // Whether it matches anywhere in `text`. `^` and `$` also match at the ends of lines. E2BIG: it would take too long
  // to say.
  [[nodiscard]] Result<bool> found_in(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace plenum
