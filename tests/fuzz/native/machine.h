#pragma once
// A machine that runs an XDP program compiled for this process: maps as memory, a frame
// between redzones, helpers as the kernel documents them (bpf-helpers(7)), a clock and a
// routing table that the test turns. Knows no program and no protocol. One program at a time,
// since helpers are told nothing of who calls.

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

struct bpf_map;
struct bpf_object;

namespace plenum::native {

using Bytes = std::vector<std::uint8_t>;

// What stands behind one map of the program. Per-CPU maps have one CPU.
struct Map {
  std::string name;
  std::uint32_t type = 0, key_size = 0, value_size = 0, entries = 0;
  std::uint8_t* array = nullptr;  // of array types, one block that the sanitizer guards
  bool variable = false;          // the array is a variable of the program
  std::map<Bytes, std::unique_ptr<std::uint8_t[]>> hash;
  std::vector<Bytes> order;  // of LRU types: oldest first
  // Deleted while the program may still hold them: the kernel frees them when it is through.
  std::vector<std::unique_ptr<std::uint8_t[]>> deleted;

  [[nodiscard]] bool is_array() const;
  [[nodiscard]] std::size_t stride() const { return (value_size + 7u) & ~std::size_t{7}; }
  // As the helpers do. nullptr, and a negative errno.
  void* lookup(const void* key);
  long update(const void* key, const void* value, std::uint64_t flags);
  long remove(const void* key);
  void clear();

  // As it was when keep() was called last.
  void keep();
  void restore();

 private:
  Bytes kept_;                                    // of array types
  std::vector<std::pair<Bytes, Bytes>> kept_of_;  // of the others
};

// What the kernel's routing table would answer.
using Fib = std::function<long(bpf_fib_lookup&)>;

// What the program put into a ring buffer, as its reader finds it.
struct Record {
  std::string ring;
  Bytes bytes;
};

struct Run {
  std::uint32_t action = 0;      // enum xdp_action
  std::uint32_t redirected = 0;  // ifindex; of XDP_REDIRECT
  Bytes frame;                   // as it was left
  std::vector<Record> records;
};

class Machine {
 public:
  using Program = int (*)(xdp_md*);

  // The maps of `objects` (opened, not loaded), which share those of one name; `entries` by name
  // replaces what they say. Each is found in the program by its symbol. Throws
  // std::runtime_error where one is missing.
  Machine(const std::vector<const bpf_object*>& objects, const std::map<std::string, std::uint32_t>& entries);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Octets of the longest frame; what is behind them is cut off.
  static constexpr std::size_t kMost = 16384;

  // Runs the program over one frame that came in by `ifindex`. Aborts when a byte outside the
  // frame was changed.
  Run run(Program program, const Bytes& frame, std::uint32_t ifindex);

  Map& map(const std::string& name);
  template <class T>
  std::span<T> array(const std::string& name) {
    Map& m = map(name);
    if (!m.is_array() || (m.variable ? m.value_size % sizeof(T) != 0 : m.stride() != sizeof(T)))
      throw std::runtime_error(name + " is no array of such values");
    return {reinterpret_cast<T*>(m.array), m.variable ? m.value_size / sizeof(T) : m.entries};
  }
  void clear_maps();
  // All maps as they are now, and again as they were then.
  void keep_maps();
  void restore_maps();

  void set_now(std::uint64_t ns) { now_ = ns; }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  void set_fib(Fib fib) { fib_ = std::move(fib); }
  // Whether ring buffers have room.
  void set_room(bool room) { room_ = room; }

  // Helpers' side.
  static Machine& running();
  Map& at(const void* symbol);
  long adjust_head(xdp_md& ctx, int delta);
  long adjust_tail(xdp_md& ctx, int delta);
  std::uint32_t random();
  long fib(bpf_fib_lookup& params) { return fib_ ? fib_(params) : long{BPF_FIB_LKUP_RET_NOT_FWDED}; }
  void redirect(std::uint32_t ifindex) { redirected_ = ifindex; }
  // nullptr: there is no room in the ring.
  std::uint8_t* record(const void* ring, std::size_t size);
  void submit(const void* record);

 private:
  struct Reserved {
    std::string ring;
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size = 0;
    bool submitted = false;
  };
  void add_map(const bpf_map* m, const std::map<std::string, std::uint32_t>& entries);
  void fence(const xdp_md& ctx);
  void unfence();

  std::map<const void*, Map> maps_;
  std::vector<Reserved> records_;  // of ring buffers, until the run is over
  bool room_ = true;
  std::uint8_t* page_ = nullptr;  // in the lowest 2 GiB: the context's pointers have 32 bits
  std::uint64_t now_ = 0;
  std::uint64_t random_ = 0;
  std::uint32_t redirected_ = 0;
  Fib fib_;
};

}  // namespace plenum::native
