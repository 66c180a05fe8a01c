#pragma once
// The data plane's maps as somebody sees them who only reads: what explanations are made
// from. The memory is shared with the packets, so that each word is of its own moment.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "bpf/abi.h"
#include "net/address.h"

namespace plenum::lb {

struct PlaneView {
  const pl_settings* settings = nullptr;
  std::span<const pl_service> services;
  std::span<const pl_row> members;
  std::span<const pl_hash_slots> slots;
  std::span<const pl_server> servers;
  std::span<const pl_load> loads;
  std::span<const pl_next_hop> next_hops;
  std::span<const std::uint64_t> nat_filter;
  std::span<const pl_bucket> buckets;
  std::span<const pl_mark_rule> marks;
  const pl_frame_keeper* frame_keeper = nullptr;
  // Index of the service with this key; 0: none.
  std::function<std::uint32_t(const pl_service_key&)> service;
  // Index of a NAT server with this address, port and protocol, while nat_icmp_send is on; 0: none.
  std::function<std::uint32_t(const pl_service_key&)> real;
  // Where lblc and lblcr sent a destination lately.
  std::function<std::optional<pl_locality>(const pl_locality_key&)> locality;
};

// The packet that is asked about. It is taken to be addressed to the director's own MAC.
struct Probe {
  net::Endpoint source, destination;
  std::uint8_t protocol = 6;       // TCP, UDP or SCTP
  bool first = true;               // TCP: it has a SYN; SCTP: it begins with INIT
  std::uint32_t mark = 0;          // taken as given; 0: what the rules say
  std::uint32_t ifindex = 0;       // it comes in by; 0: none that a rule names
  std::uint32_t length = 60;       // bytes of the IP packet
  bool may_be_fragmented = false;  // IPv4 without DF
  std::uint8_t ttl = 64;
};

// An entry of the connection table and where it stands.
struct FoundEntry {
  std::uint32_t bucket = 0, slot = 0;
  std::uint64_t word = 0;
  pl_conn conn{};
  [[nodiscard]] std::uint32_t state() const {
    return static_cast<std::uint32_t>((word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT);
  }
  // Ticks; below 0 when its time is over.
  [[nodiscard]] std::int32_t left(std::uint32_t now) const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(word) - now);
  }
};

// What an entry is looked for by (bpf/connection.h: struct conn_key).
struct EntryKey {
  pl_addr client{};
  pl_addr other{};                                // the virtual address; of an answer the server's
  std::uint16_t client_port = 0, other_port = 0;  // network order
  std::uint8_t protocol = 0, family = 4;
  bool answer = false;       // from a NAT server to its client
  bool is_template = false;  // of persistence; known by its key alone, never by a Call-ID
  // Of templates: those that packets find no more, since their time is over or their server went.
  bool ended = false;
  // Of templates: PL_PLACE of the one that has just lost a connection; 0: none.
  std::uint32_t released = 0;
};

std::optional<FoundEntry> find_entry(const PlaneView& view, const EntryKey& key, std::uint32_t now);
// The entry's server when it is still there, else 0.
std::uint32_t server_of(const PlaneView& view, const FoundEntry& entry);
// Whether an address may be a NAT server's.
bool may_be_nat_server(const PlaneView& view, const pl_addr& address);

}  // namespace plenum::lb
