#pragma once
// What `plenum top` shows as values: services and servers with what they do a second, made
// from the counters of two listings; and how the user looks at them. Pure: no clock, no screen.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lb/status.h"

namespace plenum::cli {

struct TopNumbers {
  std::int64_t weight = 0;  // of a service: its servers' together
  std::uint64_t active = 0, inactive = 0;
  // A second.
  double connections = 0, in_packets = 0, out_packets = 0, in_bytes = 0, out_bytes = 0;
  TopNumbers& operator+=(const TopNumbers& other);
};

struct TopServer {
  std::string name;
  TopNumbers numbers;
};

struct TopService {
  std::string name;
  TopNumbers numbers;
  std::vector<TopServer> servers;
};

// What rows are ordered by, the greatest first (names: the first in the alphabet).
enum class TopOrder { Connections, Packets, Bytes, Weight, Name, Active };

class TopModel {
 public:
  // A listing as of `now`. Rates are those since the last one; of what was not there then, and
  // of the first listing, the daemon's own averages.
  void add(const std::vector<lb::ServiceStatus>& services, TimePoint now);
  // Services in order, each with its servers in the same order.
  [[nodiscard]] std::vector<TopService> sorted(TopOrder order, bool reverse) const;
  [[nodiscard]] const std::vector<TopService>& services() const { return services_; }
  [[nodiscard]] TopNumbers total() const;
  [[nodiscard]] std::size_t servers() const;

 private:
  using Name = std::pair<conf::ServiceKey, conf::ServerKey>;  // a service's own: the second empty
  std::vector<TopService> services_;
  std::map<Name, lb::Counters> before_;
  TimePoint at_{};
};

// How the user looks: changed by keys.
struct TopView {
  TopOrder order = TopOrder::Bytes;
  bool reverse = false;
  bool servers = true;
  std::size_t scroll = 0;  // rows above the first shown
  bool quit = false;
};

enum class TopKey { None, Up, Down, PageUp, PageDown, Home, End };

// Takes the first key out of what a terminal sent: a character, or one of the others with
// `c` 0. False: `input` holds no whole key.
bool next_key(std::string& input, char& c, TopKey& key);
// What a key does; `page` rows are on the screen, `rows` there are.
void press(TopView& view, char c, TopKey key, std::size_t page, std::size_t rows);

// "812", "1.2k", "15M": three digits at most, decimal steps.
std::string short_number(double value);

}  // namespace plenum::cli
