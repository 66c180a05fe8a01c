// The recorded scenarios, step by step against a table of our own: each step must print and
// answer what the real IPVS did.
//
// By name, because the step was more than one command: the restores and
// errors/87 to 90.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "director.h"
#include "recording.h"
#include "traffic.h"

namespace plenum::compat {
namespace {

bool is_step(const Run& run, std::initializer_list<const char*> steps) {
  return std::any_of(steps.begin(), steps.end(), [&](const char* step) { return run.where.starts_with(step); });
}

std::string recorded_output(const std::string& file) { return read_recording(file).at(0).out; }

void expect_equal(const Run& run, const Answer& answer) {
  const std::string where = run.where + ": " + run.command;
  if (run.err_marked) {
    EXPECT_EQ(answer.out, run.out) << where;
    EXPECT_EQ(answer.err, run.err) << where;
  } else {
    EXPECT_EQ(answer.out + answer.err, run.out) << where;
  }
  EXPECT_EQ(answer.exit, run.exit) << where;
}

Answer replay(Director& director, const TestNames& names, const Run& run, const std::string& input = "") {
  auto words = shell_words(run.command);
  EXPECT_EQ(words.at(0), "ipvsadm") << run.where;
  words.erase(words.begin());
  return run_ipvsadm(director, names, words, input);
}

// Text without the version line's differences and with services (a line with the lines of its
// servers) in alphabetical order: IPVS's unsorted order is that of its hash table.
std::string in_any_service_order(const std::string& listing) {
  std::vector<std::string> blocks(1);
  std::istringstream in(listing);
  for (std::string line; std::getline(in, line);) {
    const bool of_service = line.starts_with("  -> ") && !line.starts_with("  -> RemoteAddress");
    if (!of_service) blocks.emplace_back();
    blocks.back() += line + '\n';
  }
  std::sort(blocks.begin(), blocks.end());
  std::string text;
  for (const auto& block : blocks) text += block;
  return text;
}

const std::map<std::string, std::string> kListHosts = {{"www.example.org", "10.0.1.100"},
                                                       {"www6.example.org", "fd01::100"},
                                                       {"rs1.example.org", "10.0.2.11"},
                                                       {"rs2.example.org", "10.0.2.12"}};

TEST(Listings, ListScenario) {
  Director director;
  const TestNames names(kListHosts);
  int replayed = 0;
  for (const auto& run : read_scenario("list")) {
    if (is_step(run, {"list/51", "list/59", "list/60"})) continue;
    if (run.where == "list/00-setup.txt" && run.command == "ipvsadm -C") continue;  // of list/59 and 61
    if (is_step(run, {"list/15"})) {
      give_counts(director, run.out, Columns::Connections);
      give_counts(director, recorded_output("list/19-Ln-stats-exact.txt"), Columns::Counters);
      director.set_connections(proc_connections(recorded_output("list/51-proc-ip_vs_conn.txt")));
    }
    // Rates move between two recordings.
    if (is_step(run, {"list/18", "list/20"})) give_counts(director, run.out, Columns::Rates);
    if (is_step(run, {"list/22"})) give_counts(director, run.out, Columns::Persistent);
    if (is_step(run, {"list/61"})) {
      const Answer cleared = run_ipvsadm(director, names, {"-C"});
      EXPECT_EQ(cleared.exit, 0);
    }
    const Answer answer = replay(director, names, run);
    ++replayed;
    if (is_step(run, {"list/03"}))
      EXPECT_EQ(in_any_service_order(answer.out), in_any_service_order(run.out)) << run.where;
    else
      expect_equal(run, answer);
  }
  EXPECT_GT(replayed, 100);
}

TEST(Listings, ErrorsScenario) {
  Director director;
  const TestNames names;
  int replayed = 0;
  for (const auto& run : read_scenario("errors")) {
    if (is_step(run, {"errors/87", "errors/88", "errors/89"})) continue;
    if (is_step(run, {"errors/90"})) {
      const std::string rules = "-A -t 10.0.1.210:80 -s rr\nbogus\n-a -t 10.0.1.210:80 -r 10.0.2.11:80 -m\n";
      expect_equal(run, run_ipvsadm(director, names, {"-R"}, rules));
    } else {
      expect_equal(run, replay(director, names, run));
    }
    ++replayed;
    // The weights' server was removed after each of them; an error when there was none.
    if (run.command.find(" -r 10.0.2.12:80 -m -w ") != std::string::npos)
      run_ipvsadm(director, names, {"-d", "-t", "10.0.1.100:80", "-r", "10.0.2.12:80"});
  }
  EXPECT_GT(replayed, 85);
}

TEST(Listings, NoPermission) {
  Director director;
  director.refuse_connections(fail(std::errc::permission_denied, "/run/plenum/lbd.sock: Permission denied").value());
  const TestNames names;
  for (const char* file :
       {"errors/87-noperm-list.txt", "errors/88-noperm-add.txt", "errors/89-noperm-drop-netadmin.txt"}) {
    auto run = read_recording(file).at(0);
    run.command.erase(0, run.command.find("ipvsadm"));
    expect_equal(run, replay(director, names, run));
  }
}

TEST(Listings, ModulesScenario) {
  Director director;
  const TestNames names;
  const auto without_version_line = [](const std::string& text) {
    EXPECT_TRUE(text.starts_with("ipvsadm v1.31 2019/12/24 (compiled with ")) << text;
    EXPECT_THAT(text.substr(0, text.find('\n')), testing::EndsWith(" and IPVS v1.2.1)"));
    return text.substr(text.find('\n'));
  };
  for (const auto& run : read_scenario("modules")) {
    const Answer answer = replay(director, names, run);
    if (is_step(run, {"modules/22", "modules/23"})) {
      EXPECT_EQ(without_version_line(answer.out), without_version_line(run.out));
      EXPECT_EQ(answer.exit, 0);
    } else {
      expect_equal(run, answer);
    }
  }
}

TEST(Listings, TunnelsScenario) {
  Director director;
  const TestNames names;
  // The steps between are traffic, and lists that count it: tests/vm plays those.
  for (const char* file : {"tunnels/00-setup.txt", "tunnels/21-save.txt", "tunnels/22-Lnc.txt"})
    for (const auto& run : read_recording(file)) {
      if (is_step(run, {"tunnels/22"})) director.set_connections(listed_connections(run.out));
      expect_equal(run, replay(director, names, run));
    }
}

TEST(Listings, RestoreOfASavedTableSavesTheSame) {
  const TestNames names(kListHosts);
  for (const char* file : {"list/05-Sn.txt", "list/06-S.txt"}) {
    const std::string saved = recorded_output(file);
    const bool numeric = std::string(file) == "list/05-Sn.txt";
    // A saved table may hold IPv6 names, which no ipvsadm reads back.
    if (!numeric) {
      Director director;
      const Answer refused = run_ipvsadm(director, names, {"-R"}, saved);
      EXPECT_EQ(refused.err, "illegal virtual server address[:port] specified\n");
      EXPECT_EQ(refused.exit, 2);
      continue;
    }
    Director director;
    const Answer restored = run_ipvsadm(director, names, {"-R"}, saved);
    EXPECT_EQ(restored.out + restored.err, "");
    EXPECT_EQ(restored.exit, 0);
    EXPECT_EQ(run_ipvsadm(director, names, {"-Sn"}).out, saved);
    EXPECT_EQ(run_ipvsadm(director, names, {"-n"}, "", "ipvsadm-save").out, saved);
  }
}

TEST(Listings, IpvsadmRestoreReplacesTheTable) {
  const TestNames names;
  Director director;
  ASSERT_EQ(run_ipvsadm(director, names, {"-A", "-t", "10.9.9.9:80"}).exit, 0);
  const std::string saved = recorded_output("list/05-Sn.txt");
  const Answer restored =
      run_ipvsadm(director, names, {}, "# rules of the web\n" + saved + "\n", "/sbin/ipvsadm-restore");
  EXPECT_EQ(restored.out + restored.err, "");
  EXPECT_EQ(restored.exit, 0);
  EXPECT_EQ(run_ipvsadm(director, names, {"-S", "-n"}).out, saved);
}

}  // namespace
}  // namespace plenum::compat
