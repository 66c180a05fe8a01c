#pragma once
// The configuration's keys, one table: what reads and checks a file, what `plenum schema`
// prints and what documentation is made from. A new key is a row in schema.cc and the code
// in reader.cc that uses it.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "net/address.h"

namespace plenum::conf {

enum class Kind : std::uint8_t {
  Integer,    // min..max
  Count,      // min..max, with suffix k (1024) or M (1048576)
  Duration,   // min..max seconds: 90s, 10m, 1h, 2d, 0
  Interval,   // min..max milliseconds: 30ms, 1s, 5m, 0; what is timed finer than a duration
  Text,       // anything but nothing
  Name,       // letters, digits, . _ -; begins with a letter or digit; at most 63
  Interface,  // a network interface's name
  Choice,     // one of `choices`
  Address,    // 192.0.2.10, 2001:db8::10
  Prefix,     // an address with or without /length
  Flag,       // true or false
  Port,       // 1..65535, or any (0)
  Ports,      // 80, or 8000-8100
  Object,     // the keys of `shape`
  Map,        // names -> the keys of `shape`
  List,       // of `item`; of Object: of the keys of `shape`
  OneOrMore,  // one `item` as it is, or a list of them
  Command,    // a program with its arguments: "check --fast", [check, --fast], or the keys of `shape`, if any
  Later,      // known, and not supported by this version
};

struct Shape;

struct Key {
  std::string_view name{};
  Kind kind = Kind::Text;
  std::string_view doc{};  // one line
  bool required = false;
  std::int64_t min = 0, max = 0;
  std::vector<std::string_view> choices{};
  std::vector<std::string_view> later{};  // choices that are known and not supported yet
  // A scalar that may be another one on each node: a mapping of nodes' names to values (conf/node_value.h).
  bool per_node = false;
  std::string_view fallback{};  // what holds when the key is left out, as it would be written
  const Shape* shape = nullptr;
  Kind item = Kind::Text;
  std::string_view since = "0.1";  // version that brought the key; Later: what it is for instead
};

struct Shape {
  std::string_view noun;  // "service": how a message calls one; empty: not named
  std::string_view doc;
  std::vector<Key> keys;

  [[nodiscard]] const Key* find(std::string_view name) const;
};

// The whole file.
const Shape& file_shape();
const Shape& vip_shape();
const Shape& director_shape();
const Shape& tuning_shape();
const Shape& timeouts_shape();
const Shape& sync_shape();
const Shape& mark_shape();
const Shape& service_shape();
const Shape& listen_shape();
const Shape& persistence_shape();
const Shape& tunnel_shape();
const Shape& server_shape();
const Shape& check_shape();
const Shape& page_shape();
const Shape& tls_shape();
const Shape& sorry_shape();
const Shape& damping_shape();
const Shape& service_notify_shape();
const Shape& server_notify_shape();
const Shape& command_shape();

// Integer, Count, Duration, Interval, Flag and Port; Text, Name, Interface, Choice and Ports; Address; Prefix.
using Value = std::variant<std::int64_t, std::string, net::Address, net::Prefix>;

struct Mistake {
  std::string message;  // what follows the key's name: "must be 1..65535, not \"99999\""
  std::string hint;
};

// A scalar's text as the value its key wants; `kind` is the key's own, or its items'.
tl::expected<Value, Mistake> read_value(const Key& key, Kind kind, std::string_view text);

// JSON Schema (draft 2020-12) of the file, made from the table.
std::string json_schema();

}  // namespace plenum::conf
