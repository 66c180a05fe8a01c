#pragma once
// Piranha's lvs.cf: text in, a Config and what of it has no place in one out. Two directors, the primary and its
// backup, share one file; each finds itself in it by its own addresses.

#include <functional>

#include "conf/config.h"
#include "conf/keepalived/findings.h"
#include "net/address.h"

namespace plenum::conf::lvs_cf {

struct Result {
  Config config;
  keepalived::Findings findings;
};

struct Host {
  std::string node;
  // Whether the address is this host's. Left out: it is the primary.
  std::function<bool(const net::Address& address)> has_address;
};
Host this_host();

Result read(std::string text, const std::string& name, const Host& host);

// Whether a text is of this language, by its first line that says something.
bool looks_like(std::string_view text);

}  // namespace plenum::conf::lvs_cf
