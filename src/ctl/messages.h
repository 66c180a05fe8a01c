#pragma once
// The one management vocabulary: what the command line, the API and tests may ask of
// plenum-lbd over its control socket (RUN_DIR/lbd.sock), and what it answers.
//
// On the wire a message is one line of JSON. A request is {"op": "<name>", ...fields}; an
// answer {"ok": true, ...fields} or {"ok": false, "errno": N, "error": "text"}. Several
// requests may follow each other on one connection; answers come in their order.

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "base/result.h"
#include "lb/explain/explanation.h"
#include "lb/status.h"
#include "lb/step.h"
#include "lb/trace/event.h"
#include "lb/trace/filter.h"

namespace plenum::ctl {

// "change": carries out steps in order, stopping at the first that fails; those before it
// stay. An error's code is IPVS's errno (EEXIST, ESRCH, ENOENT, ERANGE, EINVAL).
// With `each` it goes on where a step fails, and the reply tells which did and why.
struct ChangeRequest {
  std::vector<lb::Step> steps;
  std::string author;  // "ipvsadm by root"
  std::string reason;
  bool each = false;
  std::vector<std::string> reasons;  // with `each`: as many as steps, or none
};
struct StepFailure {
  std::uint32_t step = 0;
  int error = 0;  // errno
  std::string what;
};
struct ChangeReply {
  std::vector<StepFailure> failures;  // in the order of the steps
};

// "list": services with their servers. With a key only that one (ESRCH when there is none).
struct ListRequest {
  std::optional<conf::ServiceKey> service;
};
struct ListReply {
  std::vector<lb::ServiceStatus> services;  // order of addition
  std::uint32_t table_size = 0;             // connection table buckets, for "(size=%d)"
};

// "connections": the table as it is now, at most `limit` entries from `cursor` on.
struct ConnectionsRequest {
  std::uint64_t cursor = 0;
  std::uint32_t limit = 10000;
};
struct ConnectionsReply {
  std::vector<lb::ConnectionStatus> connections;
  std::optional<std::uint64_t> next;  // cursor to go on from; none at the end
};

// "server": drain, enable or force the weight of a server of a named service (or of one
// named by its key's text), kept over reloads until enabled or expired.
struct ServerRequest {
  std::string service;  // name, or "TCP 192.0.2.10:80"
  std::string server;   // name, or "192.0.2.21:80"
  std::string action;   // "drain", "enable", "weight"
  std::optional<std::int32_t> weight;
  std::string author, reason;
  std::optional<std::uint64_t> seconds;  // how long the override holds; none: for good
};
struct ServerReply {
  lb::ServerStatus server;
};

// "status", "drops".
struct StatusRequest {};
struct StatusReply {
  lb::Status status;
};
struct DropsRequest {};
struct DropsReply {
  std::vector<lb::ReasonCount> reasons;
};

// "diff": what a reload of `path` (the daemon's own file when empty) would do; "reload": do
// it. Errors of the file come as one text, a line each, with file:line:column.
struct DiffRequest {
  std::string path;
};
struct DiffReply {
  std::vector<std::string> lines;
};
struct ReloadRequest {
  std::string path;
};
struct ReloadReply {
  std::vector<std::string> lines;
};  // what was done

// "timeouts": reads IPVS's three, in seconds; sets those given and not 0.
struct TimeoutsRequest {
  std::optional<std::uint32_t> tcp, tcp_fin, udp;
};
struct TimeoutsReply {
  std::uint32_t tcp = 900, tcp_fin = 120, udp = 300;
};

// "explain": what would become of a packet at this moment, and why; changes nothing.
struct ExplainRequest {
  net::Endpoint source, destination;
  conf::Protocol protocol = conf::Protocol::Tcp;
  bool later = false;         // TCP without SYN, SCTP without INIT
  std::uint32_t mark = 0;     // instead of what the mark rules give; 0: those
  std::string interface;      // it comes in by; empty: none that a mark rule names
  std::uint32_t length = 60;  // bytes of the IP packet
};
struct ExplainReply {
  lb::Explanation explanation;
};

// "trace": what becomes of packets, live. Behind the answer the connection carries TraceLines
// until the client closes it; it takes no other trace meanwhile.
struct TraceRequest {
  lb::TraceFilter filter;
};
struct TraceReply {};
// One line of such a stream: a packet, or how the trace fares: at the beginning, and at most
// once a second when that changed.
struct TraceLine {
  std::optional<lb::TraceEvent> packet;
  std::optional<lb::TraceCounts> counts;
};

// "sync": lists the synchronisation daemons after starting or stopping the one of that role.
// EEXIST, ESRCH, EINVAL as IPVS answers.
struct SyncRequest {
  std::string action = "list";  // "list", "start", "stop"
  std::string role;             // "master", "backup"
  conf::SyncDaemon daemon;      // to start
};
struct SyncReply {
  std::vector<lb::SyncStatus> daemons;  // master first
};

// "health": each check of each server of services that are checked.
struct HealthRequest {};
struct HealthReply {
  std::vector<lb::HealthReport> health;
};

using Request =
    std::variant<ChangeRequest, ListRequest, ConnectionsRequest, ServerRequest, StatusRequest, DropsRequest,
                 DiffRequest, ReloadRequest, TimeoutsRequest, TraceRequest, ExplainRequest, SyncRequest, HealthRequest>;
using Reply = std::variant<ChangeReply, ListReply, ConnectionsReply, ServerReply, StatusReply, DropsReply, DiffReply,
                           ReloadReply, TimeoutsReply, TraceReply, ExplainReply, SyncReply, HealthReply>;

// What an error's code is on the wire; EIO for what is no errno.
int errno_of(const std::error_code& code);

// Text to values and back, one line without its newline. Unknown ops and fields of the wrong
// type are errors (EINVAL) that name them; nothing throws.
std::string encode(const Request& request);
Result<Request> decode_request(std::string_view line);
std::string encode(const Result<Reply>& reply);
// The reply's type follows from the request it answers.
Result<Reply> decode_reply(const Request& request, std::string_view line);
std::string encode(const TraceLine& line);
Result<TraceLine> decode_trace_line(std::string_view line);

}  // namespace plenum::ctl
