#pragma once
// An HTTP answer as it comes in, judged by what its page wants. Bytes in, a judgement out; no sockets. Any bytes may
// come.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/pattern.h"
#include "conf/check.h"

namespace plenum::health {

class HttpAnswer {
 public:
  // Why it is not well; empty: it is.
  using Judged = std::string;

  // `page` outlives the answer. `regex`: page.regex, compiled, where there is one.
  HttpAnswer(const conf::HttpPage& page, std::optional<Pattern> regex, bool head);
  ~HttpAnswer();

  // More bytes. Judged as soon as nothing that could still come would change it; call neither after that. An answer
  // that says how long it is has to come whole to be well.
  std::optional<Judged> take(std::string_view bytes);
  // The connection has ended.
  Judged end();

 private:
  class Parser;
  struct Digest;
  std::optional<Judged> feed();
  std::optional<Judged> on_header();
  std::optional<Judged> on_body(std::string_view bytes);
  // All that is looked for is there.
  [[nodiscard]] std::optional<Judged> well() const;
  Judged at_end();
  [[nodiscard]] bool text_missing() const;

  const conf::HttpPage& page_;
  std::optional<Pattern> regex_;
  bool head_;
  std::unique_ptr<Parser> parser_;
  std::unique_ptr<Digest> digest_;
  std::string unread_, body_;  // not parsed yet; what is searched
  unsigned interim_ = 0;       // answers 1xx before the one that counts
  bool text_found_ = false;
  std::optional<Judged> judged_;  // of all that is searched, while more comes
};

}  // namespace plenum::health
