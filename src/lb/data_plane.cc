#include "lb/data_plane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "bpf/hash.h"
#include "lb/abi_values.h"
#include "lb/counters.h"
#include "lb/timeouts.h"
#include "lb/trace/reasons.h"

namespace plenum::lb {

namespace {

// How long what a packet under way may still read is left as it is: a packet takes
// microseconds, and no CPU is away in the middle of one for longer than this.
constexpr Duration kRest = std::chrono::milliseconds(50);

std::uint32_t room(std::uint32_t count) { return count - 1; }

}  // namespace

DataPlane::DataPlane(XdpProgram& program, const Baselines& baselines, TimePoint now)
    : program_(program),
      conns_(program.conns.span(), program.schedulers(),
             [this](std::uint32_t place) { bpf_map_delete_elem(program_.call_ids_fd(), &place); }),
      front_(program.vip_front.span()),
      stats_(program.stats_fd(), program.servers.size()),
      cpus_(libbpf_num_possible_cpus()),
      services_(program.services.size()),
      servers_(program.servers.size()),
      free_services_(1, room(program.services.size()), kRest),
      free_servers_(1, room(program.servers.size()), kRest),
      lists_(program.schedulers(), kRest),
      hop_slots_(program.next_hops.span(), kRest),
      nat_uses_(PL_NAT_FILTER_BITS),
      reals_(program.reals_fd()) {
  adopt();
  for (std::uint32_t i = 0; i < services_.size(); ++i) {
    auto& slot = services_[i];
    if (!slot.used) continue;
    slot.carry = counters_from(baselines, "carry " + slot.key.text());
    slot.baseline = counters_from(baselines, "zero " + slot.key.text());
    for (const auto& [key, index] : slot.servers) {
      servers_[index].baseline = counters_from(baselines, "zero " + slot.key.text() + " " + key.text());
      servers_[index].removed_at = now;
      servers_[index].estimator.restart(read_stats(index));
    }
    slot.estimator.restart(total(slot));
  }
}

// Builds the picture from what the maps say.
void DataPlane::adopt() {
  for (std::uint32_t i = 1; i < services_.size(); ++i) {
    const auto& s = program_.services[i];
    if (s.in_use == 0) continue;
    auto& slot = services_[i];
    slot.used = true;
    slot.removed = true;  // until a key is found that leads here
    slot.key = key_of(s.key);
    free_services_.claim(i, 1);
    by_key_[slot.key] = i;
  }
  front_.clear();
  pl_service_key key{}, next{};
  for (const pl_service_key* from = nullptr; bpf_map_get_next_key(program_.vips_fd(), from, &next) == 0; from = &key) {
    key = next;
    std::uint32_t index = 0;
    if (bpf_map_lookup_elem(program_.vips_fd(), &key, &index) == 0 && index < services_.size()) {
      services_[index].removed = false;
      front_.show(key, index);
      count_lookup(services_[index].key, 1);
    }
  }
  for (std::uint32_t i = 1; i < servers_.size(); ++i) {
    const auto& s = program_.servers[i];
    if (s.service == 0 || s.service >= services_.size()) continue;
    auto& slot = servers_[i];
    slot.service = s.service;
    slot.key = {address_of(s.addr, s.family), ntohs(s.port)};
    slot.removed = (s.flags & PL_SERVER_AVAILABLE) == 0 || (s.flags & PL_SERVER_HELD) != 0;
    services_[s.service].servers[slot.key] = i;
    by_address_[slot.key.address].insert(i);
    free_servers_.claim(i, 1);
    hop_slots_.adopt(s.next_hop);
    set_nat(i, slot.key.address, s.forward == PL_FWD_MASQ);
    if (slot.removed) removed_.insert(i);
  }
  forget_orphans();
  for (std::uint32_t i = 1; i < services_.size(); ++i)
    if (services_[i].used) lists_.adopt(i);
  for (std::uint32_t i = 1; i < services_.size(); ++i)
    if (services_[i].used && services_[i].removed && services_[i].servers.empty()) release_service(i, TimePoint{});
}

// A daemon killed between ending a connection and counting it down leaves a load that nobody
// would ever take away; for a removed server, which gets no new connections, the table tells.
// The same for a template that counts connections: with none of them there, it has none.
void DataPlane::forget_orphans() {
  std::set<std::uint32_t> suspects;
  for (const auto index : removed_) {
    const auto& load = program_.loads[index];
    if (load.active != 0 || load.inactive != 0 || load.persistent != 0) suspects.insert(index);
  }
  std::map<std::uint32_t, std::uint32_t> templates;  // by place: connections it says it has
  const auto each = [this](const auto& take) {
    for (std::uint32_t bucket = 0; bucket < conns_.bucket_count(); ++bucket) conns_.read(bucket, take);
  };
  each([&](const ConnTable::Entry& entry) {
    if ((entry.word & PL_WORD_TEMPLATE) != 0 && entry.conn.packets != 0) templates[entry.place] = entry.conn.packets;
  });
  if (suspects.empty() && templates.empty()) return;
  each([&](const ConnTable::Entry& entry) {
    suspects.erase(entry.conn.server);
    if ((entry.word & PL_WORD_TEMPLATE) == 0) templates.erase(entry.conn.control);
  });
  for (const auto index : suspects) {
    shared(program_.loads[index].active).store(0);
    shared(program_.loads[index].inactive).store(0);
    shared(program_.loads[index].persistent).store(0);
  }
  // One that was used meanwhile says another number.
  for (auto [place, count] : templates)
    shared(program_.conns[(place - 1) / PL_SLOTS].conn[(place - 1) % PL_SLOTS].packets)
        .compare_exchange_strong(count, 0);
}

Result<std::uint32_t> DataPlane::service_slot(const conf::ServiceKey& key, TimePoint now) {
  if (const auto it = by_key_.find(key); it != by_key_.end()) return it->second;
  const auto index = free_services_.take(1, now);
  if (!index) return fail(std::errc::no_space_on_device, "no room for another service");
  auto& s = program_.services[*index];
  // Never the same again, so that nobody takes an earlier service's destinations for its own.
  const auto epoch = s.epoch;
  s = {};
  s.epoch = epoch;
  s.key = abi_key(key);
  s.wrr_gcd = 1;
  s.in_use = 1;
  services_[*index] = {};
  services_[*index].used = true;
  services_[*index].removed = true;
  services_[*index].key = key;
  by_key_[key] = *index;
  return *index;
}

Result<std::uint32_t> DataPlane::server_slot(std::uint32_t service, const conf::ServerKey& key, TimePoint now) {
  if (const auto it = services_[service].servers.find(key); it != services_[service].servers.end()) return it->second;
  const auto index = free_servers_.take(1, now);
  if (!index) return fail(std::errc::no_space_on_device, "no room for another server (director: servers:)");
  auto& s = program_.servers[*index];
  const auto generation = s.generation;
  s = {};
  s.addr = abi_address(key.address);
  s.port = htons(key.port);
  s.family = abi_family(key.address.family());
  s.generation = generation + 1;
  servers_[*index] = {};
  servers_[*index].key = key;
  servers_[*index].service = service;
  services_[service].servers[key] = *index;
  by_address_[key.address].insert(*index);
  return *index;
}

void DataPlane::set_nat(std::uint32_t index, const net::Address& address, bool nat) {
  auto& slot = servers_[index];
  if (slot.nat == nat) return;
  slot.nat = nat;
  const auto& service = services_[slot.service].key;
  nat ? reals_.add(service, slot.key, index) : reals_.remove(service, slot.key, index);
  const pl_addr wire = abi_address(address);
  const auto bit = pl_nat_bit(&wire);
  auto word = shared(program_.nat_filter[bit / 64]);
  if (nat && nat_uses_[bit]++ == 0) word.fetch_or(1ULL << (bit % 64));
  if (!nat && --nat_uses_[bit] == 0) word.fetch_and(~(1ULL << (bit % 64)));
}

void DataPlane::write_server(std::uint32_t index, std::uint32_t service, const conf::Server& spec, TimePoint now) {
  auto& s = program_.servers[index];
  auto& slot = servers_[index];
  if (!slot.removed && s.service == service && slot.spec == spec) return;
  // One taken over from an earlier daemon is as it was, as far as anybody knows.
  if (slot.spec.key == spec.key && !slot.removed) lists_.edited(service);
  slot.spec = spec;
  set_nat(index, spec.key.address, spec.forward == conf::Forward::Masq);
  s.forward = static_cast<std::uint8_t>(spec.forward);
  s.tunnel = static_cast<std::uint8_t>(spec.tunnel.type);
  s.tunnel_flags = static_cast<std::uint8_t>(spec.tunnel.checksum);
  s.tunnel_port = htons(spec.tunnel.port);
  s.service = service;
  s.weight = static_cast<std::uint32_t>(spec.weight);
  lists_.set_load(index, {s.weight, spec.upper, spec.lower});
  s.proto = static_cast<std::uint32_t>(services_[service].key.protocol);
  slot.removed = slot.kept = false;
  removed_.erase(index);
  if (const auto it = next_hops_.find(spec.key.address); it != next_hops_.end()) point(index, it->second, now);
  shared(s.flags).fetch_and(~static_cast<std::uint32_t>(PL_SERVER_HELD));
  shared(s.flags).fetch_or(PL_SERVER_AVAILABLE | (pmtu_disc_ ? 0u : std::uint32_t{PL_SERVER_IGNORE_DF}));
}

void DataPlane::set_pmtu_disc(bool on) {
  pmtu_disc_ = on;
  for (std::uint32_t i = 1; i < servers_.size(); ++i) {
    if (servers_[i].service == 0) continue;
    auto flags = shared(program_.servers[i].flags);
    if (on)
      flags.fetch_and(~std::uint32_t{PL_SERVER_IGNORE_DF});
    else
      flags.fetch_or(PL_SERVER_IGNORE_DF);
  }
}

void DataPlane::remove_server(std::uint32_t index, TimePoint now) {
  auto& slot = servers_[index];
  if (slot.kept) {
    slot.kept = false;
    slot.removed_at = now;
    removed_.insert(index);
  }
  if (slot.removed) return;
  shared(program_.servers[index].flags).fetch_and(~static_cast<std::uint32_t>(PL_SERVER_AVAILABLE));
  slot.removed = true;
  slot.removed_at = now;
  removed_.insert(index);
}

// As remove_server(), for one that is to come back.
void DataPlane::keep_server(std::uint32_t index, TimePoint now) {
  // One that is held for connections another director told of is out, too.
  shared(program_.servers[index].flags).fetch_and(~static_cast<std::uint32_t>(PL_SERVER_AVAILABLE | PL_SERVER_HELD));
  remove_server(index, now);
  servers_[index].removed = servers_[index].kept = true;
  removed_.erase(index);
}

Result<> DataPlane::set_members(std::uint32_t index, const ServiceInForce& service, TimePoint now) {
  auto& slot = services_[index];
  std::vector<Member> members;
  members.reserve(service.servers.size());
  // One that is draining was removed: IPVS would not have it in its list.
  for (const auto& server : service.servers)
    if (server.standing == Standing::In)
      if (const auto at = slot.servers.find(server.wanted->key); at != slot.servers.end())
        members.push_back({at->second, static_cast<std::uint32_t>(server.weight)});
  std::reverse(members.begin(), members.end());
  const auto& wanted = *service.wanted;
  return lists_.set(index, *abi_scheduler(wanted.scheduler), wanted.scheduler_flags, std::move(members), now);
}

Result<> DataPlane::sync(const conf::ServiceKey& key, const ServiceInForce* service, TimePoint now) {
  if (service == nullptr) {
    if (const auto it = by_key_.find(key); it != by_key_.end()) remove_service(it->second, now);
    return {};
  }
  PLENUM_TRY(const auto index, service_slot(key, now), "data plane");
  auto& slot = services_[index];
  write_service(index, *service->wanted);
  // A server there is no room for keeps no other from being served.
  Result<> outcome;
  const auto seen = ++syncs_;
  std::vector<std::uint32_t> out;
  for (const auto& server : service->servers) {
    const auto& server_key = server.wanted->key;
    if (server.standing == Standing::Out) {
      if (const auto at = slot.servers.find(server_key); at != slot.servers.end()) out.push_back(at->second);
      continue;
    }
    const auto at = server_slot(index, server_key, now);
    if (at) {
      shared(program_.servers[*at].port_for).store(abi_port_for(*service->wanted, server_key.port));
      write_server(*at, index, server.server(), now);
      servers_[*at].seen = seen;
    } else {
      outcome = tl::unexpected(at.error());
    }
  }
  // Nobody is chosen any more before it is gone, and who comes is there before it is chosen.
  PLENUM_CHECK(set_members(index, *service, now), "data plane");
  for (const auto at : out) {
    servers_[at].seen = seen;
    keep_server(at, now);
  }
  for (const auto& [server, at] : slot.servers)
    if (servers_[at].seen != seen) remove_server(at, now);
  if (slot.removed) {
    // A service that comes back is a new one and counts from zero; its servers are revived.
    slot.baseline = total(slot);
    const auto wire = abi_key(key);
    if (bpf_map_update_elem(program_.vips_fd(), &wire, &index, BPF_ANY) != 0)
      return fail_errno("data plane: add the service");
    front_.show(wire, index);
    slot.removed = false;
    count_lookup(key, 1);
  }
  return outcome;
}

// What its packets are told by it before they have a server.
void DataPlane::write_service(std::uint32_t index, const conf::Service& spec) {
  auto& s = program_.services[index];
  const auto& persistence = spec.persistence;
  if (persistence) shared(s.persist_mask).store(abi_persist_mask(*persistence, spec.key.family));
  shared(s.persist_ticks).store(persistence ? std::max(ticks_of(persistence->timeout), 1u) : 0);
  shared(s.flags).store(abi_service_flags(spec));
}

void DataPlane::count_lookup(const conf::ServiceKey& key, int by) {
  const auto lookup = abi_lookup(key);
  if (lookup == 0) return;
  auto& services = lookups_[lookup];
  services += static_cast<std::uint32_t>(by);
  auto word = shared(program_.settings[0].lookups);
  if (services != 0)
    word.fetch_or(lookup);
  else
    word.fetch_and(~lookup);
}

void DataPlane::remove_service(std::uint32_t index, TimePoint now) {
  auto& slot = services_[index];
  const auto wire = abi_key(slot.key);
  if (!slot.removed) count_lookup(slot.key, -1);
  front_.hide(wire, index);
  bpf_map_delete_elem(program_.vips_fd(), &wire);
  lists_.remove(index, now);
  slot.carry = slot.baseline = {};
  slot.removed = true;
  for (const auto& [key, server] : slot.servers) remove_server(server, now);
  if (slot.servers.empty()) release_service(index, now);
}

void DataPlane::release_service(std::uint32_t index, TimePoint now) {
  by_key_.erase(services_[index].key);
  program_.services[index].in_use = 0;
  services_[index] = {};
  free_services_.give(index, 1, now);
}

std::vector<conf::ServiceKey> DataPlane::services() const {
  std::vector<conf::ServiceKey> out;
  for (const auto& [key, index] : by_key_)
    if (!services_[index].removed) out.push_back(key);
  return out;
}

std::set<net::Address> DataPlane::destinations() const {
  std::set<net::Address> out;
  for (const auto& [address, servers] : by_address_)
    if (!servers.empty()) out.insert(address);
  return out;
}

void DataPlane::set_next_hop(const net::Address& destination, const NextHop& hop, TimePoint now) {
  next_hops_[destination] = hop;
  const auto it = by_address_.find(destination);
  if (it == by_address_.end()) return;
  for (const auto index : it->second) point(index, hop, now);
}

// Leads one server's packets by this hop.
void DataPlane::point(std::uint32_t index, const NextHop& hop, TimePoint now) {
  auto& s = program_.servers[index];
  const auto before = s.next_hop;
  std::uint32_t next = 0;
  if (hop.state == NextHop::State::Resolved) {
    const auto slot = hop_slots_.acquire(abi_next_hop(hop), now);
    if (!slot) {
      // The old way is better than none; collect() tries again.
      hops_due_.insert(servers_[index].key.address);
      return;
    }
    next = *slot;
  }
  shared(s.next_hop).store(next);
  hop_slots_.release(before, now);
  if (hop.state == NextHop::State::Local)
    shared(s.flags).fetch_or(PL_SERVER_LOCAL);
  else
    shared(s.flags).fetch_and(~static_cast<std::uint32_t>(PL_SERVER_LOCAL));
}

void DataPlane::forget_next_hops_except(const std::set<net::Address>& followed) {
  std::erase_if(next_hops_, [&](const auto& row) { return !followed.contains(row.first); });
}

void DataPlane::release_server(std::uint32_t index, TimePoint now) {
  auto& slot = servers_[index];
  auto& service = services_[slot.service];
  service.carry += read_stats(index);
  const std::vector<pl_stats> zero(static_cast<std::size_t>(cpus_));
  bpf_map_update_elem(program_.stats_fd(), &index, zero.data(), BPF_ANY);
  set_nat(index, slot.key.address, false);
  auto& s = program_.servers[index];
  hop_slots_.release(s.next_hop, now);
  const auto generation = s.generation;
  s = {};
  s.generation = generation;
  lists_.forget_load(index);
  service.servers.erase(slot.key);
  if (auto at = by_address_.find(slot.key.address); at != by_address_.end()) {
    at->second.erase(index);
    if (at->second.empty()) by_address_.erase(at);
  }
  const auto owner = slot.service;
  slot = {};
  free_servers_.give(index, 1, now);
  if (service.removed && service.servers.empty()) release_service(owner, now);
}

bool DataPlane::collect(TimePoint now) {
  bool any = false;
  for (const auto& address : std::exchange(hops_due_, {}))
    if (const auto hop = next_hops_.find(address); hop != next_hops_.end()) set_next_hop(address, hop->second, now);
  for (auto it = removed_.begin(); it != removed_.end();) {
    const auto index = *it;
    auto& load = program_.loads[index];
    const bool idle =
        shared(load.active).load() == 0 && shared(load.inactive).load() == 0 && shared(load.persistent).load() == 0;
    if (!idle || now - servers_[index].removed_at < kRest) {
      ++it;
      continue;
    }
    it = removed_.erase(it);
    release_server(index, now);
    any = true;
  }
  return any;
}

// One more than the highest server slot that was ever taken.
std::uint32_t DataPlane::slots_used() const {
  const auto last =
      std::find_if(servers_.rbegin(), servers_.rend(), [](const auto& slot) { return slot.service != 0; });
  return static_cast<std::uint32_t>(servers_.rend() - last);
}

Counters DataPlane::read_stats(std::uint32_t server, const Snapshot* snapshot) const {
  if (snapshot == nullptr) return stats_.read(server);
  return server < snapshot->size() ? (*snapshot)[server] : Counters{};
}

Counters DataPlane::total(const ServiceSlot& slot, const Snapshot* snapshot) const {
  Counters sum = slot.carry;
  for (const auto& [key, index] : slot.servers) sum += read_stats(index, snapshot);
  return sum;
}

void DataPlane::sample() {
  const auto now = snapshot();
  for (auto& [key, index] : by_key_) {
    auto& slot = services_[index];
    Counters sum = slot.carry;
    for (const auto& [server, at] : slot.servers) {
      const auto stats = read_stats(at, &now);
      servers_[at].estimator.sample(stats);
      sum += stats;
    }
    slot.estimator.sample(sum);
  }
}

bool DataPlane::zero(const std::optional<conf::ServiceKey>& key) {
  const auto zero_slot = [this](ServiceSlot& slot) {
    slot.baseline = total(slot);
    for (const auto& [server, index] : slot.servers) servers_[index].baseline = read_stats(index);
  };
  if (!key) {
    for (const auto& [service, index] : by_key_) zero_slot(services_[index]);
    return true;
  }
  const auto it = by_key_.find(*key);
  if (it == by_key_.end()) return false;
  zero_slot(services_[it->second]);
  return true;
}

Baselines DataPlane::baselines() const {
  Baselines out;
  const auto put = [&out](std::string name, const Counters& c) {
    if (c != Counters{}) out[std::move(name)] = {c.connections, c.in_packets, c.out_packets, c.in_bytes, c.out_bytes};
  };
  for (const auto& [key, index] : by_key_) {
    const auto& slot = services_[index];
    put("carry " + key.text(), slot.carry);
    put("zero " + key.text(), slot.baseline);
    for (const auto& [server, at] : slot.servers)
      put("zero " + key.text() + " " + server.text(), servers_[at].baseline);
  }
  return out;
}

ServerNumbers DataPlane::numbers(const conf::ServiceKey& service, const conf::ServerKey& server,
                                 const Snapshot* snapshot) const {
  ServerNumbers out;
  const auto it = by_key_.find(service);
  if (it == by_key_.end()) return out;
  const auto at = services_[it->second].servers.find(server);
  if (at == services_[it->second].servers.end()) return out;
  out.counters = read_stats(at->second, snapshot) - servers_[at->second].baseline;
  out.rates = servers_[at->second].estimator.rates();
  out.active = shared(program_.loads[at->second].active).load();
  out.inactive = shared(program_.loads[at->second].inactive).load();
  out.persistent = shared(program_.loads[at->second].persistent).load();
  return out;
}

ServiceNumbers DataPlane::numbers(const conf::ServiceKey& service, const Snapshot* snapshot) const {
  const auto it = by_key_.find(service);
  if (it == by_key_.end()) return {};
  const auto& slot = services_[it->second];
  return {total(slot, snapshot) - slot.baseline, slot.estimator.rates()};
}

std::uint64_t DataPlane::connections() const {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 1; i < servers_.size(); ++i)
    if (servers_[i].service != 0) sum += program_.loads[i].active + program_.loads[i].inactive;
  return sum;
}

void DataPlane::count(pl_reason event, std::uint64_t more) {
  if (more == 0) return;
  const std::uint32_t key = event;
  std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus_));
  if (bpf_map_lookup_elem(program_.reasons_fd(), &key, values.data()) != 0) return;
  values[0] += more;
  bpf_map_update_elem(program_.reasons_fd(), &key, values.data(), BPF_ANY);
}

std::vector<ReasonCount> DataPlane::reasons() const {
  std::vector<ReasonCount> out;
  for (const auto& reason : reason_names())
    out.push_back({std::string(reason.name), std::string(reason.kind), std::string(reason.text), 0});
  std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus_));
  for (std::uint32_t i = 0; i < out.size(); ++i)
    if (bpf_map_lookup_elem(program_.reasons_fd(), &i, values.data()) == 0)
      for (const auto v : values) out[i].packets += v;
  // What user space did with frames, it counts itself.
  const auto& keeper = program_.frame_keeper[0];
  out[PL_EVENT_FRAGMENTS_RELEASED].packets += keeper.released;
  out[PL_EVENT_FRAGMENTS_EXPIRED].packets += keeper.expired;
  out[PL_EVENT_FRAGMENTS_NO_ROOM].packets += keeper.no_room;
  out[PL_EVENT_FRAGMENTS_CUT].packets += keeper.cut;
  return out;
}

}  // namespace plenum::lb
