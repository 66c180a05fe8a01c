#pragma once
// What may be asked of plenum-vrrpd over its control socket (RUN_DIR/vrrpd.sock), and its answers: lines of
// JSON as those of plenum-lbd are (ctl/messages.h). {"op": "status"}, {"op": "failover", "name": "web",
// "author": "ann"}, {"op": "failback"}, {"op": "reload", "path": ""}, {"op": "diff", "path": ""},
// {"op": "events"} (what happened so far), {"op": "watch"} (that and, line by line, whatever happens from
// now on, until the client closes).

#include <string>
#include <string_view>

#include "base/result.h"
#include "failover/status.h"

namespace plenum::ctl {

// Where plenum-vrrpd listens: RUN_DIR/vrrpd.sock.
std::string vrrpd_socket(std::string_view run_dir);

struct VrrpRequest {
  std::string op;
  std::string name, author, path;
};
std::string encode(const VrrpRequest& request);
Result<VrrpRequest> decode_vrrp_request(std::string_view line);

// Objects without the envelope.
std::string to_json(const failover::Status& status);
std::string to_json(const failover::Happening& happening);

// A whole answer: {"ok": true, NAME: VALUE}; the value is JSON already.
std::string vrrp_answer(std::string_view name, std::string_view value);
std::string vrrp_refusal(const Error& error);
// What stands in an answer, as JSON; a refusal is the error that it tells.
Result<std::string> decode_vrrp_answer(std::string_view line);

}  // namespace plenum::ctl
