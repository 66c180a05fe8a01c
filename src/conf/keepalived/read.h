#pragma once
// keepalived.conf: text in, a Config and everything that was found out. Never refuses: what keepalived would not
// start with is a finding of Severity::Fatal, and the Config holds what stood before it.

#include "conf/config.h"
#include "conf/keepalived/findings.h"
#include "conf/keepalived/host.h"
#include "conf/keepalived/lines.h"

namespace plenum::conf::keepalived {

struct Result {
  Config config;
  Findings findings;
};

// `files` nullptr: includes find nothing. `name` stands in messages, and relative includes are beside it.
Result read(std::string text, const std::string& name, const Host& host, const Files* files,
            const LineOptions* options = nullptr);

// Whether a text is of this language rather than YAML: by the first line that could not be both.
bool looks_like(std::string_view text);

}  // namespace plenum::conf::keepalived
