#include "host/decapsulation_program.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "base/fd.h"
#include "bpf/realserver_abi.h"
#include "realserver.skel.h"

namespace plenum::host {

namespace {

namespace fs = std::filesystem;

struct MapShape {
  const char* name;
  std::uint32_t key_size, value_size, entries;
};
constexpr MapShape kMaps[] = {
    {"pl_rs_settings", 4, sizeof(pl_rs_settings), 1},
    {"pl_rs_vips", sizeof(pl_addr), 4, PL_RS_MAX_ADDRESSES},
    {"pl_rs_locals", sizeof(pl_addr), 4, PL_RS_MAX_ADDRESSES},
    {"pl_rs_verdicts", 4, 8, PL_RS_VERDICT_COUNT},
};

constexpr const char* kVerdictNames[] = {
#define PLENUM_NAME(NAME, name, kind, text) #name,
    PL_RS_VERDICTS(PLENUM_NAME)
#undef PLENUM_NAME
};

struct Destroy {
  void operator()(realserver_bpf* skeleton) const { realserver_bpf__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<realserver_bpf, Destroy>;

// What the kernel tells about a program, a map or a link.
template <class T>
Result<T> info_of(const Fd& fd) {
  T info{};
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return fail_errno("ask about a BPF object");
  return info;
}

pl_addr key_of(const net::Address& address) {
  pl_addr out;
  std::memcpy(&out, address.mapped().data(), sizeof(out));
  return out;
}

net::Address address_of(const pl_addr& key) {
  if (key.w[0] == 0 && key.w[1] == 0 && key.w[2] == htonl(0xffff)) return net::Address::v4_bytes(&key.w[3]);
  return net::Address::v6_bytes(&key);
}

std::set<net::Address> keys_of(int map) {
  std::set<net::Address> out;
  pl_addr key{}, next{};
  for (int rc = bpf_map_get_next_key(map, nullptr, &next); rc == 0; rc = bpf_map_get_next_key(map, &key, &next)) {
    out.insert(address_of(next));
    key = next;
  }
  return out;
}

Result<> fill(int map, const std::set<net::Address>& wished) {
  constexpr std::uint32_t present = PL_RS_PRESENT;
  for (const net::Address& address : wished) {
    const pl_addr key = key_of(address);
    if (bpf_map_update_elem(map, &key, &present, BPF_ANY) != 0)
      return fail_errno("tell the program of " + address.text());
  }
  for (const net::Address& address : keys_of(map)) {
    const pl_addr key = key_of(address);
    if (!wished.contains(address)) bpf_map_delete_elem(map, &key);
  }
  return {};
}

// `pin_dir` empty: maps of its own, gone with it.
Result<Skeleton> load(const std::string& pin_dir) {
  Skeleton skeleton(realserver_bpf__open());
  if (!skeleton) return fail_errno("open the decapsulation program");
  if (!pin_dir.empty()) {
    for (const MapShape& shape : kMaps) {
      bpf_map* map = bpf_object__find_map_by_name(skeleton->obj, shape.name);
      if (bpf_map__set_pin_path(map, (pin_dir + "/" + shape.name).c_str()) != 0) return fail_errno("pin maps");
    }
  }
  if (const int error = realserver_bpf__load(skeleton.get())) {
    return fail_errno("load the decapsulation program (needs root, or CAP_BPF and CAP_NET_ADMIN)", -error);
  }
  return skeleton;
}

using Tag = std::array<std::uint8_t, BPF_TAG_SIZE>;

Tag tag_of(const bpf_prog_info& info) {
  Tag out;
  std::copy(std::begin(info.tag), std::end(info.tag), out.begin());
  return out;
}

// The tag of the program that this binary carries; the kernel makes it when loading.
Result<Tag> own_tag() {
  PLENUM_TRY(const Skeleton skeleton, load(""), "compare versions");
  const Fd fd(::dup(bpf_program__fd(skeleton->progs.pl_realserver)));
  PLENUM_TRY(const auto info, info_of<bpf_prog_info>(fd), "compare versions");
  return tag_of(info);
}

struct Pinned {
  std::map<std::string, Fd> maps;
  bool whole = true;  // every map is there, in the shape of this binary

  [[nodiscard]] int map(const char* name) const { return maps.at(name).get(); }
};

Pinned open_maps(const std::string& dir) {
  Pinned out;
  for (const MapShape& shape : kMaps) {
    Fd fd(bpf_obj_get((dir + "/" + shape.name).c_str()));
    const auto info =
        fd ? info_of<bpf_map_info>(fd) : Result<bpf_map_info>(fail(std::errc::no_such_file_or_directory, ""));
    if (!info || info->key_size != shape.key_size || info->value_size != shape.value_size ||
        info->max_entries != shape.entries) {
      out.whole = false;
    } else {
      out.maps[shape.name] = std::move(fd);
    }
  }
  return out;
}

struct PinnedLink {
  fs::path path;
  Fd fd;
  std::uint32_t ifindex = 0;  // 0: its interface is gone
  std::uint32_t program = 0;  // id
};

std::vector<PinnedLink> open_links(const std::string& dir) {
  std::vector<PinnedLink> out;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
    if (!entry.path().filename().string().starts_with("link-")) continue;
    PinnedLink one;
    one.path = entry.path();
    one.fd = Fd(bpf_obj_get(one.path.c_str()));
    if (const auto info = info_of<bpf_link_info>(one.fd); info && info->type == BPF_LINK_TYPE_XDP) {
      one.ifindex = info->xdp.ifindex;
      one.program = info->prog_id;
    }
    out.push_back(std::move(one));
  }
  return out;
}

// Whether the program is this binary's and uses these maps.
bool fits(std::uint32_t program, const Tag& tag, const Pinned& pinned) {
  const Fd fd(bpf_prog_get_fd_by_id(program));
  if (!fd) return false;
  std::array<std::uint32_t, 16> ids{};
  bpf_prog_info info{};
  info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  info.nr_map_ids = ids.size();
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 || tag_of(info) != tag) return false;
  return std::all_of(pinned.maps.begin(), pinned.maps.end(), [&](const auto& map) {
    const auto of = info_of<bpf_map_info>(map.second);
    return of && std::find(ids.begin(), ids.end(), of->id) != ids.end();
  });
}

std::string name_of(std::uint32_t ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  return ifindex && ::if_indextoname(ifindex, name.data()) ? name.data() : "";
}

bool is_generic(std::uint32_t ifindex) {
  bpf_xdp_query_opts opts{};
  opts.sz = sizeof(opts);
  return bpf_xdp_query(static_cast<int>(ifindex), 0, &opts) == 0 && opts.attach_mode == XDP_ATTACHED_SKB;
}

// Native where the driver can, else generic; gives a note about the latter, or "".
Result<std::string> attach(int program, const std::string& interface, const std::string& dir) {
  const std::string what = "attach to " + interface;
  const std::uint32_t ifindex = ::if_nametoindex(interface.c_str());
  if (!ifindex) return fail_errno(what);
  std::string note;
  bpf_link_create_opts opts{};
  opts.sz = sizeof(opts);
  opts.flags = XDP_FLAGS_DRV_MODE;
  Fd link(bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &opts));
  if (!link && errno != EBUSY && errno != EEXIST) {
    note = interface + ": generic XDP, which is slower, for its driver takes no native program (" +
           std::strerror(errno) + ")";
    opts.flags = XDP_FLAGS_SKB_MODE;
    link = Fd(bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &opts));
  }
  if (!link && (errno == EBUSY || errno == EEXIST)) {
    return fail(std::errc::device_or_resource_busy,
                what + ": another XDP program runs there (bpftool net show dev " + interface + ")");
  }
  if (!link) return fail_errno(what);
  const std::string pin = dir + "/link-" + std::to_string(ifindex);
  if (bpf_obj_pin(link.get(), pin.c_str()) != 0) return fail_errno("pin " + pin);
  return note;
}

}  // namespace

Result<DecapsulationState> DecapsulationProgram::read() const {
  DecapsulationState out;
  std::error_code error;
  if (!fs::is_directory(dir_, error)) return out;
  const Pinned pinned = open_maps(dir_);
  const auto links = open_links(dir_);
  out.damaged = !pinned.whole;
  if (pinned.whole) {
    constexpr std::uint32_t zero = 0;
    pl_rs_settings settings{};
    if (bpf_map_lookup_elem(pinned.map("pl_rs_settings"), &zero, &settings) != 0)
      return fail_errno("read the settings");
    out.active.tunnels.ipip = settings.tunnels & PL_RS_IPIP;
    out.active.tunnels.gre = settings.tunnels & PL_RS_GRE;
    if (settings.tunnels & PL_RS_GUE) out.active.tunnels.gue = ntohs(settings.gue_port);
    out.active.vips = keys_of(pinned.map("pl_rs_vips"));
    out.active.locals = keys_of(pinned.map("pl_rs_locals"));
  }
  if (links.empty()) return out;
  PLENUM_TRY(const Tag tag, own_tag(), "look at the decapsulation");
  for (const PinnedLink& link : links) {
    const std::string name = name_of(link.ifindex);
    if (name.empty()) continue;
    out.active.interfaces.insert(name);
    if (is_generic(link.ifindex)) out.generic.insert(name);
    if (!fits(link.program, tag, pinned)) out.damaged = true;
  }
  return out;
}

Result<std::vector<std::string>> DecapsulationProgram::set(const Decapsulation& wished) const {
  std::error_code error;
  fs::create_directories(dir_, error);
  if (error) return fail_errno("make " + dir_, error.value());
  if (!open_maps(dir_).whole) {
    for (const MapShape& shape : kMaps) fs::remove(dir_ + "/" + shape.name, error);
  }
  PLENUM_TRY(const Skeleton skeleton, load(dir_), "decapsulation");
  PLENUM_CHECK(fill(bpf_map__fd(skeleton->maps.pl_rs_locals), wished.locals), "decapsulation");
  PLENUM_CHECK(fill(bpf_map__fd(skeleton->maps.pl_rs_vips), wished.vips), "decapsulation");
  pl_rs_settings settings{};
  settings.tunnels = (wished.tunnels.ipip ? PL_RS_IPIP : 0u) | (wished.tunnels.gue ? PL_RS_GUE : 0u) |
                     (wished.tunnels.gre ? PL_RS_GRE : 0u);
  settings.gue_port = htons(wished.tunnels.gue.value_or(0));
  constexpr std::uint32_t zero = 0;
  if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.pl_rs_settings), &zero, &settings, BPF_ANY) != 0) {
    return fail_errno("decapsulation: write the settings");
  }

  const int program = bpf_program__fd(skeleton->progs.pl_realserver);
  const Pinned pinned = open_maps(dir_);
  const Fd program_again(::dup(program));
  PLENUM_TRY(const auto info, info_of<bpf_prog_info>(program_again), "decapsulation");
  std::set<std::string> missing = wished.interfaces;
  for (const PinnedLink& link : open_links(dir_)) {
    const std::string name = name_of(link.ifindex);
    if (!wished.interfaces.contains(name)) {
      fs::remove(link.path, error);  // detaches once `link` is closed
      continue;
    }
    missing.erase(name);
    if (!fits(link.program, tag_of(info), pinned) && bpf_link_update(link.fd.get(), program, nullptr) != 0) {
      return fail_errno("decapsulation: replace the program on " + name);
    }
  }
  std::vector<std::string> notes;
  for (const std::string& interface : missing) {
    PLENUM_TRY(std::string note, attach(program, interface, dir_), "decapsulation");
    if (!note.empty()) notes.push_back(std::move(note));
  }
  return notes;
}

Result<> DecapsulationProgram::remove() const {
  std::error_code error;
  if (!fs::is_directory(dir_, error)) return {};
  fs::remove_all(dir_, error);
  if (error) return fail_errno("remove " + dir_, error.value());
  return {};
}

std::map<std::string, std::uint64_t> DecapsulationProgram::verdicts() const {
  std::map<std::string, std::uint64_t> out;
  const Pinned pinned = open_maps(dir_);
  const int cpus = libbpf_num_possible_cpus();
  if (!pinned.whole || cpus <= 0) return out;
  std::vector<std::uint64_t> each(static_cast<std::size_t>(cpus));
  for (std::uint32_t i = 0; i < PL_RS_VERDICT_COUNT; ++i) {
    if (bpf_map_lookup_elem(pinned.map("pl_rs_verdicts"), &i, each.data()) != 0) continue;
    std::uint64_t& sum = out[kVerdictNames[i]];
    for (const std::uint64_t n : each) sum += n;
  }
  return out;
}

}  // namespace plenum::host
