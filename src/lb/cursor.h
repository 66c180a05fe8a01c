#pragma once
// Where round robin stands, carried over a change of a service's servers the way IPVS
// carries it (ip_vs_rr.c, ip_vs_wrr.c), so that the same commands and connections lead to
// the same choices. Pure; the words are those of struct pl_service in bpf/abi.h.

#include <cstdint>
#include <span>
#include <vector>

namespace plenum::lb {

// A server as schedulers see it. Lists stand in IPVS's order: newest first, weight 0 too.
struct Member {
  std::uint32_t server = 0;
  std::uint32_t weight = 0;
  bool operator==(const Member&) const = default;
};

// rr: the next search goes on behind the server chosen last or, if that went, behind the
// one before it.
std::uint64_t carry_rr(std::uint64_t cursor, std::span<const Member> before, std::span<const Member> after);

struct WrrState {
  std::uint64_t cursor = 0;  // threshold << 32 | index
  std::uint32_t max = 0;     // greatest weight - gcd + 1
  std::uint32_t gcd = 1;
};

// wrr: every single change starts the list anew and fits the threshold to the new weights.
// Several changes at once count as made one by one: servers that go, weights that change,
// servers that come (the oldest first).
WrrState carry_wrr(const WrrState& state, std::span<const Member> before, std::span<const Member> after);
// wrr after a change that left all weights as they were.
WrrState restart_wrr(const WrrState& state);
// As for a service whose scheduler was just set to wrr.
WrrState start_wrr(std::span<const Member> members);

}  // namespace plenum::lb
