#pragma once
// DNS messages (RFC 1035): one question to bytes, and what an answer says of itself. Any bytes may be read. Names are
// text as in zone files, without the last dot ("." is the root), in lower case.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plenum::proto {

// By name: A, AAAA, ANY, CNAME, MX, NS, PTR, SOA, SRV, TXT, in either case.
std::optional<std::uint16_t> dns_type(std::string_view name);

struct DnsQuestion {
  std::string name;
  std::uint16_t type = 0;
  bool operator==(const DnsQuestion&) const = default;
};

// Class IN, recursion desired. nullopt: `name` is none (a label of 0 or more than 63 bytes, 255 in all, a bad escape).
std::optional<std::vector<std::uint8_t>> write_dns_query(std::uint16_t id, std::string_view name, std::uint16_t type);

struct DnsAnswer {
  std::uint16_t id = 0;
  std::uint8_t rcode = 0;
  bool truncated = false, authoritative = false;
  std::optional<DnsQuestion> question;  // repeated by the server
  std::vector<std::uint16_t> types;     // of the records of its answer section
};

enum class DnsFault : std::uint8_t {
  Short,     // ends within what it says it has
  Question,  // is no answer
  Name,      // a label of a reserved kind, a name too long or without end
  Counts     // more than one question
};
std::string_view dns_fault_text(DnsFault fault);
// "NXDOMAIN", "rcode 17".
std::string dns_rcode_text(std::uint8_t rcode);

// A truncated one need not be whole.
std::variant<DnsAnswer, DnsFault> read_dns_answer(std::span<const std::uint8_t> message);

}  // namespace plenum::proto
