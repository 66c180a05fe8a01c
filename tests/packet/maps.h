#pragma once
// The kernel's maps as memory and values: a mmap-ed array, and per-CPU arrays summed up.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace plenum::packet {

// A BPF array map in this process's memory. The map outlives it.
template <class T>
class MappedArray {
 public:
  // An array, or a variable that is one (PL_FIXED).
  explicit MappedArray(const bpf_map* map)
      : count_(bpf_map__max_entries(map) * (bpf_map__value_size(map) / sizeof(T))) {
    if (bpf_map__value_size(map) % sizeof(T) != 0)
      throw std::runtime_error(std::string(bpf_map__name(map)) + ": values are not of the expected size");
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    length_ = (count_ * sizeof(T) + page - 1) / page * page;
    void* at = ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (at == MAP_FAILED)
      throw std::runtime_error(std::string("mmap ") + bpf_map__name(map) + ": " + std::strerror(errno));
    values_ = static_cast<T*>(at);
  }
  ~MappedArray() { ::munmap(values_, length_); }
  MappedArray(const MappedArray&) = delete;
  MappedArray& operator=(const MappedArray&) = delete;

  T& operator[](std::size_t i) {
    if (i >= count_) throw std::out_of_range("map index " + std::to_string(i));
    return values_[i];
  }
  [[nodiscard]] std::span<T> span() { return {values_, count_}; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::span<const T> span() const { return {values_, count_}; }
  void clear() { std::memset(static_cast<void*>(values_), 0, count_ * sizeof(T)); }

 private:
  std::size_t count_;
  std::size_t length_ = 0;
  T* values_ = nullptr;
};

// One element of a per-CPU array: a value for each possible CPU. T must be a multiple of
// 8 octets, which is how the kernel spaces them.
template <class T>
std::vector<T> read_per_cpu(const bpf_map* map, std::uint32_t index) {
  static_assert(sizeof(T) % 8 == 0);
  std::vector<T> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  if (bpf_map_lookup_elem(bpf_map__fd(map), &index, values.data()) != 0)
    throw std::runtime_error(std::string("read ") + bpf_map__name(map));
  return values;
}

template <class T>
void clear_per_cpu(const bpf_map* map) {
  const std::vector<T> zero(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (std::uint32_t i = 0; i < bpf_map__max_entries(map); ++i)
    if (bpf_map_update_elem(bpf_map__fd(map), &i, zero.data(), BPF_ANY) != 0)
      throw std::runtime_error(std::string("clear ") + bpf_map__name(map));
}

}  // namespace plenum::packet
