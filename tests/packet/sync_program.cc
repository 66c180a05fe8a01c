#include "tests/packet/sync_program.h"

#include <stdexcept>

#include "sync.skel.h"

namespace plenum::packet {

void SyncProgram::Unload::operator()(sync_bpf* skeleton) const { sync_bpf__destroy(skeleton); }

sync_bpf* SyncProgram::load(const Director& director) {
  std::unique_ptr<sync_bpf, Unload> s(sync_bpf__open());
  if (!s) throw std::runtime_error("open the sync program's skeleton");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, s->obj) {
    bpf_map__set_pin_path(map, nullptr);
    if (const bpf_map* theirs = bpf_object__find_map_by_name(director.object(), bpf_map__name(map)))
      if (bpf_map__reuse_fd(map, bpf_map__fd(theirs)) != 0) throw std::runtime_error("share a map");
  }
  if (const int error = sync_bpf__load(s.get()))
    throw std::runtime_error("load the sync program: " + std::string(std::strerror(-error)));
  return s.release();
}

SyncProgram::SyncProgram(const Director& director) : skeleton_(load(director)), inbox_(skeleton_->maps.sync_inbox) {}

SyncProgram::~SyncProgram() = default;

pl_sync_result SyncProgram::enter(const pl_sync_record& record) { return enter(std::vector{record}).front(); }

std::vector<pl_sync_result> SyncProgram::enter(std::vector<pl_sync_record> records) {
  if (records.size() < PL_SYNC_INBOX) inbox_[records.size()].proto = PL_SYNC_END;
  for (std::size_t i = 0; i < records.size(); ++i) {
    inbox_[i] = records[i];
    inbox_[i].result = PL_SYNC_RESULTS;  // none of them: the program must set it
  }
  Bytes frame(64);
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = static_cast<__u32>(frame.size());
  options.repeat = 1;
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.sync_apply), &options) != 0)
    throw std::runtime_error("run the sync program");
  std::vector<pl_sync_result> out;
  for (std::size_t i = 0; i < records.size(); ++i) out.push_back(static_cast<pl_sync_result>(inbox_[i].result));
  return out;
}

}  // namespace plenum::packet
