#include "cli/top/model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/plenum/listing.h"

namespace plenum::cli {

namespace {

TopNumbers numbers_of(const lb::Rates& rates) {
  TopNumbers out;
  out.connections = static_cast<double>(rates.connections);
  out.in_packets = static_cast<double>(rates.in_packets);
  out.out_packets = static_cast<double>(rates.out_packets);
  out.in_bytes = static_cast<double>(rates.in_bytes);
  out.out_bytes = static_cast<double>(rates.out_bytes);
  return out;
}

// Counters that went back were zeroed: what they say now is of this time.
double per_second(std::uint64_t before, std::uint64_t now, double seconds) {
  return static_cast<double>(now >= before ? now - before : now) / seconds;
}

TopNumbers numbers_of(const lb::Counters& before, const lb::Counters& now, double seconds) {
  TopNumbers out;
  out.connections = per_second(before.connections, now.connections, seconds);
  out.in_packets = per_second(before.in_packets, now.in_packets, seconds);
  out.out_packets = per_second(before.out_packets, now.out_packets, seconds);
  out.in_bytes = per_second(before.in_bytes, now.in_bytes, seconds);
  out.out_bytes = per_second(before.out_bytes, now.out_bytes, seconds);
  return out;
}

double measure(const TopNumbers& n, TopOrder order) {
  switch (order) {
    case TopOrder::Connections:
      return n.connections;
    case TopOrder::Packets:
      return n.in_packets + n.out_packets;
    case TopOrder::Bytes:
      return n.in_bytes + n.out_bytes;
    case TopOrder::Weight:
      return static_cast<double>(n.weight);
    case TopOrder::Active:
      return static_cast<double>(n.active);
    case TopOrder::Name:
      break;
  }
  return 0;
}

template <class Row>
void sort_rows(std::vector<Row>& rows, TopOrder order, bool reverse) {
  // Equal ones stand by name whatever the direction, so that an idle screen keeps still.
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    const auto x = measure(a.numbers, order), y = measure(b.numbers, order);
    if (x != y) return reverse ? x < y : x > y;
    return order == TopOrder::Name && reverse ? a.name > b.name : a.name < b.name;
  });
}

}  // namespace

TopNumbers& TopNumbers::operator+=(const TopNumbers& other) {
  weight += other.weight;
  active += other.active;
  inactive += other.inactive;
  connections += other.connections;
  in_packets += other.in_packets;
  out_packets += other.out_packets;
  in_bytes += other.in_bytes;
  out_bytes += other.out_bytes;
  return *this;
}

void TopModel::add(const std::vector<lb::ServiceStatus>& services, TimePoint now) {
  const auto seconds = std::chrono::duration<double>(now - at_).count();
  std::map<Name, lb::Counters> seen;
  const auto rates = [&](const Name& name, const lb::Counters& counters, const lb::Rates& averages) {
    seen[name] = counters;
    const auto before = before_.find(name);
    return before != before_.end() && seconds > 0 ? numbers_of(before->second, counters, seconds)
                                                  : numbers_of(averages);
  };
  services_.clear();
  for (const auto& status : services) {
    TopService service{called(status.service), rates({status.service.key, {}}, status.counters, status.rates), {}};
    for (const auto& server : status.servers) {
      TopServer row{called(server.server),
                    rates({status.service.key, server.server.key}, server.counters, server.rates)};
      row.numbers.weight = server.out ? 0 : server.server.weight;
      row.numbers.active = server.active;
      row.numbers.inactive = server.inactive;
      service.numbers.weight += row.numbers.weight;
      service.numbers.active += row.numbers.active;
      service.numbers.inactive += row.numbers.inactive;
      service.servers.push_back(std::move(row));
    }
    services_.push_back(std::move(service));
  }
  before_ = std::move(seen);
  at_ = now;
}

std::vector<TopService> TopModel::sorted(TopOrder order, bool reverse) const {
  auto out = services_;
  for (auto& service : out) sort_rows(service.servers, order, reverse);
  sort_rows(out, order, reverse);
  return out;
}

TopNumbers TopModel::total() const {
  TopNumbers sum;
  for (const auto& service : services_) sum += service.numbers;
  return sum;
}

std::size_t TopModel::servers() const {
  std::size_t sum = 0;
  for (const auto& service : services_) sum += service.servers.size();
  return sum;
}

bool next_key(std::string& input, char& c, TopKey& key) {
  struct Sequence {
    const char* bytes;
    TopKey key;
  };
  static constexpr Sequence kSequences[] = {
      {"\x1b[A", TopKey::Up},      {"\x1bOA", TopKey::Up},        {"\x1b[B", TopKey::Down}, {"\x1bOB", TopKey::Down},
      {"\x1b[5~", TopKey::PageUp}, {"\x1b[6~", TopKey::PageDown}, {"\x1b[H", TopKey::Home}, {"\x1bOH", TopKey::Home},
      {"\x1b[1~", TopKey::Home},   {"\x1b[F", TopKey::End},       {"\x1bOF", TopKey::End},  {"\x1b[4~", TopKey::End},
  };
  c = 0;
  key = TopKey::None;
  if (input.empty()) return false;
  if (input[0] != '\x1b') {
    c = input[0];
    input.erase(0, 1);
    return true;
  }
  for (const auto& sequence : kSequences) {
    const std::string bytes = sequence.bytes;
    if (input.starts_with(bytes)) {
      key = sequence.key;
      input.erase(0, bytes.size());
      return true;
    }
    if (bytes.starts_with(input)) return false;  // its end may still come
  }
  // A sequence nobody here knows ends with a letter or a tilde.
  const auto end =
      input.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz~", input.size() > 2 ? 2 : 1);
  input.erase(0, end == std::string::npos ? input.size() : end + 1);
  return true;
}

void press(TopView& view, char c, TopKey key, std::size_t page, std::size_t rows) {
  struct Choice {
    char c;
    TopOrder order;
  };
  static constexpr Choice kChoices[] = {{'c', TopOrder::Connections}, {'p', TopOrder::Packets},
                                        {'b', TopOrder::Bytes},       {'w', TopOrder::Weight},
                                        {'n', TopOrder::Name},        {'a', TopOrder::Active}};
  for (const auto& choice : kChoices)
    if (choice.c == c) view.order = choice.order;
  if (c == 'r') view.reverse = !view.reverse;
  if (c == 's') view.servers = !view.servers;
  if (c == 'q' || c == 'Q' || c == '\x03') view.quit = true;
  const auto last = rows > page ? rows - page : 0;
  const auto step = std::max<std::size_t>(page, 2) - 1;  // a row of the old page stays in sight
  if (key == TopKey::Up && view.scroll > 0) --view.scroll;
  if (key == TopKey::Down) ++view.scroll;
  if (key == TopKey::PageUp) view.scroll -= std::min(view.scroll, step);
  if (key == TopKey::PageDown || c == ' ') view.scroll += step;
  if (key == TopKey::Home) view.scroll = 0;
  if (key == TopKey::End) view.scroll = last;
  view.scroll = std::min(view.scroll, last);
}

std::string short_number(double value) {
  constexpr const char* kUnits[] = {"", "k", "M", "G", "T", "P", "E"};
  unsigned unit = 0;
  while (value >= 999.5 && unit < 6) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  const bool tenths = value < 9.95 && (unit > 0 || (value > 0 && value != std::floor(value)));
  std::snprintf(text, sizeof text, tenths ? "%.1f%s" : "%.0f%s", value, kUnits[unit]);
  return text;
}

}  // namespace plenum::cli
