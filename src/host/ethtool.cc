#include "host/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"

namespace plenum::host {

namespace {

// A kernel structure that ends in an array, with room for it.
template <class T>
class Sized {
 public:
  explicit Sized(std::size_t tail) : words_((sizeof(T) + tail + 7) / 8) {}
  T* get() { return reinterpret_cast<T*>(words_.data()); }
  T* operator->() { return get(); }

 private:
  std::vector<std::uint64_t> words_;
};

class Device {
 public:
  static Result<Device> open(const std::string& interface) {
    if (interface.empty() || interface.size() >= IFNAMSIZ) return fail(std::errc::no_such_device, interface);
    Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail_errno("open a socket");
    return Device(std::move(fd), interface);
  }

  Result<> ask(void* command) {
    ifreq request{};
    std::copy(interface_.begin(), interface_.end(), request.ifr_name);
    request.ifr_data = static_cast<char*>(command);
    if (::ioctl(fd_.get(), SIOCETHTOOL, &request) < 0) return fail_errno("ethtool " + interface_);
    return {};
  }

  // Names of the features; a feature's bit is its place in the list.
  Result<std::vector<std::string>> feature_names() {
    Sized<ethtool_sset_info> set(sizeof(std::uint32_t));
    set->cmd = ETHTOOL_GSSET_INFO;
    set->sset_mask = 1ull << ETH_SS_FEATURES;
    PLENUM_CHECK(ask(set.get()), "count the features");
    const std::uint32_t count = set->sset_mask ? set->data[0] : 0;
    Sized<ethtool_gstrings> strings(std::size_t{count} * ETH_GSTRING_LEN);
    strings->cmd = ETHTOOL_GSTRINGS;
    strings->string_set = ETH_SS_FEATURES;
    strings->len = count;
    PLENUM_CHECK(ask(strings.get()), "name the features");
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < std::min(count, strings->len); ++i) {
      const char* text = reinterpret_cast<const char*>(strings->data) + std::size_t{i} * ETH_GSTRING_LEN;
      out.emplace_back(text, ::strnlen(text, ETH_GSTRING_LEN));
    }
    return out;
  }

 private:
  Device(Fd fd, std::string interface) : fd_(std::move(fd)), interface_(std::move(interface)) {}

  Fd fd_;
  std::string interface_;
};

constexpr std::size_t blocks(std::size_t features) { return (features + 31) / 32; }

}  // namespace

Result<std::map<std::string, Offload>> read_offloads(const std::string& interface,
                                                     const std::vector<std::string>& names) {
  PLENUM_TRY(Device device, Device::open(interface), "read offloads");
  auto known = device.feature_names();
  if (!known) {
    if (known.error().code == std::errc::operation_not_supported) return std::map<std::string, Offload>();
    return tl::unexpected(std::move(known).error());
  }
  Sized<ethtool_gfeatures> features(blocks(known->size()) * sizeof(ethtool_get_features_block));
  features->cmd = ETHTOOL_GFEATURES;
  features->size = static_cast<std::uint32_t>(blocks(known->size()));
  PLENUM_CHECK(device.ask(features.get()), "read offloads");
  std::map<std::string, Offload> out;
  for (std::size_t i = 0; i < known->size(); ++i) {
    if (std::find(names.begin(), names.end(), (*known)[i]) == names.end()) continue;
    const ethtool_get_features_block& block = features->features[i / 32];
    const std::uint32_t bit = 1u << (i % 32);
    out[(*known)[i]] = {(block.active & bit) != 0, (block.never_changed & bit) != 0 || (block.available & bit) == 0};
  }
  return out;
}

Result<> set_offload(const std::string& interface, const std::string& name, bool on) {
  const std::string what = "turn " + name + " of " + interface + (on ? " on" : " off");
  PLENUM_TRY(Device device, Device::open(interface), what);
  PLENUM_TRY(const auto known, device.feature_names(), what);
  const auto at = std::find(known.begin(), known.end(), name);
  if (at == known.end()) return fail(std::errc::operation_not_supported, what + ": no such feature");
  const auto index = static_cast<std::size_t>(at - known.begin());
  Sized<ethtool_sfeatures> request(blocks(known.size()) * sizeof(ethtool_set_features_block));
  request->cmd = ETHTOOL_SFEATURES;
  request->size = static_cast<std::uint32_t>(blocks(known.size()));
  request->features[index / 32].valid = 1u << (index % 32);
  request->features[index / 32].requested = on ? 1u << (index % 32) : 0;
  PLENUM_CHECK(device.ask(request.get()), what);
  // The kernel reports success where another feature holds this one as it is.
  PLENUM_TRY(const auto now, read_offloads(interface, {name}), what);
  if (now.at(name).on != on) return fail(std::errc::operation_not_permitted, what + ": the device keeps it as it is");
  return {};
}

}  // namespace plenum::host
