#include "proto/dns.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "net/wire.h"

namespace plenum::proto {

namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kResponse = 0x8000, kAuthoritative = 0x0400, kTruncated = 0x0200, kRecursionDesired = 0x0100;
constexpr std::size_t kMostLabel = 63, kMostName = 255;

char lower(std::uint8_t c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

// RFC 1035 section 5.1.
void append_label(std::string& out, std::span<const std::uint8_t> label) {
  for (const auto byte : label) {
    if (byte == '.' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else if (byte > 0x20 && byte < 0x7f) {
      out += lower(byte);
    } else {
      out += '\\';
      out += static_cast<char>('0' + byte / 100);
      out += static_cast<char>('0' + byte / 10 % 10);
      out += static_cast<char>('0' + byte % 10);
    }
  }
}

// One byte of a label, an escape resolved. nullopt: a bad one.
std::optional<std::uint8_t> take_byte(std::string_view& text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  text.remove_prefix(1);
  if (first != '\\') return first;
  if (text.empty()) return std::nullopt;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!is_digit(text.front())) {
    const auto escaped = static_cast<std::uint8_t>(text.front());
    text.remove_prefix(1);
    return escaped;
  }
  if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
  const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  text.remove_prefix(3);
  if (value > 255) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

std::optional<std::vector<std::uint8_t>> name_to_wire(std::string_view text) {
  std::vector<std::uint8_t> out, label;
  if (text == ".") text = "";
  while (!text.empty()) {
    label.clear();
    while (!text.empty() && text.front() != '.') {
      const auto byte = take_byte(text);
      if (!byte) return std::nullopt;
      label.push_back(*byte);
    }
    if (label.empty() || label.size() > kMostLabel) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    if (!text.empty()) text.remove_prefix(1);
  }
  out.push_back(0);
  if (out.size() > kMostName) return std::nullopt;
  return out;
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message), rest_(message) {}

  net::WireReader& wire() { return rest_; }
  std::optional<DnsFault> name(std::string& out);

 private:
  std::span<const std::uint8_t> message_;
  net::WireReader rest_;
};

// A pointer may only lead to what stands before it, so a name has an end.
std::optional<DnsFault> Reader::name(std::string& out) {
  net::WireReader elsewhere({});
  auto* from = &rest_;
  std::size_t before = message_.size() - rest_.left();
  std::size_t length = 1;
  while (true) {
    const std::uint8_t first = from->u8();
    if (from->ran_short()) return DnsFault::Short;
    if (first == 0) break;
    if ((first & 0xc0) == 0xc0) {
      const std::size_t to = static_cast<std::size_t>(first & 0x3f) << 8 | from->u8();
      if (from->ran_short()) return DnsFault::Short;
      if (to >= before) return DnsFault::Name;
      before = to;
      elsewhere = net::WireReader(message_.subspan(to));
      from = &elsewhere;
      continue;
    }
    if ((first & 0xc0) != 0) return DnsFault::Name;
    const auto label = from->bytes(first);
    if (from->ran_short()) return DnsFault::Short;
    length += 1U + first;
    if (length > kMostName) return DnsFault::Name;
    if (!out.empty()) out += '.';
    append_label(out, label);
  }
  if (out.empty()) out = ".";
  return std::nullopt;
}

}  // namespace

std::optional<std::uint16_t> dns_type(std::string_view name) {
  struct Type {
    std::string_view name;
    std::uint16_t number;
  };
  constexpr std::array kTypes = {Type{"A", 1},   Type{"NS", 2},   Type{"CNAME", 5}, Type{"SOA", 6},  Type{"PTR", 12},
                                 Type{"MX", 15}, Type{"TXT", 16}, Type{"AAAA", 28}, Type{"SRV", 33}, Type{"ANY", 255}};
  for (const auto& type : kTypes) {
    if (std::equal(name.begin(), name.end(), type.name.begin(), type.name.end(),
                   [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; }))
      return type.number;
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> write_dns_query(std::uint16_t id, std::string_view name, std::uint16_t type) {
  const auto wire_name = name_to_wire(name);
  if (!wire_name) return std::nullopt;
  std::vector<std::uint8_t> out;
  net::WireWriter writer(out);
  writer.u16(id);
  writer.u16(kRecursionDesired);
  for (const std::uint16_t count : {1, 0, 0, 0}) writer.u16(count);
  writer.bytes(*wire_name);
  writer.u16(type);
  writer.u16(kClassIn);
  return out;
}

std::string_view dns_fault_text(DnsFault fault) {
  constexpr std::string_view kTexts[] = {"is cut short", "is no answer", "has a malformed name",
                                         "has several questions"};
  return kTexts[static_cast<int>(fault)];
}

std::string dns_rcode_text(std::uint8_t rcode) {
  constexpr const char* kNames[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                    "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
  return rcode < std::size(kNames) ? kNames[rcode] : "rcode " + std::to_string(rcode);
}

std::variant<DnsAnswer, DnsFault> read_dns_answer(std::span<const std::uint8_t> message) {
  Reader reader(message);
  auto& wire = reader.wire();
  DnsAnswer out;
  out.id = wire.u16();
  const std::uint16_t flags = wire.u16();
  const std::uint16_t questions = wire.u16(), answers = wire.u16();
  wire.bytes(4);  // authority, additional: not looked at
  if (wire.ran_short()) return DnsFault::Short;
  if ((flags & kResponse) == 0) return DnsFault::Question;
  out.rcode = flags & 0x0f;
  out.truncated = (flags & kTruncated) != 0;
  out.authoritative = (flags & kAuthoritative) != 0;
  if (questions > 1) return DnsFault::Counts;
  if (questions == 1) {
    DnsQuestion question;
    if (const auto fault = reader.name(question.name)) return *fault;
    question.type = wire.u16();
    wire.u16();
    if (wire.ran_short()) return DnsFault::Short;
    out.question = std::move(question);
  }
  for (unsigned i = 0; i < answers; ++i) {
    std::string owner;
    auto fault = reader.name(owner);
    const std::uint16_t type = wire.u16();
    wire.bytes(6);  // class, TTL
    wire.bytes(wire.u16());
    if (!fault && wire.ran_short()) fault = DnsFault::Short;
    if (fault == DnsFault::Short && out.truncated) break;
    if (fault) return *fault;
    out.types.push_back(type);
  }
  return out;
}

}  // namespace plenum::proto
