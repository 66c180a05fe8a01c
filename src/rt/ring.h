#pragma once
// From one thread to one other without a lock: a ring of fixed size, and an eventfd that the other end may
// wait for. Neither end ever waits for the other: push() says that there was no room.

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace plenum::rt {

// What another thread waits for: any number of ring()s before a hush() are one.
class Bell {
 public:
  static Result<Bell> make() {
    Fd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!fd) return fail_errno("eventfd");
    return Bell(std::move(fd));
  }
  void ring() const {
    const std::uint64_t one = 1;
    // Full after 2^64 rings only, and then it is heard.
    [[maybe_unused]] const auto done = ::write(fd_.get(), &one, sizeof one);
  }
  void hush() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto done = ::read(fd_.get(), &count, sizeof count);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Bell(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

template <class T>
class Ring {
 public:
  // Room for `size` values, a power of two.
  explicit Ring(std::size_t size) : slots_(size) {}

  // The sending thread. False, and nothing done, where there is no room.
  bool push(T value) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return false;
    slots_[tail & (slots_.size() - 1)] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  // The receiving thread.
  std::optional<T> pop() {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> out(std::move(slots_[head & (slots_.size() - 1)]));
    head_.store(head + 1, std::memory_order_release);
    return out;
  }

 private:
  std::vector<T> slots_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace plenum::rt
