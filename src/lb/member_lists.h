#pragma once
// The services' lists of servers as schedulers see them (struct pl_row in bpf/abi.h): writes
// lists, trees and hash tables where packets read them, and carries a scheduler's place over
// every change. A service has two halves of a range for its list; a change is written to the
// half not shown and then shown by one store. Knows maps; does not know the table of services.

#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "lb/cursor.h"
#include "lb/range_allocator.h"
#include "lb/scheduler_maps.h"

namespace plenum::lb {

// What a server's load goes by.
struct LoadLimits {
  std::uint32_t weight = 0;
  std::uint32_t upper = 0, lower = 0;  // thresholds as ipvsadm -x and -y give them
  bool operator==(const LoadLimits&) const = default;
};

class MemberLists {
 public:
  // `rest`: how long what packets may still read is left as it is.
  MemberLists(const SchedulerMaps& maps, Duration rest);

  // Takes over the list that the maps show for a service, and puts right what a daemon killed
  // half-way left.
  void adopt(std::uint32_t service);

  // A server's weight and thresholds; call it before the list that has the weight is set.
  // What makes an overloaded server one no longer is IPVS's (__ip_vs_update_dest).
  void set_load(std::uint32_t server, const LoadLimits& limits);
  // A server's slot was given back: nothing of it is kept.
  void forget_load(std::uint32_t server);

  // Shows this list, newest first, those of weight 0 too. ENOSPC when the maps have no room:
  // then the list that was there goes on.
  Result<> set(std::uint32_t service, std::uint32_t scheduler, std::uint32_t scheduler_flags,
               std::vector<Member> members, TimePoint now);
  // A server of the service was edited, be it to what it was: weighted round robin begins its
  // pass anew (ip_vs_wrr_dest_changed).
  void edited(std::uint32_t service);
  // Shows none, and gives back what the service had.
  void remove(std::uint32_t service, TimePoint now);

  [[nodiscard]] const std::vector<Member>& members(std::uint32_t service) const;

 private:
  struct List {
    std::uint32_t scheduler = PL_SCHEDULERS;
    std::vector<Member> members;
    std::uint32_t range = 0;     // first row of the lower half
    std::uint32_t capacity = 0;  // logarithm; 0: no range yet
    bool upper_half = false;     // is the one shown
    // Words of level 0 that may be set, in each half.
    std::uint32_t filled[2] = {0, 0};
    std::uint32_t table = 0;  // first element; 0: none
  };

  Result<> make_room(List& list, std::uint32_t count, TimePoint now);
  void write(List& list, bool upper, const std::vector<Member>& members, std::uint32_t scheduler);
  void sum_up(std::uint64_t word, std::uint32_t count);
  void refresh(std::uint64_t word);
  void watch(const List& list, const std::vector<Member>& members, std::uint32_t scheduler);
  void carry_cursor(pl_service& service, const List& list, const std::vector<Member>& members, std::uint32_t scheduler);
  Result<std::uint32_t> make_table(const pl_service& service, const std::vector<Member>& members,
                                   std::uint32_t scheduler, TimePoint now);
  void recount_room(std::uint32_t service);

  SchedulerMaps maps_;
  pl_maps view_;
  std::map<std::uint32_t, List> lists_;  // by service
  RangeAllocator rows_, slots_;
};

}  // namespace plenum::lb
