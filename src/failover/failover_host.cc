// What Failover says of itself to the host: its memory, and who else changes its tables.

#include <algorithm>

#include "failover/failover.h"
#include "failover/parts.h"

namespace plenum::failover {

// Where packets are refused, somebody's `nft flush ruleset` is put right. Where nftables cannot be asked the hands say
// so.
void Failover::watch_tables() {
  const bool any = std::any_of(conf_.routers.begin(), conf_.routers.end(), [](const auto& one) { return !one.accept; });
  if (tables_monitor_ || !any) return;
  auto nftables = rt::Nftables::open();
  if (!nftables) return;
  auto monitor = rt::NftMonitor::open(loop_, footprint_->table_name(), nftables->port(),
                                      [this] { hands_->orders().give([](Hands& hands) { hands.doubt_tables(); }); });
  if (!monitor) return;
  tables_monitor_ = *std::move(monitor);
  hands_->orders().give([own = std::make_shared<rt::Nftables>(*std::move(nftables))](Hands& hands) {
    hands.use_nftables(std::move(*own));
  });
}

std::set<std::uint32_t> Failover::interfaces_of(const Router& router) {
  std::set<std::uint32_t> out{router.in->ifindex, router.out->ifindex};
  for (const auto* list : {&router.plan.kit.addresses, &router.plan.kit.own})
    for (const auto& address : *list) out.insert(address.ifindex);
  return out;
}

void Failover::left(const std::set<std::uint32_t>& interfaces) {
  for (const auto ifindex : interfaces)
    if (const auto at = leaving_.find(ifindex); at != leaving_.end()) leaving_.erase(at);
  // A macvlan among them may have waited for this.
  reconcile_soon();
}

void Failover::make_macvlans() {
  footprint_->make_macvlans(conf_, [this](std::uint32_t ifindex) {
    return leaving_.contains(ifindex) || std::any_of(routers_.begin(), routers_.end(), [&](const auto& router) {
             return router->paced && interfaces_of(*router).contains(ifindex);
           });
  });
}

void Failover::remember() {
  LeftOver now;
  now.tables = std::any_of(routers_.begin(), routers_.end(), [](const auto& one) { return !one->plan.kit.accept; });
  for (const auto& router : routers_)
    for (const auto& address : router->plan.kit.addresses)
      if (const auto* link = network_.link(address.ifindex)) now.addresses.emplace(link->name, address.prefix);
  footprint_->remember(std::move(now));
}

}  // namespace plenum::failover
