#include "lb/sync_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sync.skel.h>

#include <algorithm>
#include <array>

#include "lb/shared_map.h"

namespace plenum::lb {

Result<std::unique_ptr<SyncProgram>> SyncProgram::open(const XdpProgram& program) {
  std::unique_ptr<SyncProgram> out(new SyncProgram(sync_bpf::open()));
  if (out->skeleton_ == nullptr) return fail_errno("open the sync program");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, out->skeleton_->obj) {
    bpf_map__set_pin_path(map, nullptr);
    if (shared_map_name(map).empty()) continue;
    if (const int error = bpf_map__reuse_fd(map, program.map_fd(bpf_map__name(map))); error != 0)
      return fail_errno(std::string("share ") + bpf_map__name(map), -error);
  }
  if (const int error = sync_bpf::load(out->skeleton_); error != 0) return fail_errno("load the sync program", -error);
  PLENUM_TRY(out->inbox_, MappedArray<pl_sync_record>::map(bpf_map__fd(out->skeleton_->maps.sync_inbox), PL_SYNC_INBOX),
             "inbox");
  PLENUM_TRY(out->calls_, MappedArray<pl_call_id>::map(bpf_map__fd(out->skeleton_->maps.sync_calls), PL_SYNC_INBOX),
             "inbox");
  return out;
}

SyncProgram::~SyncProgram() { sync_bpf::destroy(skeleton_); }

Result<> SyncProgram::enter(std::span<pl_sync_record> records, std::span<const std::string> calls) {
  const auto count = std::min<std::size_t>(records.size(), PL_SYNC_INBOX);
  std::copy_n(records.begin(), count, inbox_.span().begin());
  for (std::size_t i = 0; i < count; ++i)
    if ((records[i].flags & PL_SYNC_CALL_ID) != 0) {
      calls_[i] = {};
      calls_[i].length = calls[i].copy(calls_[i].text, PL_CALL_ID_LENGTH);
    }
  if (count < PL_SYNC_INBOX) inbox_[count].proto = PL_SYNC_END;
  // Any frame does; the kernel wants one.
  std::array<std::uint8_t, 64> frame{};
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = frame.size();
  options.repeat = 1;
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.sync_apply), &options) != 0)
    return fail_errno("run the sync program");
  for (std::size_t i = 0; i < count; ++i) records[i].result = inbox_[i].result;
  return {};
}

}  // namespace plenum::lb
