#pragma once
// What main has another thread do: closures that go there through a ring, are carried out in their order
// and come back, so that everything main made is freed by main. Neither side waits for the other.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "rt/ring.h"

namespace plenum::failover {

template <class Target>
class Orders {
 public:
  // `back` is rung by the other thread when something was carried out.
  Orders(rt::Bell bell, const rt::Bell& back) : bell_(std::move(bell)), back_(back) {}
  ~Orders() {
    // Both threads are one by now.
    while (auto order = there_.pop()) delete *order;
    while (auto order = done_.pop()) delete *order;
  }

  // Main's. `after`, if any, is called in collect(), when `act` is done.
  void give(std::function<void(Target&)> act, std::function<void()> after = {}) {
    waiting_.push_back(std::make_unique<Order>(Order{std::move(act), std::move(after)}));
    send();
  }
  void collect() {
    while (auto order = done_.pop()) {
      const std::unique_ptr<Order> owned(*order);
      --under_way_;
      if (owned->after) owned->after();
    }
    send();
  }
  [[nodiscard]] bool idle() const { return under_way_ == 0 && waiting_.empty(); }

  // The other thread's: at most `most` of them. True when any was.
  bool carry_out(Target& target, int most) {
    bool any = false;
    while (most-- > 0) {
      const auto order = there_.pop();
      if (!order) return any;
      any = true;
      (*order)->act(target);
      // As many as may be under way have room there.
      done_.push(*order);
      back_.ring();
    }
    bell_.ring();
    return any;
  }
  [[nodiscard]] const rt::Bell& bell() const { return bell_; }

 private:
  struct Order {
    std::function<void(Target&)> act;
    std::function<void()> after;
  };
  static constexpr std::size_t kRoom = 1024;

  void send() {
    bool any = false;
    while (!waiting_.empty() && under_way_ < kRoom) {
      there_.push(waiting_.front().release());
      waiting_.pop_front();
      ++under_way_;
      any = true;
    }
    if (any) bell_.ring();
  }

  rt::Bell bell_;
  const rt::Bell& back_;
  rt::Ring<Order*> there_{kRoom}, done_{kRoom};
  std::deque<std::unique_ptr<Order>> waiting_;
  std::size_t under_way_ = 0;
};

}  // namespace plenum::failover
