#include "lb/fragment_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace plenum::lb {

FragmentKey fragment_key(const pl_fragment_key& key) {
  FragmentKey out;
  std::memcpy(out.data(), &key, sizeof key);
  return out;
}

bool FragmentStore::keep(const FragmentKey& key, HeldFragment fragment) {
  if (fragments_ >= limits_.fragments || bytes_ + fragment.frame.size() > limits_.bytes) return false;
  const auto at = datagrams_.find(key);
  if (at != datagrams_.end() && at->second.size() >= limits_.of_one_datagram) return false;
  ++fragments_;
  bytes_ += fragment.frame.size();
  datagrams_[key].push_back(std::move(fragment));
  return true;
}

void FragmentStore::forget(const HeldFragment& fragment) {
  --fragments_;
  bytes_ -= fragment.frame.size();
}

std::vector<HeldFragment> FragmentStore::take(const FragmentKey& key) {
  const auto at = datagrams_.find(key);
  if (at == datagrams_.end()) return {};
  auto out = std::move(at->second);
  datagrams_.erase(at);
  for (const auto& fragment : out) forget(fragment);
  return out;
}

std::size_t FragmentStore::expire(TimePoint now) {
  const auto before = fragments_;
  for (auto at = datagrams_.begin(); at != datagrams_.end();) {
    std::erase_if(at->second, [&](const HeldFragment& fragment) {
      if (fragment.until > now) return false;
      forget(fragment);
      return true;
    });
    at = at->second.empty() ? datagrams_.erase(at) : std::next(at);
  }
  return before - fragments_;
}

std::vector<FragmentKey> FragmentStore::keys() const {
  std::vector<FragmentKey> out;
  out.reserve(datagrams_.size());
  for (const auto& [key, fragments] : datagrams_) out.push_back(key);
  return out;
}

}  // namespace plenum::lb
