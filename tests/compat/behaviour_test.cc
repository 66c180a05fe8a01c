// What real IPVS listed after traffic, each listing beside ours: the same set-up commands, and
// the numbers and connections that were there. That our own traffic leads to the same numbers is
// proved elsewhere, with packets.

#include <gtest/gtest.h>

#include <optional>
#include <span>

#include "director.h"
#include "recording.h"
#include "traffic.h"

namespace plenum::compat {
namespace {

struct Listing {
  std::size_t table;     // which of the tables that 00-setup.txt makes, "ipvsadm -C" between them
  std::size_t commands;  // how many of its commands came before
  const char* file;
  std::optional<Columns> counts{};  // none: a list of connections, or one without servers
};

constexpr std::size_t kAll = 99;

const Listing kBehave[] = {
    {0, kAll, "02-persist-Lnc.txt"},
    {0, kAll, "03-persist-conn.txt", Columns::Persistent},
    {0, kAll, "04-persist-Lnc-after200s.txt"},
    {1, kAll, "07-persist-mask24-Lnc.txt"},
    {3, kAll, "10-persist6-Lnc.txt"},
    {4, kAll, "14-port0-Lnc.txt"},
    {5, kAll, "17-fwm-list.txt", Columns::Connections},
    {6, kAll, "21-udp-Lnc.txt"},
    {6, kAll, "22-udp-list.txt", Columns::Connections},
    {7, kAll, "24-ops-Lnc.txt"},
    {7, kAll, "25-ops-list.txt", Columns::Connections},
    {7, kAll, "26-ops-stats.txt", Columns::Counters},
    {9, kAll, "29-thresholds-list.txt", Columns::Connections},
    {9, kAll, "30-thresholds-Ln.txt", Columns::Connections},
    {10, 5, "33-quiesce-list.txt", Columns::Connections},
    {10, kAll, "36-no-servers-list.txt"},
    {19, kAll, "46-state-established.txt"},
    {19, kAll, "47-state-closed.txt"},
    {19, kAll, "48-state-60s.txt"},
    {19, kAll, "49-state-130s.txt"},
};

const Listing kSip[] = {
    {0, kAll, "10-list.txt", Columns::Connections},
    {0, kAll, "11-persistent.txt", Columns::Persistent},
    {0, kAll, "12-save.txt"},
    {0, kAll, "13-Lnc.txt"},
    {0, kAll, "14-Lnc-pe.txt"},
    {0, kAll, "15-Lnc-after70s.txt"},
    {1, kAll, "21-ops-list.txt", Columns::Connections},
    {1, kAll, "22-ops-Lnc.txt"},
    {2, kAll, "25-six-Lnc.txt"},
};

std::vector<std::string> words_of(const std::string& command) {
  auto words = shell_words(command);
  words.erase(words.begin());
  return words;
}

std::vector<std::vector<Run>> tables(const std::string& scenario) {
  std::vector<std::vector<Run>> out(1);
  for (const auto& run : read_recording(scenario + "/00-setup.txt")) {
    if (run.command == "ipvsadm -C")
      out.emplace_back();
    else if (run.command.starts_with("ipvsadm "))
      out.back().push_back(run);
  }
  return out;
}

void expect_the_same(const std::string& scenario, std::span<const Listing> listings) {
  const auto made = tables(scenario);
  const TestNames names;
  for (const auto& listing : listings) {
    SCOPED_TRACE(listing.file);
    Director director;
    ASSERT_LT(listing.table, made.size());
    const auto& commands = made[listing.table];
    for (std::size_t i = 0; i < commands.size() && i < listing.commands; ++i) {
      const auto answer = run_ipvsadm(director, names, words_of(commands[i].command));
      EXPECT_EQ(answer.out + answer.err, "") << commands[i].command;
      EXPECT_EQ(answer.exit, commands[i].exit) << commands[i].command;
    }
    const auto run = read_recording(scenario + "/" + listing.file).at(0);
    if (listing.counts)
      give_counts(director, run.out, *listing.counts);
    else if (run.command.find(" -Lnc") != std::string::npos)
      director.set_connections(listed_connections(run.out));
    const auto answer = run_ipvsadm(director, names, words_of(run.command));
    EXPECT_EQ(answer.out, run.out);
    EXPECT_EQ(answer.exit, run.exit);
  }
}

TEST(Behaviour, ListingsAfterTrafficAreTheSame) { expect_the_same("behave", kBehave); }

TEST(Behaviour, ListingsAfterCallsAreTheSame) { expect_the_same("sip", kSip); }

}  // namespace
}  // namespace plenum::compat
