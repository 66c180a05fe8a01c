#include "lb/member_lists.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "lb/mapped_array.h"
#include "lb/slot_table.h"

namespace plenum::lb {

namespace {

constexpr std::uint32_t kLeastCapacity = 3;

// Rows of one half: the root's, and every level's.
std::uint32_t rows_of(std::uint32_t capacity) {
  std::uint32_t rows = 1;
  for (auto level = (1u << capacity) / PL_FANOUT;; level = std::max(1u, level / PL_FANOUT)) {
    rows += level;
    if (level == 1) return rows;
  }
}

std::uint32_t elements_of(std::uint32_t scheduler) {
  const auto slots = scheduler == PL_SCHED_MH                               ? PL_MAGLEV_SLOTS
                     : scheduler == PL_SCHED_DH || scheduler == PL_SCHED_SH ? PL_HASH_SLOTS
                                                                            : 0;
  return (slots + PL_SLOTS_EACH - 1) / PL_SLOTS_EACH;
}

bool counts_room(std::uint32_t scheduler) { return scheduler == PL_SCHED_LBLC || scheduler == PL_SCHED_LBLCR; }

// Calls each(level, row, into) for the rows of every level that cover `count` servers, from
// below; `into` is the word above.
template <class Each>
void for_each_row(const std::span<pl_row>& rows, std::uint64_t word, std::uint32_t count, Each each) {
  const auto root = PL_LIST_ROW(word);
  auto base = root + 1;
  for (std::uint32_t level = 0; level < PL_LEVELS; ++level) {
    const auto all = pl_rows_at(word, level);
    const auto above = all == 1 ? root : base + all;
    const auto used = std::min(all, (count + PL_FANOUT - 1) / PL_FANOUT);
    for (std::uint32_t i = 0; i < used; ++i) each(level, base + i, &rows[above + i / PL_FANOUT].word[i % PL_FANOUT]);
    if (all == 1) return;
    base = above;
    count = used;
  }
}

}  // namespace

MemberLists::MemberLists(const SchedulerMaps& maps, Duration rest)
    : maps_(maps),
      view_(maps.view()),
      rows_(0, static_cast<std::uint32_t>(maps.rows.size()), rest),
      slots_(1, static_cast<std::uint32_t>(maps.slots.size() - 1), rest) {}

void MemberLists::adopt(std::uint32_t service) {
  const auto& s = maps_.services[service];
  const auto word = s.list;
  if (PL_LIST_CAPACITY(word) == 0) return;
  List list;
  list.scheduler = PL_LIST_SCHEDULER(word);
  list.capacity = PL_LIST_CAPACITY(word);
  list.upper_half = PL_LIST_HALF(word) != 0;
  const auto rows = rows_of(list.capacity);
  list.range = PL_LIST_ROW(word) - (list.upper_half ? rows : 0);
  list.filled[0] = list.filled[1] = 1u << list.capacity;
  for (std::uint32_t i = 0; i < PL_LIST_COUNT(word); ++i) {
    const auto server = static_cast<std::uint32_t>(
        shared(maps_.rows[PL_LIST_ROW(word) + 1 + i / PL_FANOUT].word[i % PL_FANOUT]).load());
    list.members.push_back({server, server < maps_.loads.size() ? maps_.loads[server].weight : 0});
  }
  rows_.claim(list.range, 2 * rows);
  list.table = s.table;
  if (list.table != 0) slots_.claim(list.table, elements_of(list.scheduler));
  lists_[service] = std::move(list);
  refresh(word);
  if (counts_room(s.scheduler)) recount_room(service);
}

// A daemon killed between marking a server and counting it: the marks tell.
void MemberLists::recount_room(std::uint32_t service) {
  const auto& list = lists_[service];
  auto count = shared(maps_.services[service].roomy);
  for (int tries = 0; tries < 8; ++tries) {
    auto before = count.load();
    std::uint32_t marked = 0;
    for (const auto& m : list.members)
      if ((shared(maps_.loads[m.server].flags).load() & PL_LOAD_ROOMY) != 0) ++marked;
    if (count.compare_exchange_strong(before, marked)) return;
  }
}

void MemberLists::set_load(std::uint32_t server, const LoadLimits& limits) {
  auto& load = maps_.loads[server];
  const bool relaxed = limits.upper == 0 || limits.upper > load.upper;
  shared(load.weight).store(limits.weight);
  if (limits.weight != 0) load.last_weight = limits.weight;
  shared(load.upper).store(limits.upper);
  // Three quarters, rounded up: IPVS compares four times the one with three times the other.
  const auto three_quarters = limits.upper - limits.upper / 4;
  shared(load.clear_below).store(limits.lower != 0 ? limits.lower : three_quarters);
  auto flags = shared(load.flags);
  const bool was_overloaded = (flags.load() & PL_LOAD_OVERLOADED) != 0;
  if (relaxed) flags.fetch_and(~static_cast<std::uint32_t>(PL_LOAD_OVERLOADED));
  // One without thresholds that is overloaded cannot be; one that was stays watched no longer.
  if (limits.upper != 0)
    flags.fetch_or(PL_LOAD_LIMITED);
  else
    flags.fetch_and(~static_cast<std::uint32_t>(PL_LOAD_LIMITED));
  if (relaxed && was_overloaded) pl_climb(&view_, server);
  if ((flags.load() & PL_LOAD_ROOM_COUNTED) != 0) pl_count_room(&view_, server, &load);
}

void MemberLists::forget_load(std::uint32_t server) { maps_.loads[server] = {}; }

// A range with room for lists of `count` members, the one it has where that is large enough.
Result<> MemberLists::make_room(List& list, std::uint32_t count, TimePoint now) {
  if (list.capacity != 0 && count <= 1u << list.capacity) return {};
  const auto capacity = std::max(kLeastCapacity, static_cast<std::uint32_t>(std::bit_width(std::max(count, 1u) - 1)));
  if (capacity > PL_LIST_MAX_CAPACITY) return fail(std::errc::no_space_on_device, "a service has too many servers");
  const auto range = rows_.take(2 * rows_of(capacity), now);
  if (!range) return fail(std::errc::no_space_on_device, "no room for another list of servers");
  if (list.capacity != 0) rows_.give(list.range, 2 * rows_of(list.capacity), now);
  list.range = *range;
  list.capacity = capacity;
  list.upper_half = true;
  // What an earlier owner left.
  list.filled[0] = list.filled[1] = 1u << capacity;
  return {};
}

void MemberLists::write(List& list, bool upper, const std::vector<Member>& members, std::uint32_t scheduler) {
  const auto count = static_cast<std::uint32_t>(members.size());
  const auto row = list.range + (upper ? rows_of(list.capacity) : 0);
  const auto tree = pl_tree_of(scheduler);
  const auto at = [&](std::uint32_t i) { return shared(maps_.rows[row + 1 + i / PL_FANOUT].word[i % PL_FANOUT]); };
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& load = maps_.loads[members[i].server];
    const auto weight = tree == PL_TREE_LEAST || pl_is_eligible(&load) ? members[i].weight : 0;
    shared(maps_.servers[members[i].server].leaf[upper ? 1 : 0]).store(i);
    at(i).store(std::uint64_t{weight} << 32 | members[i].server);
  }
  for (auto i = count; i < list.filled[upper ? 1 : 0]; ++i) at(i).store(0);
  const auto covered = std::max(count, list.filled[upper ? 1 : 0]);
  list.filled[upper ? 1 : 0] = count;
  if (tree != PL_TREE_NONE) sum_up(PL_LIST(row, upper ? 1 : 0, scheduler, list.capacity, count), covered);
}

// The levels above a list that is not shown: nobody else writes there.
void MemberLists::sum_up(std::uint64_t word, std::uint32_t count) {
  for_each_row(maps_.rows, word, count, [&](std::uint32_t level, std::uint32_t row, __u64* into) {
    const auto value = pl_row_value(&view_, row, level, PL_LIST_SCHEDULER(word));
    auto at = shared(*into);
    // Versions go on rising, so that no packet that comes late takes this for what it read.
    at.store(((at.load() >> 32) + 1) << 32 | value);
  });
}

// The levels above a list that is shown, with packets changing them.
void MemberLists::refresh(std::uint64_t word) {
  if (pl_tree_of(PL_LIST_SCHEDULER(word)) == PL_TREE_NONE) return;
  const auto root = PL_LIST_ROW(word);
  if (pl_tree_of(PL_LIST_SCHEDULER(word)) != PL_TREE_LEAST) {
    for (std::uint32_t i = 0; i < PL_LIST_COUNT(word); ++i) {
      auto& leaf = maps_.rows[root + 1 + i / PL_FANOUT].word[i % PL_FANOUT];
      const auto server = static_cast<std::uint32_t>(shared(leaf).load());
      if (server < maps_.loads.size()) pl_leaf_update(&maps_.loads[server], &leaf, server);
    }
  }
  for_each_row(maps_.rows, word, PL_LIST_COUNT(word), [&](std::uint32_t level, std::uint32_t row, __u64* into) {
    pl_sum_up(&view_, row, into, level, PL_LIST_SCHEDULER(word), 0);
  });
}

// Which loads the scheduler must hear of from now on.
void MemberLists::watch(const List& list, const std::vector<Member>& members, std::uint32_t scheduler) {
  const std::uint32_t wanted = (pl_tree_of(scheduler) == PL_TREE_LEAST ? std::uint32_t{PL_LOAD_RANKED} : 0) |
                               (counts_room(scheduler) ? std::uint32_t{PL_LOAD_ROOM_COUNTED} : 0);
  constexpr std::uint32_t kAll = PL_LOAD_RANKED | PL_LOAD_ROOM_COUNTED;
  const auto put = [&](std::uint32_t server, std::uint32_t bits) {
    auto& load = maps_.loads[server];
    auto flags = shared(load.flags);
    const auto before = flags.load();
    if ((before & kAll & ~bits) != 0) flags.fetch_and(~(kAll & ~bits));
    if ((bits & ~before) != 0) flags.fetch_or(bits);
    if (((before | bits) & PL_LOAD_ROOM_COUNTED) != 0) pl_count_room(&view_, server, &load);
  };
  if (list.scheduler < PL_SCHEDULERS) {
    // Those that are not there any more; every new one comes after.
    std::vector<std::uint32_t> now;
    now.reserve(members.size());
    for (const auto& m : members) now.push_back(m.server);
    std::sort(now.begin(), now.end());
    for (const auto& m : list.members)
      if (!std::binary_search(now.begin(), now.end(), m.server)) put(m.server, 0);
  }
  for (const auto& m : members) put(m.server, wanted);
}

void MemberLists::carry_cursor(pl_service& service, const List& list, const std::vector<Member>& members,
                               std::uint32_t scheduler) {
  const bool restart = scheduler != list.scheduler;
  auto cursor = shared(service.cursor);
  if (scheduler == PL_SCHED_WRR) {
    const auto state =
        restart && !list.members.empty()
            ? start_wrr(members)
            : carry_wrr({restart ? 0 : cursor.load(), restart ? 0 : service.wrr_max, restart ? 1 : service.wrr_gcd},
                        list.members, members);
    shared(service.wrr_max).store(state.max);
    shared(service.wrr_gcd).store(state.gcd);
    cursor.store(state.cursor);
  } else {
    cursor.store(restart ? 0 : carry_rr(cursor.load(), list.members, members));
  }
}

// A new range each time: the one shown stays whole until nobody reads it. 0: no table needed.
Result<std::uint32_t> MemberLists::make_table(const pl_service& service, const std::vector<Member>& members,
                                              std::uint32_t scheduler, TimePoint now) {
  const auto size = elements_of(scheduler);
  if (size == 0) return 0;
  const auto table = slots_.take(size, now);
  if (!table) return fail(std::errc::no_space_on_device, "no room for another hash table");
  std::vector<HashedServer> servers;
  servers.reserve(members.size());
  for (const auto& m : members)
    servers.push_back({m.server, m.weight, maps_.loads[m.server].last_weight,
                       server_hash_key(maps_.servers[m.server], service.key.family)});
  const auto slots = slots_of(scheduler, servers);
  for (std::size_t i = 0; i < slots.size(); ++i)
    shared(maps_.slots[*table + i / PL_SLOTS_EACH].server[i % PL_SLOTS_EACH]).store(slots[i]);
  return *table;
}

Result<> MemberLists::set(std::uint32_t service, std::uint32_t scheduler, std::uint32_t scheduler_flags,
                          std::vector<Member> members, TimePoint now) {
  auto& list = lists_[service];
  auto& s = maps_.services[service];
  shared(s.scheduler_flags).store(scheduler_flags);
  if (members == list.members && scheduler == list.scheduler) return {};

  PLENUM_TRY(const auto table, make_table(s, members, scheduler, now), "members");
  if (auto room = make_room(list, static_cast<std::uint32_t>(members.size()), now); !room) {
    if (table != 0) slots_.give(table, elements_of(scheduler), now);
    return room;
  }
  const bool upper = !list.upper_half;
  // First the marks: a load that changes from here on is put in its place in the list shown,
  // and the last step sees to the new one.
  watch(list, members, scheduler);
  write(list, upper, members, scheduler);
  carry_cursor(s, list, members, scheduler);
  if (scheduler != list.scheduler) ++s.epoch;
  shared(s.scheduler).store(scheduler);
  shared(s.table).store(table);
  if (list.table != 0) slots_.give(list.table, elements_of(list.scheduler), now);
  list.table = table;
  const auto row = list.range + (upper ? rows_of(list.capacity) : 0);
  const std::uint64_t word = PL_LIST(row, upper ? 1 : 0, scheduler, list.capacity, members.size());
  shared(s.list).store(word);
  list.upper_half = upper;
  list.members = std::move(members);
  list.scheduler = scheduler;
  // Connections that began or ended since the new half was written.
  refresh(word);
  return {};
}

void MemberLists::edited(std::uint32_t service) {
  auto& s = maps_.services[service];
  if (PL_LIST_SCHEDULER(s.list) != PL_SCHED_WRR) return;
  const auto state = restart_wrr({shared(s.cursor).load(), s.wrr_max, s.wrr_gcd});
  shared(s.cursor).store(state.cursor);
}

void MemberLists::remove(std::uint32_t service, TimePoint now) {
  const auto it = lists_.find(service);
  shared(maps_.services[service].list).store(0);
  if (it == lists_.end()) return;
  auto& list = it->second;
  watch(list, {}, PL_SCHED_RR);
  if (list.capacity != 0) rows_.give(list.range, 2 * rows_of(list.capacity), now);
  shared(maps_.services[service].table).store(0);
  if (list.table != 0) slots_.give(list.table, elements_of(list.scheduler), now);
  lists_.erase(it);
}

const std::vector<Member>& MemberLists::members(std::uint32_t service) const {
  static const std::vector<Member> kNone;
  const auto it = lists_.find(service);
  return it == lists_.end() ? kNone : it->second.members;
}

}  // namespace plenum::lb
