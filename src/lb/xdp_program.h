#pragma once
// The director's XDP program in the kernel: loaded over its pinned maps, or over maps that an
// earlier daemon left, and attached to interfaces by pinned links, so that packets flow on
// whatever becomes of the daemon. Knows files and file descriptors, nothing of services.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "bpf/abi.h"
#include "conf/config.h"
#include "lb/mapped_array.h"
#include "lb/scheduler_maps.h"

struct director_bpf;

namespace plenum::lb {

// Sizes of a new data plane; one that is adopted keeps those it was made with.
struct PlaneSizes {
  std::uint32_t connections = 1u << 20;  // power of two, at least 8
  std::uint32_t servers = 1u << 16;
  std::uint32_t services = 1u << 16;
};

struct Attachment {
  std::string name;
  bool native = false;
  std::string note;  // why not native
};

class XdpProgram {
 public:
  // Errors: a filesystem that cannot be mounted, maps of another version (EPROTO; what to
  // type is in the text), a kernel that refuses the program (with the verifier's last words).
  static Result<std::unique_ptr<XdpProgram>> open(const std::string& bpf_dir, const PlaneSizes& sizes);
  ~XdpProgram();
  XdpProgram(const XdpProgram&) = delete;
  XdpProgram& operator=(const XdpProgram&) = delete;

  [[nodiscard]] bool adopted() const { return adopted_; }

  // Puts the program on an interface. Idempotent: nothing happens where it is already, but an
  // interface that went and came back under the same number gets it anew. EBUSY when somebody
  // else's program is on it.
  Result<> attach(std::uint32_t ifindex, const std::string& name, conf::XdpMode mode);
  Result<> detach(std::uint32_t ifindex);
  [[nodiscard]] const std::map<std::uint32_t, Attachment>& attachments() const { return attachments_; }

  // Puts another program, over the same maps, in this one's place on every interface, those
  // attached later too; restore() undoes it. Each interface changes in one step, without a
  // packet lost; when one cannot, none has changed in the end. `program` stays open until then.
  Result<> substitute(int program);
  Result<> restore();

  // Takes the program off every interface and removes pins and directory.
  static Result<> unload(const std::string& bpf_dir);

  [[nodiscard]] int map_fd(const char* name) const;
  [[nodiscard]] int program_fd() const;
  [[nodiscard]] int vips_fd() const;
  [[nodiscard]] int reals_fd() const;
  [[nodiscard]] int stats_fd() const;
  [[nodiscard]] int reasons_fd() const;
  [[nodiscard]] int call_ids_fd() const;
  [[nodiscard]] int localities_fd() const;

  // What schedulers read of all these.
  [[nodiscard]] SchedulerMaps schedulers() const;

  MappedArray<pl_settings> settings;
  MappedArray<pl_port> ports;
  MappedArray<pl_mark_rule> marks;
  MappedArray<pl_service> services;
  MappedArray<pl_row> members;
  MappedArray<pl_hash_slots> slots;
  MappedArray<pl_server> servers;
  MappedArray<pl_load> loads;
  MappedArray<pl_next_hop> next_hops;
  MappedArray<std::uint64_t> nat_filter;
  MappedArray<std::uint64_t> vip_filter;
  MappedArray<__u64> vip_front;
  MappedArray<pl_frame_keeper> frame_keeper;
  MappedArray<pl_bucket> conns;
  MappedArray<pl_sync_ring> sync_rings;  // one a CPU

 private:
  XdpProgram(std::string bpf_dir, director_bpf* skeleton) : bpf_dir_(std::move(bpf_dir)), skeleton_(skeleton) {}
  Result<> map_arrays();
  void initialise(const PlaneSizes& sizes);
  Result<> adopt_links();
  [[nodiscard]] int own() const;
  [[nodiscard]] int current() const { return substitute_ >= 0 ? substitute_ : own(); }
  [[nodiscard]] std::string link_path(std::uint32_t ifindex) const;

  std::string bpf_dir_;
  director_bpf* skeleton_;
  bool adopted_ = false;
  int substitute_ = -1;
  std::map<std::uint32_t, Attachment> attachments_;
};

}  // namespace plenum::lb
