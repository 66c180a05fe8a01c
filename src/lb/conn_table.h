#pragma once
// The data plane's connection table seen from user space: aged and listed in the memory the
// packets use (layout in bpf/abi.h), no system call per connection. Knows the table alone.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "bpf/abi.h"
#include "lb/scheduler_maps.h"

namespace plenum::lb {

class ConnTable {
 public:
  // `buckets` counts a power of two; all arrays are shared with the data plane and outlive
  // the table. `forget_call` is told the place (PL_PLACE) of a SIP template that ends, while
  // nobody else can take it.
  ConnTable(std::span<pl_bucket> buckets, const SchedulerMaps& schedulers,
            std::function<void(std::uint32_t place)> forget_call = {})
      : buckets_(buckets),
        loads_(schedulers.loads),
        schedulers_(schedulers.view()),
        forget_call_(std::move(forget_call)) {}
  // A table whose loads no scheduler looks at.
  ConnTable(std::span<pl_bucket> buckets, std::span<pl_load> loads,
            std::function<void(std::uint32_t place)> forget_call = {})
      : ConnTable(buckets, SchedulerMaps{.loads = loads}, std::move(forget_call)) {}

  [[nodiscard]] std::uint32_t bucket_count() const { return static_cast<std::uint32_t>(buckets_.size()); }
  [[nodiscard]] std::uint32_t slot_count() const { return bucket_count() * PL_SLOTS; }

  // Ends the connections of buckets [first, first + count) that expired before `now` (a tick).
  // Returns how many; loads of their servers go down with them. A persistence template that
  // still controls connections goes on for PL_TEMPLATE_GRACE instead.
  std::uint32_t age(std::uint32_t first, std::uint32_t count, std::uint32_t now);

  struct Entry {
    std::uint32_t place = 0;  // PL_PLACE
    std::uint64_t word = 0;
    pl_conn conn{};
    pl_conn_upper upper{};
  };
  // Copies of the live connections of one bucket; those that change while they are read are
  // read again.
  void read(std::uint32_t bucket, const std::function<void(const Entry&)>& take) const;
  // Ends those connections of one bucket that `unwanted` says so of; returns how many. One that
  // a packet changes meanwhile stays.
  std::uint32_t remove_if(std::uint32_t bucket, const std::function<bool(const Entry&)>& unwanted);
  // A copy of the live connection in one slot, if there is one.
  [[nodiscard]] std::optional<Entry> entry(std::uint32_t bucket, std::uint32_t slot) const;

 private:
  [[nodiscard]] std::uint32_t expired(std::uint32_t bucket, std::uint32_t now) const;
  bool end(std::uint32_t bucket, std::uint32_t slot, std::uint64_t word);
  void prolong(std::uint32_t bucket, std::uint32_t slot, std::uint64_t word, std::uint32_t now);
  void unspill(std::uint32_t bucket, std::uint64_t word);
  void release(std::uint32_t place);

  std::span<pl_bucket> buckets_;
  std::span<pl_load> loads_;
  pl_maps schedulers_;
  std::function<void(std::uint32_t)> forget_call_;
};

// CLOCK_MONOTONIC in ticks of the table.
std::uint32_t current_tick();

}  // namespace plenum::lb
