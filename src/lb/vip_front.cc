#include "lb/vip_front.h"

#include <atomic>

namespace plenum::lb {

namespace {

bool is_for(const pl_service_key& key) { return key.family == 4 && key.proto != 0 && key.port != 0; }

std::uint32_t place_of(const pl_service_key& key) { return pl_front_place(key.addr.w[3], key.port, key.proto); }

}  // namespace

void VipFront::show(const pl_service_key& key, std::uint32_t service) {
  if (is_for(key)) std::atomic_ref(places_[place_of(key)]).store(__u64{service});
}

void VipFront::hide(const pl_service_key& key, std::uint32_t service) {
  if (!is_for(key)) return;
  std::atomic_ref place(places_[place_of(key)]);
  if (place.load() == service) place.store(__u64{0});
}

void VipFront::clear() {
  for (auto& place : places_) std::atomic_ref(place).store(__u64{0});
}

}  // namespace plenum::lb
