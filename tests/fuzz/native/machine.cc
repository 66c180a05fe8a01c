#include "tests/fuzz/native/machine.h"

#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__)
#define PLENUM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLENUM_ASAN 1
#endif
#endif
#ifdef PLENUM_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace plenum::native {

namespace {

// As a driver lays a frame out: 256 bytes in front, of which the kernel keeps 40 for itself,
// and some behind it.
constexpr std::size_t kHeadroom = 256, kOwn = 40, kTailroom = 320;
constexpr std::size_t kRoom = kHeadroom + Machine::kMost + kTailroom;
constexpr std::uint8_t kUntouched = 0xa5;

bool untouched(const std::uint8_t* from, const std::uint8_t* to) {
  return from == to ||
         (*from == kUntouched && std::memcmp(from, from + 1, static_cast<std::size_t>(to - from) - 1) == 0);
}

// The one that runs: helpers have no argument to find it by.
Machine*& current() {
  static Machine* machine = nullptr;
  return machine;
}

}  // namespace

bool Map::is_array() const { return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY; }

void* Map::lookup(const void* key) {
  if (is_array()) {
    std::uint32_t index = 0;
    std::memcpy(&index, key, sizeof(index));
    return index < entries ? array + index * stride() : nullptr;
  }
  const auto* bytes = static_cast<const std::uint8_t*>(key);
  const auto it = hash.find(Bytes(bytes, bytes + key_size));
  return it == hash.end() ? nullptr : it->second.get();
}

long Map::update(const void* key, const void* value, std::uint64_t flags) {
  void* there = lookup(key);
  if (is_array() && there == nullptr) return -E2BIG;
  if (there != nullptr && flags == BPF_NOEXIST) return -EEXIST;
  if (there == nullptr && flags == BPF_EXIST) return -ENOENT;
  if (there == nullptr) {
    const auto* bytes = static_cast<const std::uint8_t*>(key);
    const bool lru = type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
    if (hash.size() >= entries) {
      if (!lru) return -E2BIG;
      (void)remove(order.front().data());
    }
    Bytes text(bytes, bytes + key_size);
    if (lru) order.push_back(text);
    auto& slot = hash[std::move(text)];
    slot = std::make_unique<std::uint8_t[]>(stride());
    there = slot.get();
  }
  std::memcpy(there, value, value_size);
  return 0;
}

long Map::remove(const void* key) {
  if (is_array()) return -EINVAL;
  const auto* bytes = static_cast<const std::uint8_t*>(key);
  const Bytes text(bytes, bytes + key_size);
  const auto it = hash.find(text);
  if (it == hash.end()) return -ENOENT;
  deleted.push_back(std::move(it->second));
  hash.erase(it);
  std::erase(order, text);
  return 0;
}

void Map::clear() {
  if (array != nullptr) std::memset(array, 0, stride() * entries);
  hash.clear();
  order.clear();
}

void Map::keep() {
  if (array != nullptr) kept_.assign(array, array + stride() * entries);
  kept_of_.clear();
  for (const auto& [key, value] : hash) kept_of_.emplace_back(key, Bytes(value.get(), value.get() + value_size));
}

void Map::restore() {
  if (array != nullptr) std::memcpy(array, kept_.data(), kept_.size());
  hash.clear();
  order.clear();
  for (const auto& [key, value] : kept_of_) (void)update(key.data(), value.data(), BPF_ANY);
}

void Machine::add_map(const bpf_map* m, const std::map<std::string, std::uint32_t>& entries) {
  std::string name = bpf_map__name(m);
  constexpr std::string_view kVariable = ".data.";  // a variable in a section, and so a map, of its own
  const bool variable = name.starts_with(kVariable);
  if (variable) name.erase(0, kVariable.size());
  if (name.find('.') != std::string::npos) return;  // .rodata and its kind are the program's own business
  void* symbol = ::dlsym(RTLD_DEFAULT, name.c_str());
  if (symbol == nullptr) throw std::runtime_error("the program has no map " + name);
  if (maps_.contains(symbol)) return;
  Map& map = maps_[symbol];
  map.name = name;
  map.type = bpf_map__type(m);
  map.key_size = bpf_map__key_size(m);
  map.value_size = bpf_map__value_size(m);
  map.entries = bpf_map__max_entries(m);
  if (const auto it = entries.find(name); it != entries.end()) map.entries = it->second;
  map.variable = variable;
  if (variable) {
    map.array = static_cast<std::uint8_t*>(symbol);
  } else if (map.is_array()) {
    map.array =
        static_cast<std::uint8_t*>(std::aligned_alloc(64, (map.stride() * map.entries + 63) & ~std::size_t{63}));
    if (map.array == nullptr) throw std::runtime_error("no memory for map " + name);
  }
  map.clear();
}

Machine::Machine(const std::vector<const bpf_object*>& objects, const std::map<std::string, std::uint32_t>& entries) {
  for (const bpf_object* object : objects) {
    bpf_map* m = nullptr;
    bpf_object__for_each_map(m, object) add_map(m, entries);
  }
  void* at = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory below 2 GiB");
  page_ = static_cast<std::uint8_t*>(at);
}

Machine::~Machine() {
  unfence();
  for (auto& [symbol, map] : maps_)
    if (!map.variable) std::free(map.array);
  ::munmap(page_, kRoom);
}

Map& Machine::map(const std::string& name) {
  for (auto& [symbol, map] : maps_)
    if (map.name == name) return map;
  throw std::runtime_error("there is no map " + name);
}

void Machine::clear_maps() {
  for (auto& [symbol, map] : maps_) map.clear();
  random_ = 0;
}

void Machine::keep_maps() {
  for (auto& [symbol, map] : maps_) map.keep();
}

void Machine::restore_maps() {
  for (auto& [symbol, map] : maps_) map.restore();
  random_ = 0;
}

Machine& Machine::running() { return *current(); }

Map& Machine::at(const void* symbol) { return maps_.at(symbol); }

// Every access outside the frame is the sanitizer's to report.
void Machine::fence([[maybe_unused]] const xdp_md& ctx) {
#ifdef PLENUM_ASAN
  ASAN_POISON_MEMORY_REGION(page_, kRoom);
  auto* data = reinterpret_cast<std::uint8_t*>(std::uintptr_t{ctx.data});
  ASAN_UNPOISON_MEMORY_REGION(data, ctx.data_end - ctx.data);
#endif
}

void Machine::unfence() {
#ifdef PLENUM_ASAN
  ASAN_UNPOISON_MEMORY_REGION(page_, kRoom);
#endif
}

Run Machine::run(Program program, const Bytes& frame, std::uint32_t ifindex) {
  unfence();
  const std::size_t length = std::min(frame.size(), kMost);
  std::memset(page_, kUntouched, kRoom);
  std::memcpy(page_ + kHeadroom, frame.data(), length);
  xdp_md ctx{};
  ctx.data = ctx.data_meta = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(page_) + kHeadroom);
  ctx.data_end = ctx.data + static_cast<std::uint32_t>(length);
  ctx.ingress_ifindex = ifindex;
  redirected_ = 0;
  fence(ctx);
  Machine* const before = std::exchange(current(), this);
  Run out;
  out.action = static_cast<std::uint32_t>(program(&ctx));
  current() = before;
  unfence();
  for (auto& one : records_)
    if (one.submitted) out.records.push_back({one.ring, Bytes(one.bytes.get(), one.bytes.get() + one.size)});
  records_.clear();
  for (auto& [symbol, map] : maps_) map.deleted.clear();
  out.redirected = redirected_;
  const auto* data = reinterpret_cast<const std::uint8_t*>(std::uintptr_t{ctx.data});
  const auto* end = reinterpret_cast<const std::uint8_t*>(std::uintptr_t{ctx.data_end});
  out.frame.assign(data, end);
  // Without a sanitizer: nothing but what the program ever had as its frame may have changed.
  const auto* last = std::max(end, static_cast<const std::uint8_t*>(page_ + kHeadroom + length));
  if (!untouched(last, page_ + kRoom)) {
    std::fprintf(stderr, "a byte behind the frame was changed\n");
    std::abort();
  }
  if (!untouched(page_, page_ + kOwn)) {
    std::fprintf(stderr, "a byte of the kernel's own room was changed\n");
    std::abort();
  }
  return out;
}

// net/core/filter.c, bpf_xdp_adjust_head: what was metadata goes, and an Ethernet header stays.
long Machine::adjust_head(xdp_md& ctx, int delta) {
  const auto data = static_cast<std::int64_t>(ctx.data) + delta;
  const auto least = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(page_) + kOwn);
  if (data < least || data > static_cast<std::int64_t>(ctx.data_end) - 14) return -EINVAL;
  ctx.data = ctx.data_meta = static_cast<std::uint32_t>(data);
  fence(ctx);
  return 0;
}

long Machine::adjust_tail(xdp_md& ctx, int delta) {
  const auto end = static_cast<std::int64_t>(ctx.data_end) + delta;
  const auto most = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(page_) + kRoom);
  if (end > most || end < static_cast<std::int64_t>(ctx.data) + 14) return -EINVAL;
  const auto before = ctx.data_end;
  ctx.data_end = static_cast<std::uint32_t>(end);
  fence(ctx);
  if (delta > 0) std::memset(reinterpret_cast<void*>(std::uintptr_t{before}), 0, static_cast<std::size_t>(delta));
  return 0;
}

std::uint32_t Machine::random() {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<std::uint32_t>(random_ >> 32);
}

std::uint8_t* Machine::record(const void* ring, std::size_t size) {
  const auto& name = at(ring).name;
  if (!room_) return nullptr;
  records_.push_back({name, std::make_unique<std::uint8_t[]>(size), size});
  return records_.back().bytes.get();
}

void Machine::submit(const void* record) {
  for (auto& one : records_)
    if (one.bytes.get() == record) one.submitted = true;
}

}  // namespace plenum::native
