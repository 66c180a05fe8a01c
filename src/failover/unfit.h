#pragma once
// Advertisements of a virtual router's number that it does not take: why not, and what people are told of it. Whose
// advertisements are refused is not heard at all, and so both are master.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "conf/vrrp.h"
#include "failover/board.h"
#include "failover/shape.h"
#include "net/address.h"
#include "proto/vrrp.h"

namespace plenum::failover {

enum class Unfit : std::uint8_t {
  None,
  Version,
  NotToGroup,  // to this host alone, and the router has no peers
  ToGroup,     // the other way round
  Stranger,    // of none of the peers
  Ttl,
  OtherPassword,
  NoPassword,
  APassword,  // where none is used
  Interval,   // version 2
  Addresses,
  OwnSource
};

// One kind of them from one source. `theirs`: the version or TTL that it has.
struct UnfitAdverts {
  net::Address source;
  Unfit why = Unfit::None;
  std::uint8_t theirs = 0;
  Duration interval{};
  std::uint64_t count = 0;
  TimePoint heard{};  // the last one
};

// So many kinds and sources are kept in mind of each router, and each until it was quiet for so long: whoever forges
// sources fills that, and no more.
inline constexpr std::size_t kUnfitKinds = 4;
inline constexpr Duration kUnfitQuiet = std::chrono::minutes(5);

// Whether the router takes what came with this source, destination and TTL.
Unfit unfit_for(const Shape& shape, const proto::VrrpRead& read, const net::Address& source,
                const net::Address& destination, std::uint8_t ttl);
// As what it is counted.
Count unfit_count(Unfit why);

// What main was told of a router's, and is to be told: of each kind and source at most once a second.
class UnfitLedger {
 public:
  struct Entry {
    UnfitAdverts adverts;  // that main was not told of
    TimePoint due{};       // when it may be again
  };
  // What is to be told now; nullptr: nothing yet, or there is no room for it.
  Entry* add(const UnfitAdverts& one);
  static void told(Entry& entry);

 private:
  std::array<Entry, kUnfitKinds> entries_;
};

// What is wrong, and what an operator does about it.
std::string unfit_text(const UnfitAdverts& adverts, const conf::VirtualRouter& conf);
std::string unfit_mend(Unfit why);

}  // namespace plenum::failover
