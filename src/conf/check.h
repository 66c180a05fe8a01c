#pragma once
// Health checks as values: how a server (or anything with an address) is asked whether it is well, and what
// follows. What the YAML file, keepalived.conf and lvs.cf all read into. Used for the director, the proxy and
// DNS alike; knows nothing of what runs.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "conf/command.h"
#include "conf/l4.h"
#include "net/address.h"

namespace plenum::conf {

// The connection succeeds.
struct TcpProbe {
  // To the virtual address and port, by the way packets of clients go to this server (its link-layer address, its
  // tunnel), up to the SYN/ACK: catches a server that has not got the virtual address. TCP services of DR and TUN.
  bool to_vip = false;
  bool operator==(const TcpProbe&) const = default;
};

struct TlsOptions {
  std::string server_name;  // SNI; empty: the virtual host's name, if it is one
  bool send_server_name = true;
  bool verify = false;                     // the chain and the name; keepalived never does
  std::string ca_file;                     // empty: the system's
  std::string certificate_file, key_file;  // ours; empty: none
  bool operator==(const TlsOptions&) const = default;
};

struct StatusRange {
  std::uint16_t from = 200, to = 200;
  bool operator==(const StatusRange&) const = default;
};

inline constexpr std::size_t kMostSearched = std::size_t{256} << 10;

// One request. All that is given must hold; text and regex are looked for in a body's first kMostSearched bytes.
struct HttpPage {
  std::string path = "/", host;       // host: of this page alone; empty: the probe's
  std::vector<StatusRange> statuses;  // empty: 200..299 of http, 200 of keepalived's where a digest is not given
  std::string text;                   // contained in the body
  std::string regex;                  // matches in the body (ECMAScript with PCRE's usual escapes)
  bool regex_negated = false, regex_ignore_case = false;
  std::string digest;  // of the whole body: 32 hex digits MD5, 64 SHA-256
  bool operator==(const HttpPage&) const = default;
};

enum class HttpVersion : std::uint8_t { Http10, Http11 };

struct HttpProbe {
  std::optional<TlsOptions> tls;     // https
  std::vector<HttpPage> pages;       // in order, each over a connection of its own; none: "/"
  std::string method = "GET", host;  // host: empty: the address
  HttpVersion version = HttpVersion::Http11;
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const HttpProbe&) const = default;
};

// Send, expect, over TCP: Piranha's and ldirectord's.
struct ExpectProbe {
  std::optional<TlsOptions> tls;
  std::string send;    // bytes, escapes already understood; empty: only listens
  std::string expect;  // contained in the answer; empty: the connection succeeds and takes what is sent
  bool regex = false;  // expect is one
  bool operator==(const ExpectProbe&) const = default;
};

struct SmtpProbe {
  std::string helo = "plenum.invalid";  // EHLO's argument
  std::optional<TlsOptions> tls;        // from the start (465)
  bool operator==(const SmtpProbe&) const = default;
};

struct DnsProbe {
  std::string name = ".", type = "SOA";  // A, AAAA, ANY, CNAME, MX, NS, PTR, SOA, TXT, SRV
  bool tcp = false;
  bool operator==(const DnsProbe&) const = default;
};

// An answer, or no "port unreachable" within the timeout where none is asked for.
struct UdpProbe {
  std::string payload;  // bytes to send; empty: an empty datagram
  bool require_answer = false;
  std::string expect;  // contained in the answer, which is then required
  // What the answer begins with, as far as it goes (keepalived's require_reply). Of each byte the bits count that
  // `prefix_mask` has; empty: all, else as long as `prefix`.
  std::string prefix, prefix_mask;
  std::uint16_t min_answer = 0, max_answer = 65535;  // its bytes
  bool operator==(const UdpProbe&) const = default;
};

struct PingProbe {
  std::uint16_t payload = 32;  // bytes
  bool operator==(const PingProbe&) const = default;
};

// Exit status 0 is well; with `weighted` 2 to 255 are, too, and set the weight to status - 2 (keepalived's
// misc_dynamic).
struct ScriptProbe {
  Command command;
  bool weighted = false;
  bool operator==(const ScriptProbe&) const = default;
};

// A number in a file: times `factor` it is added to the weight (keepalived's FILE_CHECK); factor 0: anything but
// 0 is a failure. A missing file counts as 0.
struct FileProbe {
  std::string path;
  std::int32_t factor = 1;
  bool reverse = false;
  bool operator==(const FileProbe&) const = default;
};

// A BFD session of Vrrp::bfd.
struct BfdProbe {
  std::string session;
  bool operator==(const BfdProbe&) const = default;
};

using Probe = std::variant<TcpProbe, HttpProbe, ExpectProbe, SmtpProbe, DnsProbe, UdpProbe, PingProbe, ScriptProbe,
                           FileProbe, BfdProbe>;

// "tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping", "script", "file", "bfd".
const char* name_of(const Probe& probe);

// Whether it asks at a port.
bool needs_port(const Probe& probe);

struct Check {
  Probe probe;
  std::string name;  // for listings; empty: the probe's
  // Whom to ask. Left out: the server's own address and port. A port of 0 (a service for every port) needs one here.
  std::optional<net::Address> address;
  std::uint16_t port = 0;
  std::optional<net::Endpoint> source;  // port 0: any
  std::uint32_t mark = 0;               // SO_MARK of what is sent
  std::string interface;                // SO_BINDTODEVICE

  Duration interval = std::chrono::seconds(3);  // from one probe's beginning to the next's
  Duration timeout = std::chrono::seconds(1);   // of a whole probe; of each of several pages
  std::optional<Duration> interval_down;        // while down; none: the same
  std::uint32_t fall = 3, rise = 2;             // results in a row
  // Failures within one probe: asked again `retry` times, `retry_delay` apart, before it counts as failed.
  std::uint32_t retry = 0;
  Duration retry_delay = std::chrono::seconds(1);
  std::optional<Duration> start_delay;  // before the first probe; none: a random part of the interval
  double jitter = 0.1;                  // part of the interval by which each may come earlier
  bool initially_down = false;          // alpha
  bool log_all_failures = false;
  bool operator==(const Check&) const = default;
};

// How listings call it: its name, or its probe's.
std::string called(const Check& check);
// "tcp every 3s, timeout 1s, fall 3, rise 2".
std::string describe(const Check& check);
// "3s", "500ms", "0".
std::string interval_text(Duration time);

// What becomes of a server whose check failed.
enum class OnFailure : std::uint8_t {
  Remove,  // as `ipvsadm -d` does: gets no packet more; what connections it has come back with it
  Drain,   // takes no new connection; those it has go on until they end, for the service's drain time at most
  Inhibit  // weight 0, which keeps connections and persistent clients (inhibit_on_failure)
};

const char* name_of(OnFailure effect);  // "remove", "drain", "inhibit": the file's words

struct ServerHealth {
  std::vector<Check> checks;  // instead of the service's where there are any
  std::optional<OnFailure> on_failure;
  Command notify_up, notify_down;
  bool operator==(const ServerHealth&) const = default;
};

// A target that goes down over and over is kept down until it has rested (as RFC 2439 does with routes). Each fall
// adds a point, which is halved every `half_life`; from `suppress` points on it is damped, below `reuse` no more.
struct Damping {
  bool enabled = true;
  Duration half_life = std::chrono::minutes(2);
  Duration longest = std::chrono::minutes(10);  // never damped for longer at a stretch
  double suppress = 4, reuse = 1;               // 0 < reuse < suppress
  bool operator==(const Damping&) const = default;
};

// What a service makes of its servers' checks. Apart from conf::Service: it changes what is in force, never what is
// wanted.
struct ServiceHealth {
  ServiceKey service;
  // Services of one group are one thing at several addresses: what they ask alike is asked once, and what happens to
  // them together is told once. Empty: so are the services of one name.
  std::string group;
  std::vector<Check> checks;  // of every server without its own
  OnFailure on_failure = OnFailure::Remove;
  Duration slow_start{};  // from 1 to its weight over this long when it comes back; 0: at once
  // The weight of servers that are well at which the service is; it is up from quorum + hysteresis on and down below
  // quorum - hysteresis.
  std::uint32_t quorum = 1, hysteresis = 0;
  Command quorum_up, quorum_down;
  bool omega = false;  // at the daemon's end notifications of everything going down are sent
  Damping damping;
  Command notify_up, notify_down;  // of every server without its own
  // Takes everything while the service is below its quorum, and the others nothing.
  std::optional<Server> sorry;
  bool sorry_inhibit = false;                               // it stays at weight 0 otherwise (sorry_server_inhibit)
  std::vector<std::pair<ServerKey, ServerHealth>> servers;  // those of which something is said
  bool operator==(const ServiceHealth&) const = default;
};

// Whether anything is said at all.
bool is_checked(const ServiceHealth& health);

}  // namespace plenum::conf
