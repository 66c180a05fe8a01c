#pragma once
// Values kept in order of addition and found by key in constant time. References stay valid
// until their value is removed; a copy is a deep copy, which is what a trial run needs.

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace plenum::lb {

template <class Key, class Value, class Hash>
class OrderedIndex {
  using Rows = std::map<std::uint64_t, Value>;

  template <class Base, class Ref>
  struct Iterator {
    Base at;
    Ref operator*() const { return at->second; }
    Iterator& operator++() { return ++at, *this; }
    bool operator==(const Iterator&) const = default;
  };

 public:
  [[nodiscard]] auto begin() { return Iterator<typename Rows::iterator, Value&>{rows_.begin()}; }
  [[nodiscard]] auto end() { return Iterator<typename Rows::iterator, Value&>{rows_.end()}; }
  [[nodiscard]] auto begin() const { return Iterator<typename Rows::const_iterator, const Value&>{rows_.begin()}; }
  [[nodiscard]] auto end() const { return Iterator<typename Rows::const_iterator, const Value&>{rows_.end()}; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  [[nodiscard]] Value* find(const Key& key) {
    const auto at = order_.find(key);
    return at == order_.end() ? nullptr : &rows_.at(at->second);
  }
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto at = order_.find(key);
    return at == order_.end() ? nullptr : &rows_.at(at->second);
  }
  // The caller has made sure that the key is not there.
  Value& add(const Key& key, Value value) {
    order_.emplace(key, next_);
    return rows_.emplace(next_++, std::move(value)).first->second;
  }
  bool remove(const Key& key) {
    const auto at = order_.find(key);
    if (at == order_.end()) return false;
    rows_.erase(at->second);
    order_.erase(at);
    return true;
  }
  void clear() {
    rows_.clear();
    order_.clear();
  }

 private:
  Rows rows_;
  std::unordered_map<Key, std::uint64_t, Hash> order_;
  std::uint64_t next_ = 0;
};

}  // namespace plenum::lb
