#pragma once
// What the halves of write_yaml() have in common: maps to which only that is added which is not there anyway.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "conf/command.h"
#include "conf/config.h"
#include "conf/yaml_out.h"

namespace plenum::conf {

// A mapping of keys; each adder leaves out what `otherwise` says.
class KeysOut {
 public:
  KeysOut(std::string where, std::vector<std::string>& lost) : where_(std::move(where)), lost_(lost) {}

  void text(std::string_view key, const std::string& value, std::string_view otherwise = {});
  // As `key` where they are text, else as `key`_hex.
  void bytes(const std::string& key, const std::string& value);
  template <class T>
  void number(std::string_view key, T value, T otherwise, std::int64_t least = INT64_MIN,
              std::int64_t most = INT64_MAX) {
    if (value == otherwise) return;
    map_.add(key, YamlOut::number(limited(key, static_cast<std::int64_t>(value), least, most)));
  }
  template <class T>
  void number(std::string_view key, const std::optional<T>& value, std::int64_t least = INT64_MIN,
              std::int64_t most = INT64_MAX) {
    if (value) map_.add(key, YamlOut::number(limited(key, static_cast<std::int64_t>(*value), least, most)));
  }
  void flag(std::string_view key, bool value, bool otherwise) {
    if (value != otherwise) map_.add(key, YamlOut::flag(value));
  }
  // Milliseconds at the finest.
  void interval(std::string_view key, Duration value, Duration otherwise, Duration least, Duration most);
  void interval(std::string_view key, const std::optional<Duration>& value, Duration most) {
    if (value) interval(key, *value, Duration(-1), {}, most);
  }
  void seconds(std::string_view key, std::int64_t value, std::int64_t otherwise) {
    if (value != otherwise) map_.add(key, YamlOut::plain(std::to_string(value) + "s"));
  }
  void address(std::string_view key, const std::optional<net::Address>& value) {
    if (value) map_.add(key, YamlOut::text(value->text()));
  }
  void prefix(std::string_view key, const std::optional<net::Prefix>& value) {
    if (value) map_.add(key, YamlOut::text(value->text()));
  }
  void command(std::string_view key, const Command& value);
  // Of maps and lists: unless they are empty.
  void part(std::string_view key, YamlOut value) {
    if (!value.empty()) map_.add(key, std::move(value));
  }
  void must(std::string_view key, YamlOut value) { map_.add(key, std::move(value)); }
  void lose(const std::string& what) { lost_.push_back(where_ + ": " + what); }

  [[nodiscard]] const std::string& where() const { return where_; }
  std::vector<std::string>& lost() { return lost_; }
  YamlOut take() { return std::move(map_); }

 private:
  std::int64_t limited(std::string_view key, std::int64_t value, std::int64_t least, std::int64_t most);

  std::string where_;
  std::vector<std::string>& lost_;
  YamlOut map_ = YamlOut::map();
};

YamlOut texts_out(const std::vector<std::string>& texts);
// "1500ms", "3s".
std::string interval_out(Duration value);

// Of write_failover.cc.
YamlOut vip_out(const Vip& vip, const VirtualRouter* router, std::vector<std::string>& lost);
YamlOut failover_out(const Vrrp& vrrp, std::vector<std::string>& lost);
YamlOut bfd_out(const Vrrp& vrrp, std::vector<std::string>& lost);
// Of write_services.cc: `l4:`.
YamlOut services_out(const Config& config, std::vector<std::string>& lost);

}  // namespace plenum::conf
