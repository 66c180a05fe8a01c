// Destination, source and Maglev hashing: an address names a slot, the slot a server.

#include "bpf/maglev.h"
#include "lb/abi_values.h"
#include "lb/explain/schedulers.h"
#include "lb/explain/text.h"

namespace plenum::lb {

namespace {

// A scheduler's table: how many slots it has, and which one a fallback tries.
struct Table {
  std::uint32_t slots = PL_HASH_SLOTS;
  std::uint32_t (*fallback)(std::uint32_t key, std::uint32_t start, std::uint32_t attempt) = nullptr;
};

class Search {
 public:
  Search(const Asked& asked, Choice& out, const Table& table)
      : asked_(asked), service_(asked.view.services[asked.service]), out_(out), table_(table) {
    for (auto& candidate : out.candidates) {
      std::uint32_t slots = 0;
      for (std::uint32_t i = 0; i < table.slots; ++i) slots += server_at(i) == candidate.server ? 1 : 0;
      candidate.compared = std::to_string(slots);
    }
  }

  // `name` is hashed to `slot`.
  std::uint32_t from(const std::string& name, std::uint32_t slot) {
    const auto server = server_at(slot);
    out_.why = name + " has slot " + std::to_string(slot) + ", " + whose(server);
    return refusal(server).empty() ? server : 0;
  }

  std::uint32_t fall_back(std::uint32_t key, std::uint32_t start) {
    if ((service_.scheduler_flags & PL_SCHED_FALLBACK) == 0) {
      out_.why += "; no fallback is set";
      return 0;
    }
    for (std::uint32_t attempt = 0; attempt < table_.slots; ++attempt) {
      const auto slot = table_.fallback(key, start, attempt);
      const auto server = server_at(slot);
      if (server == 0) break;
      if (!refusal(server).empty()) continue;
      out_.why +=
          "; fallback " + std::to_string(attempt + 1) + " is slot " + std::to_string(slot) + ", " + whose(server);
      return server;
    }
    out_.why += "; no fallback finds another";
    return 0;
  }

 private:
  [[nodiscard]] std::uint32_t server_at(std::uint32_t slot) const {
    const auto index = service_.table + slot / PL_SLOTS_EACH;
    const auto server = index < asked_.view.slots.size() ? asked_.view.slots[index].server[slot % PL_SLOTS_EACH] : 0;
    return server < asked_.view.loads.size() ? server : 0;
  }
  [[nodiscard]] std::string refusal(std::uint32_t server) const {
    return server != 0 ? refusal_text(asked_.view.loads[server]) : "is there no more";
  }
  [[nodiscard]] std::string whose(std::uint32_t server) const {
    if (server == 0) return "which is nobody's";
    const auto why = refusal(server);
    return "that of " + server_text(asked_.view, server, asked_.probe.destination.port) +
           (why.empty() ? "" : ", which " + why);
  }

  const Asked& asked_;
  const pl_service& service_;
  Choice& out_;
  Table table_;
};

std::uint32_t by_client(const Asked& asked, Choice& out, const Table& table, std::uint32_t (*slot_of)(std::uint32_t)) {
  const auto& client = asked.probe.source;
  const bool port = (asked.view.services[asked.service].scheduler_flags & PL_SCHED_PORT) != 0;
  const auto address = abi_address(client.address);
  const auto key = pl_client_key(&address, abi_family(client.address.family()),
                                 port ? __builtin_bswap16(client.port) : std::uint16_t{0});
  const auto start = slot_of(key);
  Search search(asked, out, table);
  const auto server = search.from(port ? client.text() : client.address.text(), start);
  return server != 0 ? server : search.fall_back(key, start);
}

}  // namespace

std::uint32_t choose_by_destination(const Asked& asked, Choice& out) {
  const auto& to = asked.probe.destination.address;
  const auto address = abi_address(to);
  return Search(asked, out, {}).from(to.text(), pl_hash_32(pl_address_fold(&address, abi_family(to.family()))));
}

std::uint32_t choose_by_source(const Asked& asked, Choice& out) {
  return by_client(asked, out, {PL_HASH_SLOTS, pl_sh_fallback}, [](std::uint32_t key) { return pl_hash_32(key); });
}

std::uint32_t choose_by_maglev(const Asked& asked, Choice& out) {
  return by_client(asked, out, {PL_MAGLEV_SLOTS, pl_mh_fallback}, [](std::uint32_t key) { return pl_mh_slot(key); });
}

}  // namespace plenum::lb
