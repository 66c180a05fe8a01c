#include "traffic.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "base/text.h"

namespace plenum::compat {

namespace {

std::vector<std::string> fields(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

conf::Protocol protocol(std::string_view title) {
  return title == "TCP" ? conf::Protocol::Tcp : title == "UDP" ? conf::Protocol::Udp : conf::Protocol::Sctp;
}

std::optional<conf::ServiceKey> service_key(const std::vector<std::string>& words) {
  if (words.size() < 2) return std::nullopt;
  if (words[0] == "FWM") {
    const bool v6 = words.size() > 2 && words[2] == "IPv6";
    return conf::ServiceKey{.fwmark = *parse_number<std::uint32_t>(words[1]),
                            .family = v6 ? net::Family::V6 : net::Family::V4};
  }
  if (words[0] != "TCP" && words[0] != "UDP" && words[0] != "SCTP") return std::nullopt;
  const auto endpoint = net::Endpoint::parse(words[1]);
  if (!endpoint) return std::nullopt;
  return conf::ServiceKey{.family = endpoint->address.family(),
                          .protocol = protocol(words[0]),
                          .address = endpoint->address,
                          .port = endpoint->port};
}

// The last `count` words as numbers.
std::vector<std::uint64_t> numbers(const std::vector<std::string>& words, std::size_t count) {
  std::vector<std::uint64_t> values;
  for (std::size_t i = words.size() - count; i < words.size(); ++i)
    values.push_back(parse_number<std::uint64_t>(words[i]).value_or(~std::uint64_t{0}));
  return values;
}

void give(Counts& counts, const std::vector<std::string>& words, Columns columns) {
  if (columns == Columns::Connections || columns == Columns::Persistent) {
    const auto values = numbers(words, 3);
    if (columns == Columns::Persistent) counts.persistent = static_cast<std::uint32_t>(values[0]);
    counts.active = static_cast<std::uint32_t>(values[1]);
    counts.inactive = static_cast<std::uint32_t>(values[2]);
    return;
  }
  const auto v = numbers(words, 5);
  if (columns == Columns::Counters) counts.counters = {v[0], v[1], v[2], v[3], v[4]};
  if (columns == Columns::Rates) counts.rates = {v[0], v[1], v[2], v[3], v[4]};
}

net::Address proc_address(const std::string& text) {
  if (const auto v6 = net::Address::parse(text)) return *v6;
  return net::Address::v4(static_cast<std::uint32_t>(std::stoul(text, nullptr, 16)));
}

net::Endpoint proc_endpoint(const std::string& address, const std::string& port) {
  return {proc_address(address), static_cast<std::uint16_t>(std::stoul(port, nullptr, 16))};
}

}  // namespace

void give_counts(Director& director, const std::string& listing, Columns columns) {
  std::istringstream in(listing);
  std::optional<conf::ServiceKey> service;
  int given = 0;
  for (std::string line; std::getline(in, line);) {
    const auto words = fields(line);
    if (const auto key = service_key(words)) {
      service = key;
      if (columns == Columns::Counters || columns == Columns::Rates)
        give(director.counts({*service, std::nullopt}), words, columns);
    } else if (service && words.size() > 2 && words[0] == "->") {
      const auto server = net::Endpoint::parse(words[1]);
      ASSERT_TRUE(server) << line;
      give(director.counts({*service, conf::ServerKey{server->address, server->port}}), words, columns);
      ++given;
    }
  }
  EXPECT_GT(given, 0);
}

std::vector<lb::ConnectionStatus> proc_connections(const std::string& text) {
  std::vector<lb::ConnectionStatus> connections;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto words = fields(line);
    if (words.size() < 9 || words[0] == "Pro") continue;
    connections.push_back({.protocol = protocol(words[0]),
                           .client = proc_endpoint(words[1], words[2]),
                           .virtual_ = proc_endpoint(words[3], words[4]),
                           .server = proc_endpoint(words[5], words[6]),
                           .state = words[7],
                           .expires_in = *parse_number<std::uint32_t>(words[8])});
  }
  return connections;
}

std::vector<lb::ConnectionStatus> listed_connections(const std::string& text) {
  std::vector<lb::ConnectionStatus> connections;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto words = fields(line);
    const bool engine = words.size() == 8;
    if ((words.size() != 6 && !engine) || words[0] == "pro") continue;
    const auto expire = split(words[1], ':');
    connections.push_back(
        {.protocol = protocol(words[0]),
         .client = *net::Endpoint::parse(words[3]),
         .virtual_ = *net::Endpoint::parse(words[4]),
         .server = *net::Endpoint::parse(words[5]),
         .state = words[2],
         .expires_in = *parse_number<std::uint32_t>(expire[0]) * 60 + *parse_number<std::uint32_t>(expire[1]),
         .engine = engine ? words[6] : "",
         .engine_data = engine ? words[7] : ""});
  }
  return connections;
}

}  // namespace plenum::compat
