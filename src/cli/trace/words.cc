#include "cli/trace/words.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "lb/trace/reasons.h"

namespace plenum::cli {

namespace {

std::string once(const char* what) { return std::string("only one ") + what + " can be given"; }

std::string set_port(lb::TraceFilter& filter, std::uint16_t port) {
  if (port == 0) return "a port is 1 to 65535";
  if (filter.port != 0) return once("port");
  filter.port = port;
  return "";
}

std::string set_address(lb::TraceFilter& filter, const net::Prefix& prefix) {
  if (filter.address) return once("address") + "; --source and --destination name both ends";
  filter.address = prefix;
  return "";
}

std::string hint(const std::string& word) {
  std::vector<std::string_view> known{"tcp", "udp", "sctp", "icmp", "icmpv6"};
  for (const auto& reason : lb::reason_names()) {
    known.push_back(reason.name);
    known.push_back(reason.kind);
  }
  const auto near = nearest(word, known);
  return "no address, :port, protocol or verdict: " + word +
         (near.empty() ? "" : "; did you mean " + std::string(near) + "?");
}

}  // namespace

std::string read_prefix(const std::string& text, std::optional<net::Prefix>& out) {
  out = net::Prefix::parse(text);
  return out ? "" : "no address or prefix: " + text;
}

std::string add_trace_word(lb::TraceFilter& filter, const std::string& word) {
  if (word.starts_with(":")) {
    const auto port = parse_number<std::uint16_t>(std::string_view(word).substr(1));
    // "::1" is an address.
    if (port || !net::Prefix::parse(word)) return set_port(filter, port.value_or(0));
  }
  if (const auto prefix = net::Prefix::parse(word)) return set_address(filter, *prefix);
  if (const auto endpoint = net::Endpoint::parse(word)) {
    const auto wrong = set_address(filter, *net::Prefix::parse(endpoint->address.text()));
    return wrong.empty() ? set_port(filter, endpoint->port) : wrong;
  }
  // "sctp" is a protocol, "nat" a verdict: no word is both.
  if (lb::is_verdict(word)) {
    filter.verdicts.push_back(word);
    return "";
  }
  if (parse_number<std::uint64_t>(word)) return "a port is written :" + word + ", a protocol by its name";
  if (lb::ip_protocol(word)) {
    if (!filter.protocol.empty()) return once("protocol");
    filter.protocol = word;
    return "";
  }
  return hint(word);
}

}  // namespace plenum::cli
