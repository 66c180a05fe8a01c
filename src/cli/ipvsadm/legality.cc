#include "cli/ipvsadm/legality.h"

#include <iterator>

namespace plenum::cli::ipvsadm {

namespace {

// clang-format off
constexpr std::string_view kColumnNames[] = {
    "numeric",     "connection",      "service-address", "scheduler",       "persistent", "netmask",     "real-server",
    "forwarding-method", "weight",    "u-threshold",     "l-threshold",     "mcast-interface", "timeout", "daemon",
    "stats",       "rate",            "thresholds",      "persistent-conn", "nosort",     "syncid",      "exact",
    "ops",         "pe",              "sched-flags",     "mcast-group",     "mcast-port", "mcast-ttl",   "sync-maxlen",
    "tun-info",    "tun-type",        "tun-port",        "tun-nocsum",      "tun-csum",   "tun-remcsum"};
// clang-format on
static_assert(std::size(kColumnNames) == kColumns);

struct Row {
  std::string_view name;
  // A character a column: '+' must be given, 'x' must not, '1' at most one of those, ' ' may be.
  std::string_view rule;
};

// Rows in the order of Verb. Columns:
//   -n -c svc -s -p -M -r fwd -w -x -y mcast timeout daemon stats rate thresholds
//   persistent-conn nosort syncid exact ops pe -b group port ttl maxlen tun-info type port nocsum csum remcsum
constexpr Row kCommands[] = {
    {"add-service", "xx+   xxxxxxxxxxxxxxx   xxxxxxxxxx"},
    {"edit-service", "xx+   xxxxxxxxxxxxxxx   xxxxxxxxxx"},
    {"delete-service", "xx+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"flush", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"list", " 11xxxxxxxxx11       xxxxxxx xxxxx"},
    {"add-server", "xx+xxx+    xxxxxxxxxxxxxxxxxx     "},
    {"delete-server", "xx+xxx+xxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"edit-server", "xx+xxx+    xxxxxxxxxxxxxxxxxx     "},
    {"set", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"start-daemon", "xxxxxxxxxxx xxxxxxx xxxx    xxxxxx"},
    {"stop-daemon", "xxxxxxxxxxxxxxxxxxx xxxxxxxxxxxxxx"},
    {"restore", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"save", " xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"zero", "xx xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
};
static_assert(std::size(kCommands) == static_cast<std::size_t>(Verb::Help));

// Rows in the order of conf::TunnelType. Columns: tun-port tun-nocsum tun-csum tun-remcsum.
constexpr Row kTunnels[] = {{"ipip", "xxxx"}, {"gue", "+111"}, {"gre", "x11x"}};

constexpr bool widths_are(const Row* rows, std::size_t count, std::size_t width) {
  for (std::size_t i = 0; i < count; ++i)
    if (rows[i].rule.size() != width) return false;
  return true;
}
static_assert(widths_are(kCommands, std::size(kCommands), kColumns));
static_assert(widths_are(kTunnels, std::size(kTunnels), 4));

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// `first` is the column of the rule's first character, `kind` what the row's name is.
std::optional<std::string> check(const Row& row, Column first, std::string_view kind, const Given& given) {
  const std::string of_row = " the " + quoted(row.name) + ' ' + std::string(kind);
  std::optional<Column> exclusive;
  for (std::size_t i = 0; i < row.rule.size(); ++i) {
    const auto column = static_cast<Column>(static_cast<std::size_t>(first) + i);
    const std::string option = quoted(name_of(column));
    if (!given.has(column)) {
      if (row.rule[i] == '+') return "You need to supply the " + option + " option for" + of_row;
    } else if (row.rule[i] == 'x') {
      return "Illegal " + option + " option with" + of_row;
    } else if (row.rule[i] == '1') {
      if (exclusive)
        return "The option " + option + " conflicts with the " + quoted(name_of(*exclusive)) + " option in" + of_row;
      exclusive = column;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Column column) { return kColumnNames[static_cast<std::size_t>(column)]; }

std::optional<std::string> check_command(Verb verb, const Given& given) {
  return check(kCommands[static_cast<std::size_t>(verb)], Column::Numeric, "command", given);
}

std::optional<std::string> check_tunnel(conf::TunnelType type, const Given& given) {
  return check(kTunnels[static_cast<std::size_t>(type)], Column::TunPort, "tunnel type", given);
}

}  // namespace plenum::cli::ipvsadm
