// The table of keys: health checks, and what follows from them.

#include "conf/schema.h"

namespace plenum::conf {

namespace {

constexpr std::int64_t kSecond = 1000, kHour = 3600 * kSecond, kDay = 24 * kHour;

}  // namespace

const Shape& command_shape() {
  static const Shape shape{
      "",
      "A program to be run.",
      {
          {.name = "run",
           .kind = Kind::Command,
           .doc = "The program and its arguments, in one text or as a list; no shell sees it.",
           .required = true},
          {.name = "user",
           .kind = Kind::Name,
           .doc = "Whom it runs as. Left out: plenum_script or keepalived_script where there is such a user, else "
                  "nobody."},
          {.name = "group", .kind = Kind::Name, .doc = "Left out: the user's."},
      }};
  return shape;
}

const Shape& check_shape() {
  static const Shape shape{
      "check",
      "How a server is asked whether it is well.",
      {
          {.name = "type",
           .kind = Kind::Choice,
           .doc = "What is asked: a connection (tcp), a page, an answer to some text (expect), a greeting, a name, a "
                  "datagram, an echo, a program, a number in a file, a BFD session.",
           .required = true,
           .choices = {"tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping", "script", "file", "bfd"}},
          {.name = "name", .kind = Kind::Name, .doc = "For listings. Left out: its type."},
          {.name = "interval",
           .kind = Kind::Interval,
           .doc = "From one probe's beginning to the next one's.",
           .min = 10,
           .max = kDay,
           .fallback = "3s"},
          {.name = "timeout",
           .kind = Kind::Interval,
           .doc = "How long a probe may take as a whole; each of several pages may.",
           .min = 10,
           .max = kHour,
           .fallback = "1s"},
          {.name = "interval_down",
           .kind = Kind::Interval,
           .doc = "The interval while the server is down. Left out: the same.",
           .min = 10,
           .max = kDay},
          {.name = "fall",
           .kind = Kind::Integer,
           .doc = "Failures in a row that make it down.",
           .min = 1,
           .max = 1000,
           .fallback = "3"},
          {.name = "rise",
           .kind = Kind::Integer,
           .doc = "Successes in a row that make it up.",
           .min = 1,
           .max = 1000,
           .fallback = "2"},
          {.name = "retry",
           .kind = Kind::Integer,
           .doc = "How often a probe that failed is made again before it counts.",
           .max = 1000,
           .fallback = "0"},
          {.name = "retry_delay",
           .kind = Kind::Interval,
           .doc = "Between two of these.",
           .max = kHour,
           .fallback = "1s"},
          {.name = "start_delay",
           .kind = Kind::Interval,
           .doc = "Before the first probe. Left out: a random part of the interval.",
           .max = kDay},
          {.name = "jitter",
           .kind = Kind::Integer,
           .doc = "Percent of the interval by which a probe may come earlier, so that many do not meet.",
           .max = 90,
           .fallback = "10"},
          {.name = "initial",
           .kind = Kind::Choice,
           .doc = "What a server is taken to be before its first probe.",
           .choices = {"up", "down"},
           .fallback = "up"},
          {.name = "log_all_failures",
           .kind = Kind::Flag,
           .doc = "Log each probe that fails, not only changes.",
           .fallback = "false"},
          {.name = "address", .kind = Kind::Address, .doc = "Whom to ask. Left out: the server's own address."},
          {.name = "port",
           .kind = Kind::Integer,
           .doc = "Port to ask. Left out: the server's own.",
           .min = 1,
           .max = 65535},
          {.name = "source", .kind = Kind::Address, .doc = "Address to ask from. Left out: as routes have it."},
          {.name = "mark",
           .kind = Kind::Integer,
           .doc = "Firewall mark of what is sent.",
           .max = 4294967295,
           .fallback = "0"},
          {.name = "interface", .kind = Kind::Interface, .doc = "The only way out for it."},
          {.name = "to_vip",
           .kind = Kind::Flag,
           .doc = "tcp: to the virtual address and port, by the way packets of clients take: finds a DR or TUN server "
                  "without its virtual address.",
           .fallback = "false"},
          {.name = "path", .kind = Kind::Text, .doc = "http, https: the page (\"/\" if left out). file: the file."},
          {.name = "pages",
           .kind = Kind::List,
           .doc = "http, https: several pages, asked for one after the other.",
           .shape = &page_shape(),
           .item = Kind::Object},
          {.name = "expect",
           .kind = Kind::OneOrMore,
           .doc = "http, https: the status, 200 or 200-399; left out: any 2xx. expect, udp: what the answer contains.",
           .item = Kind::Text},
          {.name = "text", .kind = Kind::Text, .doc = "http, https: what the body contains."},
          {.name = "regex", .kind = Kind::Text, .doc = "http, https: matches in the body. expect: in the answer."},
          {.name = "regex_negated",
           .kind = Kind::Flag,
           .doc = "http, https: the regex must not match.",
           .fallback = "false"},
          {.name = "regex_ignore_case",
           .kind = Kind::Flag,
           .doc = "http, https: capitals and small letters are the same to it.",
           .fallback = "false"},
          {.name = "digest",
           .kind = Kind::Text,
           .doc = "http, https: MD5 or SHA-256 of the whole body, in hex digits."},
          {.name = "host", .kind = Kind::Text, .doc = "http, https: the virtual host. Left out: the address."},
          {.name = "method",
           .kind = Kind::Choice,
           .doc = "http, https: the method.",
           .choices = {"GET", "HEAD", "OPTIONS"},
           .fallback = "GET"},
          {.name = "version",
           .kind = Kind::Choice,
           .doc = "http, https: version of the protocol.",
           .choices = {"1.0", "1.1"},
           .fallback = "1.1"},
          {.name = "headers",
           .kind = Kind::List,
           .doc = "http, https: further header lines, \"X-Check: plenum\".",
           .item = Kind::Text},
          {.name = "tls",
           .kind = Kind::Object,
           .doc = "https, expect, smtp: how TLS is spoken; {} for the defaults.",
           .shape = &tls_shape()},
          {.name = "send", .kind = Kind::Text, .doc = "expect, udp: what is sent."},
          {.name = "send_hex", .kind = Kind::Text, .doc = "expect, udp: the same as bytes, \"24 01 ff\"."},
          {.name = "expect_hex", .kind = Kind::Text, .doc = "expect, udp: what the answer contains, as bytes."},
          {.name = "begins_hex",
           .kind = Kind::Text,
           .doc = "udp: what the answer begins with, as far as it goes, as bytes; X for a digit that does not count, "
                  "\"24 XX\"."},
          {.name = "require_answer",
           .kind = Kind::Flag,
           .doc = "udp: silence is a failure, and not only \"port unreachable\". Left out: true where something is "
                  "said of "
                  "the answer."},
          {.name = "min_answer",
           .kind = Kind::Integer,
           .doc = "udp: least bytes of an answer.",
           .max = 65535,
           .fallback = "0"},
          {.name = "max_answer",
           .kind = Kind::Integer,
           .doc = "udp: most bytes of an answer.",
           .max = 65535,
           .fallback = "65535"},
          {.name = "helo", .kind = Kind::Text, .doc = "smtp: the name given with EHLO.", .fallback = "plenum.invalid"},
          {.name = "query", .kind = Kind::Text, .doc = "dns: the name asked for.", .fallback = "."},
          {.name = "record",
           .kind = Kind::Choice,
           .doc = "dns: the type of record.",
           .choices = {"A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"},
           .fallback = "SOA"},
          {.name = "over", .kind = Kind::Choice, .doc = "dns: protocol.", .choices = {"udp", "tcp"}, .fallback = "udp"},
          {.name = "size", .kind = Kind::Integer, .doc = "ping: bytes sent.", .max = 65000, .fallback = "32"},
          {.name = "run",
           .kind = Kind::Command,
           .doc = "script: the program; exit status 0 is well.",
           .shape = &command_shape()},
          {.name = "weighted",
           .kind = Kind::Flag,
           .doc = "script: exit status 2 to 255 is well, too, and less 2 the weight.",
           .fallback = "false"},
          {.name = "factor",
           .kind = Kind::Integer,
           .doc = "file: the number in it times this is added to the weight; 0: anything but 0 in it is a failure.",
           .min = -65535,
           .max = 65535,
           .fallback = "1"},
          {.name = "reverse",
           .kind = Kind::Flag,
           .doc = "file: the number counts with the other sign; with factor 0: 0 is the failure.",
           .fallback = "false"},
          {.name = "session", .kind = Kind::Text, .doc = "bfd: the session's name."},
      }};
  return shape;
}

const Shape& page_shape() {
  static const Shape shape{
      "page",
      "One page and what makes it good.",
      {
          {.name = "path", .kind = Kind::Text, .doc = "The page.", .fallback = "/"},
          {.name = "host", .kind = Kind::Text, .doc = "Virtual host of this page alone."},
          {.name = "expect",
           .kind = Kind::OneOrMore,
           .doc = "The status, 200 or 200-399; left out: any 2xx.",
           .item = Kind::Text},
          {.name = "text", .kind = Kind::Text, .doc = "What the body contains."},
          {.name = "regex", .kind = Kind::Text, .doc = "Matches in the body."},
          {.name = "regex_negated", .kind = Kind::Flag, .doc = "The regex must not match.", .fallback = "false"},
          {.name = "regex_ignore_case",
           .kind = Kind::Flag,
           .doc = "Capitals and small letters are the same to it.",
           .fallback = "false"},
          {.name = "digest", .kind = Kind::Text, .doc = "MD5 or SHA-256 of the whole body, in hex digits."},
      }};
  return shape;
}

const Shape& tls_shape() {
  static const Shape shape{
      "tls",
      "How TLS is spoken with what is checked.",
      {
          {.name = "server_name", .kind = Kind::Text, .doc = "Name asked for (SNI). Left out: the virtual host."},
          {.name = "send_server_name", .kind = Kind::Flag, .doc = "Whether one is asked for.", .fallback = "true"},
          {.name = "verify",
           .kind = Kind::Flag,
           .doc = "The certificate must be good and of that name.",
           .fallback = "false"},
          {.name = "ca", .kind = Kind::Text, .doc = "File of authorities to trust. Left out: the system's."},
          {.name = "certificate", .kind = Kind::Text, .doc = "File of a certificate to show."},
          {.name = "key", .kind = Kind::Text, .doc = "File of its key."},
      }};
  return shape;
}

const Shape& sorry_shape() {
  static const Shape shape{"sorry",
                           "A server that takes everything while the service is below its quorum.",
                           {
                               {.name = "address", .kind = Kind::Address, .doc = "Its address.", .required = true},
                               {.name = "port",
                                .kind = Kind::Integer,
                                .doc = "Left out: the port of listen. Another one only with forward: nat.",
                                .min = 1,
                                .max = 65535},
                               {.name = "forward",
                                .kind = Kind::Choice,
                                .doc = "Left out: the service's.",
                                .choices = {"dr", "nat", "tun"},
                                .later = {"fullnat"}},
                               {.name = "inhibit",
                                .kind = Kind::Flag,
                                .doc = "It stays, with weight 0, while the service has its quorum.",
                                .fallback = "false"},
                           }};
  return shape;
}

const Shape& damping_shape() {
  static const Shape shape{
      "damping",
      "A server that goes down over and over is kept down: each fall is a point, points halve with time.",
      {
          {.name = "enabled", .kind = Kind::Flag, .doc = "Whether it is done at all.", .fallback = "true"},
          {.name = "suppress",
           .kind = Kind::Integer,
           .doc = "Points from which on it is kept down.",
           .min = 2,
           .max = 1000,
           .fallback = "4"},
          {.name = "reuse",
           .kind = Kind::Integer,
           .doc = "Points below which it may come back.",
           .min = 1,
           .max = 999,
           .fallback = "1"},
          {.name = "half_life",
           .kind = Kind::Interval,
           .doc = "How long points take to halve.",
           .min = 100,
           .max = kDay,
           .fallback = "2m"},
          {.name = "longest",
           .kind = Kind::Interval,
           .doc = "How long it is kept down at most at a stretch.",
           .min = 100,
           .max = kDay,
           .fallback = "10m"},
      }};
  return shape;
}

const Shape& server_notify_shape() {
  static const Shape shape{
      "notify",
      "What is run when a server goes down or comes back.",
      {
          {.name = "up", .kind = Kind::Command, .doc = "When it has come back.", .shape = &command_shape()},
          {.name = "down", .kind = Kind::Command, .doc = "When it has gone down.", .shape = &command_shape()},
      }};
  return shape;
}

const Shape& service_notify_shape() {
  static const Shape shape{
      "notify",
      "What is run when servers or the service go down or come back.",
      {
          {.name = "up", .kind = Kind::Command, .doc = "When a server has come back.", .shape = &command_shape()},
          {.name = "down", .kind = Kind::Command, .doc = "When a server has gone down.", .shape = &command_shape()},
          {.name = "quorum_up",
           .kind = Kind::Command,
           .doc = "When the service has reached its quorum.",
           .shape = &command_shape()},
          {.name = "quorum_down", .kind = Kind::Command, .doc = "When it has lost it.", .shape = &command_shape()},
          {.name = "at_end",
           .kind = Kind::Flag,
           .doc = "When plenum-lbd ends, down and quorum_down are run for all that is up.",
           .fallback = "false"},
      }};
  return shape;
}

}  // namespace plenum::conf
