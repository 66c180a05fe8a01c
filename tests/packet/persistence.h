#pragma once
// A persistent service of three NAT servers, for the tests of persistence: clients that open
// connections by the dozen, and the templates these leave behind.

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/packet/world.h"

namespace plenum::packet {

class PersistenceWorld : public World {
 protected:
  static constexpr double kPersist = 60;

  // The service as given, with servers 1, 2, 3 added in that order.
  void begin(Service service, std::uint16_t server_port = 0, pl_forward forward = PL_FWD_MASQ) {
    family_ = service.address.family();
    vip_ = service.address;
    protocol_ = service.protocol;
    const std::uint32_t way = hop({.source = addresses(family_).director});
    service_ = director().add(service);
    for (int i = 1; i <= 3; ++i) {
      servers_[i] = director().add(
          service_, Server{.address = server(i), .port = server_port, .forward = forward, .next_hop = way});
    }
  }
  static Service persistent(net::Family family, std::uint16_t port = kVport) {
    return {.address = addresses(family).vip, .port = port, .persist = kPersist};
  }
  [[nodiscard]] net::Address server(int n) const {
    return ip(((family_ == net::Family::V4 ? "10.0.2.1" : "fd02::1") + std::to_string(n)).c_str());
  }

  // The first packet of a connection of this client.
  Frame opening(const net::Address& client, std::uint16_t port, std::uint16_t vport) {
    Frame f = first(family_, protocol_, port);
    f.from = client;
    f.to = vip_;
    f.dport = vport;
    return f;
  }
  // The number of the server a new connection is given; 0: none.
  int open(const net::Address& client, std::uint16_t port, std::uint16_t vport = kVport) {
    last_ = director().run(opening(client, port, vport));
    for (const Entry& e : connections())
      if (e.conn.client_port == __builtin_bswap16(port) && e.conn.client == to_abi(client).w[3])
        return number(e.conn.server);
    return 0;
  }
  [[nodiscard]] int number(std::uint32_t index) const {
    for (int i = 1; i <= 3; ++i)
      if (servers_[i] == index) return i;
    return 0;
  }
  // So many connections from consecutive ports of clients taken in turns, as text: "3 2 1".
  std::string sequence(const std::vector<std::string>& clients, int n, std::uint16_t vport = kVport) {
    std::string text;
    for (int i = 0; i < n; ++i) {
      const auto client = ip(clients[static_cast<std::size_t>(i) % clients.size()].c_str());
      text += (i ? " " : "") + std::to_string(open(client, next_port_++, vport));
    }
    return text;
  }
  // "10.0.1.50", "10.0.1.51" ...: so many addresses.
  static std::vector<std::string> clients(const std::string& prefix, int from, int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(from + i));
    return out;
  }

  static bool is_template(const Entry& e) { return e.word & PL_WORD_TEMPLATE; }
  std::vector<Entry> connections() {
    auto all = director().entries();
    std::erase_if(all, is_template);
    return all;
  }
  // Valid ones.
  std::vector<Entry> templates() {
    auto all = director().entries();
    std::erase_if(all, [](const Entry& e) { return !is_template(e) || (e.state() & PL_TEMPLATE_INVALID); });
    return all;
  }
  std::vector<Entry> invalid_templates() {
    auto all = director().entries();
    std::erase_if(all, [](const Entry& e) { return !is_template(e) || !(e.state() & PL_TEMPLATE_INVALID); });
    return all;
  }
  // The only one.
  Entry only_template() {
    const auto all = templates();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Entry{} : all.front();
  }

  Outcome last_;
  std::uint32_t servers_[4] = {};
  net::Family family_ = net::Family::V4;
  net::Address vip_;
  std::uint8_t protocol_ = kTcp;
  std::uint16_t next_port_ = 40000;
};

}  // namespace plenum::packet
