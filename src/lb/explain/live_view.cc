#include "lb/explain/live_view.h"

#include <bpf/bpf.h>

namespace plenum::lb {

namespace {

std::function<std::uint32_t(const pl_service_key&)> index_in(int map) {
  return [map](const pl_service_key& key) {
    std::uint32_t index = 0;
    return bpf_map_lookup_elem(map, &key, &index) == 0 ? index : 0;
  };
}

}  // namespace

PlaneView live_view(const XdpProgram& p) {
  return {.settings = &p.settings[0],
          .services = p.services.span(),
          .members = p.members.span(),
          .slots = p.slots.span(),
          .servers = p.servers.span(),
          .loads = p.loads.span(),
          .next_hops = p.next_hops.span(),
          .nat_filter = p.nat_filter.span(),
          .buckets = p.conns.span(),
          .marks = p.marks.span(),
          .frame_keeper = &p.frame_keeper[0],
          .service = index_in(p.vips_fd()),
          .real = index_in(p.reals_fd()),
          .locality = [map = p.localities_fd()](const pl_locality_key& key) -> std::optional<pl_locality> {
            pl_locality known{};
            if (bpf_map_lookup_elem(map, &key, &known) != 0) return std::nullopt;
            return known;
          }};
}

}  // namespace plenum::lb
