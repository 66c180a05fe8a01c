#pragma once
// A BPF array map as memory: the elements where the data plane reads and writes them. Words
// that both sides change go through shared(), the rest is plain.

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace plenum::lb {

template <class T>
class MappedArray {
 public:
  MappedArray() = default;
  MappedArray(MappedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  MappedArray& operator=(MappedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~MappedArray() {
    if (data_ != nullptr) ::munmap(data_, bytes());
  }

  // `fd`: a map of type ARRAY with BPF_F_MMAPABLE and `count` elements of T.
  static Result<MappedArray> map(int fd, std::uint32_t count) {
    MappedArray out;
    out.count_ = count;
    void* at = ::mmap(nullptr, out.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return fail_errno("map " + std::to_string(out.bytes()) + " bytes of a BPF array");
    out.data_ = static_cast<T*>(at);
    return out;
  }

  [[nodiscard]] std::span<T> span() const { return {data_, count_}; }
  T& operator[](std::size_t index) const { return data_[index]; }
  [[nodiscard]] std::uint32_t size() const { return count_; }

 private:
  static_assert(sizeof(T) % 8 == 0, "the kernel rounds elements up to 8 bytes");
  [[nodiscard]] std::size_t bytes() const {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (count_ * sizeof(T) + page - 1) / page * page;
  }

  T* data_ = nullptr;
  std::uint32_t count_ = 0;
};

// A word of a mapped element that the data plane reads or changes at the same time.
template <class Word>
std::atomic_ref<Word> shared(Word& word) {
  return std::atomic_ref<Word>(word);
}

}  // namespace plenum::lb
