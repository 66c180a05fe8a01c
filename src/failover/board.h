#pragma once
// What is known of a virtual router or a BFD session by all threads at once, without a lock: the pacer
// writes it, the hands act on a part of it, and main reads the counters.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace plenum::failover {

// What the pacer counts of each virtual router; RFC 8347 has most of them, under the names of kCountNames.
enum class Count : std::uint8_t {
  MasterTransitions,
  AdvertsSent,
  AdvertsReceived,  // valid ones
  ResignsSent,      // of priority 0
  ResignsReceived,
  IntervalErrors,        // version 2: another interval than ours
  TtlErrors,             // came from beyond the link
  AddressListErrors,     // not the addresses we have, where that is checked
  VersionErrors,         // of our number, in another version
  AuthenticationErrors,  // no password, a wrong one, or one where none is used
  SourceErrors,          // from nobody whom we know; sent to the wrong kind of address; from our own address
  LowerPriority,         // a master heard a lesser one
  SendErrors,
  Size_
};
inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::Size_);
inline constexpr std::array<std::string_view, kCounts> kCountNames{"master_transitions",
                                                                   "adverts_sent",
                                                                   "adverts_received",
                                                                   "priority_zero_sent",
                                                                   "priority_zero_received",
                                                                   "interval_errors",
                                                                   "ttl_errors",
                                                                   "address_list_errors",
                                                                   "version_errors",
                                                                   "authentication_errors",
                                                                   "source_errors",
                                                                   "lower_priority_received",
                                                                   "send_errors"};

// And of packets of protocol 112 that belong to no virtual router of ours, and of the pacer's own times.
enum class HostCount : std::uint8_t {
  LengthErrors,
  VersionErrors,
  TypeErrors,
  ChecksumErrors,
  VridErrors,  // of a number that nobody has here
  AddressErrors,
  IntervalErrors,
  AuthenticationErrors,
  BfdErrors,   // not BFD, or from beyond the link
  BfdUnknown,  // of no session
  LateWakes,   // the pacer came to something due more than 5 ms late
  EventsLost,  // that main had no room for, but for the last state of each
  Size_
};
inline constexpr std::size_t kHostCounts = static_cast<std::size_t>(HostCount::Size_);
inline constexpr std::array<std::string_view, kHostCounts> kHostCountNames{
    "packet_length_errors", "version_errors", "invalid_type_errors", "checksum_errors",
    "vrid_errors",          "address_errors", "interval_errors",     "authentication_type_errors",
    "bfd_errors",           "bfd_unknown",    "late_wakes",          "events_lost"};

template <class E, std::size_t kSize>
class Counts {
 public:
  void add(E which) { values_[static_cast<std::size_t>(which)].fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get(E which) const { return at(static_cast<std::size_t>(which)); }
  [[nodiscard]] std::uint64_t at(std::size_t index) const { return values_[index].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kSize> values_{};
};
using RouterCounts = Counts<Count, kCounts>;
using HostCounts = Counts<HostCount, kHostCounts>;

// What is to become of a router's addresses.
enum class Want : std::uint8_t {
  Undecided,  // whatever is there stays: a new router that has heard nobody yet
  Absent,
  Present
};

struct RouterBoard {
  // Pacer to hands: the want, and above it how many there were. One word, so that a burst of them is one.
  std::atomic<std::uint64_t> wanted{0};
  // Pacer to hands: how often the addresses are to be announced once more, since a lesser master was heard.
  std::atomic<std::uint64_t> lower_heard{0};
  // Hands to main: the word of `wanted` that is carried out.
  std::atomic<std::uint64_t> carried_out{0};
  // Of a backup's master: when an advertisement came last, in nanoseconds of the steady clock.
  std::atomic<std::int64_t> heard{0};
  RouterCounts counts;

  static Want want_of(std::uint64_t word) { return static_cast<Want>(word & 3); }
  void want(Want now) {
    const auto before = wanted.load(std::memory_order_relaxed);
    wanted.store(((before >> 2) + 1) << 2 | static_cast<std::uint64_t>(now), std::memory_order_release);
  }
};

struct SessionBoard {
  std::atomic<std::uint64_t> sent{0}, received{0}, send_errors{0}, downs{0};
  // Main to pacer, which asks the kernel nothing: whether its interface is up and has carrier.
  std::atomic<bool> carrier{true};
  // Intervals in force, in microseconds.
  std::atomic<std::uint64_t> transmit_us{0}, detection_us{0};
};

}  // namespace plenum::failover
