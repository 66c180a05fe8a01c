#include "lb/explain/live_view.h"

#include <bpf/bpf.h>

namespace plenum::lb {

Result<LiveView> LiveView::open(const XdpProgram& program) {
  PLENUM_TRY(auto marks, MappedArray<pl_mark_rule>::map(program.map_fd("pl_marks"), 2 * PL_MARK_RULES), "mark rules");
  return LiveView(program, std::move(marks));
}

PlaneView LiveView::view() const {
  const auto& p = *program_;
  return {.settings = &p.settings[0],
          .services = p.services.span(),
          .members = p.members.span(),
          .servers = p.servers.span(),
          .loads = p.loads.span(),
          .next_hops = p.next_hops.span(),
          .nat_filter = p.nat_filter.span(),
          .buckets = p.conns.span(),
          .marks = marks_.span(),
          .frame_keeper = &p.frame_keeper[0],
          .service = [&p](const pl_service_key& key) {
            std::uint32_t index = 0;
            return bpf_map_lookup_elem(p.vips_fd(), &key, &index) == 0 ? index : 0;
          }};
}

}  // namespace plenum::lb
