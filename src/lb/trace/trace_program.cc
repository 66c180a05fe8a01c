#include "lb/trace/trace_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <director_trace.skel.h>

#include <cerrno>

namespace plenum::lb {

Result<std::unique_ptr<TraceProgram>> TraceProgram::open(const std::function<int(const char*)>& map_fd, Take take) {
  std::unique_ptr<TraceProgram> out(new TraceProgram(std::move(take)));
  out->skeleton_ = director_trace_bpf::open();
  if (out->skeleton_ == nullptr) return fail_errno("open the tracing program");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, out->skeleton_->obj) {
    const int shared_fd = map_fd(bpf_map__name(map));
    if (shared_fd < 0) continue;
    if (const int error = bpf_map__reuse_fd(map, shared_fd); error != 0)
      return fail_errno(std::string("share ") + bpf_map__name(map), -error);
  }
  if (const int error = director_trace_bpf::load(out->skeleton_); error != 0)
    return fail_errno("load the tracing program", -error);
  const auto* slots = out->skeleton_->maps.trace_slots;
  PLENUM_TRY(out->slots_, MappedArray<pl_trace_slot>::map(bpf_map__fd(slots), bpf_map__max_entries(slots)), "filters");
  const auto hand_on = [](void* self, void* data, std::size_t size) {
    if (size >= sizeof(pl_trace_record))
      static_cast<TraceProgram*>(self)->take_(*static_cast<const pl_trace_record*>(data));
    return 0;
  };
  out->ring_ = ring_buffer__new(bpf_map__fd(out->skeleton_->maps.trace_ring), hand_on, out.get(), nullptr);
  if (out->ring_ == nullptr) return fail_errno("map the ring of records");
  return out;
}

TraceProgram::~TraceProgram() {
  ring_buffer__free(ring_);
  director_trace_bpf::destroy(skeleton_);
}

int TraceProgram::fd() const { return bpf_program__fd(skeleton_->progs.director); }
int TraceProgram::ring_fd() const { return ring_buffer__epoll_fd(ring_); }
void TraceProgram::read() { ring_buffer__consume(ring_); }

}  // namespace plenum::lb
