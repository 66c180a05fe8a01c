#include "lb/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <director.skel.h>
#include <linux/if_link.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <ctime>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "lb/shared_map.h"
#include "lb/timeouts.h"
#include "rt/bpf_mount.h"
#include "rt/chores.h"

namespace plenum::lb {

namespace fs = std::filesystem;

namespace {

// libbpf speaks through a callback without a context: the last words of the load at hand.
thread_local std::string* t_words = nullptr;

int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  if (t_words == nullptr || level == LIBBPF_DEBUG) return 0;
  std::array<char, 4096> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  *t_words += line.data();
  if (t_words->size() > 4000) t_words->erase(0, t_words->size() - 2000);
  return 0;
}

class Words {
 public:
  Words() : before_(libbpf_set_print(keep_words)) { t_words = &text_; }
  ~Words() {
    t_words = nullptr;
    libbpf_set_print(before_);
  }
  [[nodiscard]] std::string text() const { return std::string(trim(text_)); }

 private:
  libbpf_print_fn_t before_;
  std::string text_;
};

std::string maps_dir(const std::string& dir) { return dir + "/maps"; }
std::string links_dir(const std::string& dir) { return dir + "/links"; }

// Rows of 64 bytes: a list with room for n servers takes n / 7 of them and has two halves, a
// small one takes four. Slots of 64 bytes: 16 a service with dh or sh, 256 one with mh.
std::uint32_t rows_for(const PlaneSizes& sizes) { return sizes.servers * 4; }
std::uint32_t slots_for(const PlaneSizes& sizes) { return std::max(sizes.servers * 4, 1024u); }

// The map's hash buckets are there from the start, 16 bytes each; its values only while used.
std::uint32_t call_ids_for(const PlaneSizes& sizes) { return std::clamp(sizes.connections / 4, 1024u, 1u << 20); }

void set_sizes(director_bpf& s, const PlaneSizes& sizes) {
  const struct {
    bpf_map* map;
    std::uint32_t entries;
  } rows[] = {
      {s.maps.pl_vips, sizes.services},
      {s.maps.pl_reals, sizes.servers},
      {s.maps.pl_services, sizes.services},
      {s.maps.pl_members, rows_for(sizes)},
      {s.maps.pl_slots, slots_for(sizes)},
      {s.maps.pl_call_ids, call_ids_for(sizes)},
      {s.maps.pl_servers, sizes.servers},
      {s.maps.pl_loads, sizes.servers},
      {s.maps.pl_next_hops, sizes.servers * 2},
      {s.maps.pl_stats, sizes.servers},
      {s.maps.pl_conns, sizes.connections / PL_SLOTS},
      {s.maps.pl_sync_rings, static_cast<std::uint32_t>(libbpf_num_possible_cpus())},
  };
  for (const auto& row : rows) bpf_map__set_max_entries(row.map, row.entries);
}

// A map made by another version has other sizes; libbpf would refuse it without a reason an
// operator can use.
Result<> check_abi(const std::string& dir) {
  const Fd fd{bpf_obj_get((maps_dir(dir) + "/pl_settings").c_str())};
  if (!fd) return {};
  bpf_map_info info{};
  std::uint32_t length = sizeof info;
  pl_settings settings{};
  const std::uint32_t zero = 0;
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) return fail_errno("read " + dir);
  if (info.value_size != sizeof settings || bpf_map_lookup_elem(fd.get(), &zero, &settings) != 0 ||
      (settings.abi_version != PL_ABI_VERSION && settings.abi_version != 0))
    return fail(std::errc::protocol_error, "the data plane under " + dir +
                                               " was made by another version of plenum-lbd and cannot be adopted; "
                                               "`plenum-lbd --unload --bpf-dir " +
                                               dir + "` removes it, its connections and what ipvsadm made");
  return {};
}

std::uint32_t max_entries(int fd) {
  bpf_map_info info{};
  std::uint32_t length = sizeof info;
  return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.max_entries : 0;
}

// Maps that are there already keep their sizes.
void adopt_sizes(director_bpf& s, const std::string& dir) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, s.obj) {
    const Fd fd{bpf_obj_get((maps_dir(dir) + "/" + shared_map_name(map)).c_str())};
    if (fd) bpf_map__set_max_entries(map, max_entries(fd.get()));
  }
}

void set_pins(director_bpf& s, const std::string& dir) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, s.obj) {
    const std::string name = shared_map_name(map);
    if (!name.empty()) bpf_map__set_pin_path(map, (maps_dir(dir) + "/" + name).c_str());
  }
}

// Of an array, or of a variable that is one (PL_FIXED).
template <class T>
std::uint32_t elements(const bpf_map* map) {
  return bpf_map__max_entries(map) * (bpf_map__value_size(map) / sizeof(T));
}

template <class T>
Result<> map_into(MappedArray<T>& array, bpf_map* map) {
  PLENUM_TRY(array, MappedArray<T>::map(bpf_map__fd(map), elements<T>(map)), bpf_map__name(map));
  return {};
}

std::uint32_t program_id(int fd) {
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.id : 0;
}

// Whether the pinned link still holds the program on that interface: one whose interface
// went says 0, whatever bears the number now.
bool linked_to(const std::string& path, std::uint32_t ifindex) {
  const Fd fd{bpf_obj_get(path.c_str())};
  bpf_link_info info{};
  std::uint32_t length = sizeof info;
  return fd && bpf_obj_get_info_by_fd(fd.get(), &info, &length) == 0 && info.xdp.ifindex == ifindex;
}

bool is_generic(std::uint32_t ifindex) {
  bpf_xdp_query_opts query{};
  query.sz = sizeof query;
  return bpf_xdp_query(static_cast<int>(ifindex), 0, &query) == 0 && query.attach_mode == XDP_ATTACHED_SKB;
}

}  // namespace

Result<std::unique_ptr<XdpProgram>> XdpProgram::open(const std::string& bpf_dir, const PlaneSizes& sizes) {
  PLENUM_TRY([[maybe_unused]] const auto mounted, rt::ensure_bpf_dir(bpf_dir), "data plane");
  PLENUM_CHECK(check_abi(bpf_dir), "data plane");
  ::mkdir(maps_dir(bpf_dir).c_str(), 0700);
  ::mkdir(links_dir(bpf_dir).c_str(), 0700);
  Words words;
  director_bpf* skeleton = director_bpf::open();
  if (skeleton == nullptr) return fail_errno("data plane: open the program");
  std::unique_ptr<XdpProgram> program(new XdpProgram(bpf_dir, skeleton));
  set_sizes(*skeleton, sizes);
  adopt_sizes(*skeleton, bpf_dir);
  set_pins(*skeleton, bpf_dir);
  // It makes the tables.
  const rt::OnChoresCpu there;
  if (const int error = director_bpf::load(skeleton); error != 0)
    return fail_errno("data plane: load the program (" + words.text() + ")", -error);
  PLENUM_CHECK(program->map_arrays(), "data plane");
  program->adopted_ = program->settings[0].abi_version == PL_ABI_VERSION;
  if (!program->adopted_) program->initialise(sizes);
  PLENUM_CHECK(program->adopt_links(), "data plane");
  return program;
}

XdpProgram::~XdpProgram() { director_bpf::destroy(skeleton_); }

Result<> XdpProgram::map_arrays() {
  auto& m = skeleton_->maps;
  PLENUM_CHECK(map_into(settings, m.data_pl_settings), "settings");
  PLENUM_CHECK(map_into(ports, m.data_pl_ports), "ports");
  PLENUM_CHECK(map_into(marks, m.pl_marks), "mark rules");
  PLENUM_CHECK(map_into(services, m.pl_services), "services");
  PLENUM_CHECK(map_into(members, m.pl_members), "members");
  PLENUM_CHECK(map_into(slots, m.pl_slots), "hash slots");
  PLENUM_CHECK(map_into(servers, m.pl_servers), "servers");
  PLENUM_CHECK(map_into(loads, m.pl_loads), "loads");
  PLENUM_CHECK(map_into(next_hops, m.pl_next_hops), "next hops");
  PLENUM_CHECK(map_into(nat_filter, m.data_pl_nat_filter), "NAT filter");
  PLENUM_CHECK(map_into(vip_filter, m.data_pl_vip_filter), "VIP filter");
  PLENUM_CHECK(map_into(vip_front, m.data_pl_vip_front), "VIP shortcut");
  PLENUM_CHECK(map_into(frame_keeper, m.pl_frame_keeper), "frame keeper");
  PLENUM_CHECK(map_into(conns, m.pl_conns), "connections");
  PLENUM_CHECK(map_into(sync_rings, m.pl_sync_rings), "sync rings");
  return {};
}

void XdpProgram::initialise(const PlaneSizes&) {
  auto& s = settings[0];
  if (::getrandom(s.seed, sizeof s.seed, 0) != static_cast<ssize_t>(sizeof s.seed)) {
    // Without entropy the table still works; only its order could be guessed.
    s.seed[0] = static_cast<std::uint64_t>(::time(nullptr));
    s.seed[1] = static_cast<std::uint64_t>(::getpid());
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  s.born = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
  s.bucket_mask = conns.size() - 1;
  s.members = members.size();
  s.servers = servers.size();
  s.icmp_per_tick = kIcmpPerTick;
  set_timeouts(s, default_timeouts());
  shared(s.abi_version).store(PL_ABI_VERSION);
}

std::string XdpProgram::link_path(std::uint32_t ifindex) const {
  return links_dir(bpf_dir_) + "/" + std::to_string(ifindex);
}

// Interfaces an earlier daemon attached: this daemon's program takes over there, in one step.
Result<> XdpProgram::adopt_links() {
  std::error_code error;
  for (const auto& file : fs::directory_iterator(links_dir(bpf_dir_), error)) {
    const auto ifindex = parse_number<std::uint32_t>(file.path().filename().string());
    if (!ifindex || !linked_to(file.path(), *ifindex)) {
      ::unlink(file.path().c_str());
      continue;
    }
    const Fd fd{bpf_obj_get(file.path().c_str())};
    bpf_link_info info{};
    std::uint32_t length = sizeof info;
    const int program = own();
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) return fail_errno("read " + file.path().string());
    if (info.prog_id != program_id(program) && bpf_link_update(fd.get(), program, nullptr) != 0)
      return fail_errno("put the new program on interface " + std::to_string(*ifindex));
    attachments_[*ifindex] = {"", !is_generic(*ifindex), ""};
  }
  return {};
}

Result<> XdpProgram::attach(std::uint32_t ifindex, const std::string& name, conf::XdpMode mode) {
  if (const auto it = attachments_.find(ifindex); it != attachments_.end()) {
    it->second.name = name;
    if (linked_to(link_path(ifindex), ifindex)) return {};
    PLENUM_CHECK(detach(ifindex), name);
  }
  const int program = current();
  const auto create = [&](std::uint32_t flags) {
    bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.flags = flags;
    return bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &options);
  };
  Attachment attachment{name, mode != conf::XdpMode::Generic, ""};
  int fd = -1;
  if (mode != conf::XdpMode::Generic) {
    Words words;
    fd = create(XDP_FLAGS_DRV_MODE);
    if (fd < 0 && mode == conf::XdpMode::Native) return fail_errno("attach to " + name + " in native mode");
    if (fd < 0) {
      const int error = errno;
      if (error == EBUSY) return fail_errno("attach to " + name + ": another XDP program is on it", error);
      attachment.native = false;
      attachment.note = "no native XDP here (" + std::error_code(error, std::system_category()).message() + ")";
    }
  }
  if (fd < 0) fd = create(XDP_FLAGS_SKB_MODE);
  if (fd < 0) return fail_errno("attach to " + name);
  const Fd link{fd};
  if (bpf_obj_pin(link.get(), link_path(ifindex).c_str()) != 0) return fail_errno("pin the link of " + name);
  attachments_[ifindex] = attachment;
  return {};
}

Result<> XdpProgram::detach(std::uint32_t ifindex) {
  if (attachments_.erase(ifindex) == 0) return {};
  if (::unlink(link_path(ifindex).c_str()) != 0 && errno != ENOENT)
    return fail_errno("detach from interface " + std::to_string(ifindex));
  return {};
}

int XdpProgram::own() const { return bpf_program__fd(skeleton_->progs.director); }

Result<> XdpProgram::substitute(int program) {
  const auto put = [this](std::uint32_t ifindex, int what) -> Result<> {
    const Fd link{bpf_obj_get(link_path(ifindex).c_str())};
    // ENOLINK: the interface went, and with it nothing is lost.
    if (!link || (bpf_link_update(link.get(), what, nullptr) != 0 && errno != ENOLINK))
      return fail_errno("put another program on interface " + std::to_string(ifindex));
    return {};
  };
  const int before = current();
  for (const auto& [ifindex, attachment] : attachments_) {
    auto done = put(ifindex, program);
    if (done) continue;
    for (const auto& [other, ignored] : attachments_) (void)put(other, before);
    return done;
  }
  substitute_ = program == own() ? -1 : program;
  return {};
}

Result<> XdpProgram::restore() { return substitute(own()); }

Result<> XdpProgram::unload(const std::string& bpf_dir) {
  std::error_code error;
  if (!fs::exists(bpf_dir, error)) return {};
  // Links first: from here on the stack has the packets again.
  for (const auto& dir : {links_dir(bpf_dir), maps_dir(bpf_dir)}) {
    for (const auto& file : fs::directory_iterator(dir, error))
      if (::unlink(file.path().c_str()) != 0) return fail_errno("remove " + file.path().string());
    fs::remove(dir, error);
  }
  return rt::release_bpf_dir(bpf_dir);
}

SchedulerMaps XdpProgram::schedulers() const {
  return {services.span(), members.span(), slots.span(), servers.span(), loads.span()};
}

int XdpProgram::map_fd(const char* name) const {
  return bpf_map__fd(bpf_object__find_map_by_name(skeleton_->obj, name));
}
int XdpProgram::program_fd() const { return bpf_program__fd(skeleton_->progs.director); }
int XdpProgram::vips_fd() const { return bpf_map__fd(skeleton_->maps.pl_vips); }
int XdpProgram::reals_fd() const { return bpf_map__fd(skeleton_->maps.pl_reals); }
int XdpProgram::stats_fd() const { return bpf_map__fd(skeleton_->maps.pl_stats); }
int XdpProgram::reasons_fd() const { return bpf_map__fd(skeleton_->maps.pl_reasons); }
int XdpProgram::call_ids_fd() const { return bpf_map__fd(skeleton_->maps.pl_call_ids); }
int XdpProgram::localities_fd() const { return bpf_map__fd(skeleton_->maps.pl_localities); }

}  // namespace plenum::lb
