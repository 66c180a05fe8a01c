#pragma once
// A decision in words: what the control socket carries and people read. Pure.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lb/explain/decision.h"

namespace plenum::lb {

struct ExplainedServer {
  std::string server;  // "192.0.2.11:80"
  std::uint32_t weight = 0, active = 0, inactive = 0;
  bool overloaded = false;
  std::string load;  // what it is chosen by: "512/3"; its slots where those are hashed to; may be empty
  bool chosen = false;
  std::string note;  // why not, or how probable it is; may be empty
  bool operator==(const ExplainedServer&) const = default;
};

struct Explanation {
  std::string connection;   // "ESTABLISHED on 192.0.2.11:80, ends in 899 s without a packet"; empty: none
  std::string service;      // "TCP 192.0.2.10:80"; empty: none, or not asked for
  std::string found_by;     // "its address and port"
  std::string note;         // what else decided: that each packet is scheduled alone; may be empty
  std::string persistence;  // the client's template, or that there is none; empty: the service is not persistent
  std::string rule, why;    // the scheduler's, where it was asked
  std::vector<ExplainedServer> candidates;  // in the order it looks
  std::string server;                       // "192.0.2.11:80"; empty: none, or not to be foretold
  std::string forward;                      // "dr", "tun gue:6080 from 192.0.2.2"
  std::string next_hop;                     // "02:00:00:00:00:11 on eth1"
  std::optional<std::uint32_t> mtu;         // bytes a packet may have
  std::string verdict, kind, text;          // PL_REASONS
  bool operator==(const Explanation&) const = default;
};

struct ExplainNames {
  std::function<std::string(std::uint32_t ifindex)> interface;
  // Why a server's address has no next hop at the moment.
  std::function<std::string(const net::Address&)> unreachable;
  bool nftables_marks = false;  // what goes up the stack may be marked there, and come back
};

Explanation explain(const PlaneView& view, const Probe& probe, std::uint32_t now, const ExplainNames& names);

}  // namespace plenum::lb
