#include "host/record.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "host/host_test_view.h"

namespace plenum::host {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const net::Address kVip = address("192.0.2.10"), kVip6 = address("2001:db8::10");
const Persistence kPersistence{kRealserverName, "test", {"plenum"}, true};
const RealserverSpec kSpec{{kVip, kVip6}, {"eth0"}, {true, {}}};

TEST(Undo, PutsBackExactlyWhatWasThere) {
  View view = fresh_view();
  view.links[0].up = false;
  view.sysctls["net/ipv4/conf/all/arp_ignore"] = 3;
  view.sysctls["net/ipv4/conf/all/rp_filter"] = 1;
  view.sysctls["net/ipv4/conf/eth0/rp_filter"] = 1;
  view.files["/etc/sysctl.d/90-plenum-realserver.conf"] = "# the operator's own\n";
  const auto actions = plan_realserver(kSpec, view, &kPersistence);
  const Record record = remember({}, actions, view);
  const View done = after(view, actions);
  expect_same(after(done, undo(record, done)), view);
}

TEST(Undo, LeavesAVipThatWasThereBefore) {
  View view = after(fresh_view(), {AddAddress{"lo", prefix("192.0.2.10/32")}});
  const auto actions = plan_realserver(kSpec, view, nullptr);
  const View done = after(view, actions);
  expect_same(after(done, undo(remember({}, actions, view), done)), view);
}

TEST(Undo, DoesNothingASecondTime) {
  const View view = fresh_view();
  const auto actions = plan_realserver(kSpec, view, &kPersistence);
  EXPECT_THAT(texts(undo(remember({}, actions, view), view)), IsEmpty());
}

TEST(Undo, TakesTheVipAwayBeforeArpAnswersAgain) {
  const View view = fresh_view();
  const auto actions = plan_realserver(kSpec, view, nullptr);
  const View done = after(view, actions);
  bool answering = false;
  for (const Action& action : undo(remember({}, actions, view), done)) {
    if (const auto* set = std::get_if<SetSysctl>(&action)) answering |= set->path.ends_with("arp_ignore");
    EXPECT_FALSE(answering && std::holds_alternative<RemoveAddress>(action));
  }
  EXPECT_TRUE(answering);
}

TEST(Undo, PutsBackOffloadsAndWhatForwardingReset) {
  View view = fresh_view();
  view.offloads["eth0"] = {{"rx-lro", {true, false}}, {"rx-vlan-hw-parse", {false, false}}};
  view.sysctls["net/ipv4/conf/all/accept_redirects"] = 1;
  const auto actions = plan_director({{"eth0"}, false}, view, nullptr);
  const Record record = remember({}, actions, view);
  const View done = after(view, actions);
  const auto back = undo(record, done);
  expect_same(after(done, back), view);
  // ip_forward resets conf/all/accept_redirects, so it must not come after it.
  const auto place = [&](const std::string& path) {
    return std::find_if(back.begin(), back.end(),
                        [&](const Action& a) {
                          const auto* set = std::get_if<SetSysctl>(&a);
                          return set && set->path == path;
                        }) -
           back.begin();
  };
  EXPECT_LT(place("net/ipv4/ip_forward"), place("net/ipv4/conf/all/accept_redirects"));
}

TEST(Record, KeepsTheFirstOriginals) {
  const View view = fresh_view();
  Record record = remember({}, {SetSysctl{"net/ipv4/ip_forward", 0, 1}, WriteFile{"/etc/x", "ours"}}, view);
  View later = view;
  later.files["/etc/x"] = "ours";
  record = remember(record, {SetSysctl{"net/ipv4/ip_forward", 7, 1}, WriteFile{"/etc/x", "ours too"}}, later);
  EXPECT_EQ(record.sysctls.at("net/ipv4/ip_forward"), 0);
  EXPECT_EQ(record.files.at("/etc/x"), std::nullopt);
}

Record full_record() {
  Record record;
  record.vips = {kVip, kVip6};
  record.interfaces = {"eth0", "eth0.5"};
  record.tunnels = {true, 6080};
  record.bpf_dir = "/sys/fs/bpf/plenum";
  record.persist = record.nat = true;
  record.sysctls = {{"net/ipv4/ip_forward", 0}, {"net/ipv6/conf/lo/accept_dad", -1}};
  record.files = {{"/etc/a", std::nullopt}, {"/etc/b", "text \"quoted\"\n"}};
  record.offloads = {{"eth0", {{"rx-lro", true}}}};
  record.links = {"lo"};
  record.addresses = {{"lo", prefix("192.0.2.10/32")}, {"lo", prefix("2001:db8::10/128")}};
  record.mounted_at = "/sys/fs/bpf";
  record.where = {"abc", 0xfedcba9876543210};
  return record;
}

TEST(Record, OfAnotherNetworkNamespaceKeepsOnlyItsFiles) {
  const Record record = full_record();
  EXPECT_EQ(seen_from(record, record.where), record);
  const Record other = seen_from(record, {"abc", 7});
  EXPECT_EQ(other.files, record.files);
  EXPECT_TRUE(other.persist && other.vips.empty() && other.sysctls.empty() && other.addresses.empty());
  EXPECT_FALSE(other.tunnels.any());
}

TEST(Record, OfAnEarlierBootIsStillThisHosts) {
  Record record = full_record();
  const Record later = seen_from(record, {"def", 7});
  EXPECT_EQ(later.mounted_at, "");
  record.mounted_at = "";
  EXPECT_EQ(later, record);
}

TEST(Record, ComesBackFromItsFileAsItWas) {
  const std::string dir = ::testing::TempDir() + "plenum-record-test";
  std::filesystem::remove_all(dir);
  const std::string path = dir + "/below/realserver.json";
  EXPECT_EQ(*load_record(path), std::nullopt);
  ASSERT_TRUE(save_record(path, full_record()));
  EXPECT_EQ(**load_record(path), full_record());
  ASSERT_TRUE(remove_record(path));
  EXPECT_EQ(*load_record(path), std::nullopt);
  EXPECT_TRUE(remove_record(path));
  std::filesystem::remove_all(dir);
}

TEST(Record, RefusesWhatItCannotRead) {
  const std::string good = to_json(full_record());
  EXPECT_FALSE(from_json(""));
  EXPECT_FALSE(from_json("[]"));
  EXPECT_FALSE(from_json("{\"version\": 2}"));
  std::string bad = good;
  bad.replace(bad.find("192.0.2.10"), 10, "192.0.2.1x");
  EXPECT_THAT(from_json(bad).error().what, HasSubstr("192.0.2.1x"));
}

TEST(SysctlTree, ReadsAndWritesOnlyWhatExists) {
  const std::string dir = ::testing::TempDir() + "plenum-sysctl-test";
  std::filesystem::create_directories(dir + "/net/ipv4");
  std::ofstream(dir + "/net/ipv4/ip_forward") << "0\n";
  std::ofstream(dir + "/net/ipv4/words") << "cubic reno\n";
  const SysctlTree tree(dir);
  EXPECT_EQ(tree.read({"net/ipv4/ip_forward", "net/ipv4/words", "net/ipv4/none"}),
            (Sysctls{{"net/ipv4/ip_forward", 0}}));
  EXPECT_TRUE(tree.write("net/ipv4/ip_forward", 1));
  EXPECT_EQ(tree.read({"net/ipv4/ip_forward"}).at("net/ipv4/ip_forward"), 1);
  EXPECT_FALSE(tree.write("net/ipv4/none", 1));
  EXPECT_FALSE(std::filesystem::exists(dir + "/net/ipv4/none"));
  std::filesystem::remove_all(dir);
  EXPECT_EQ(dotted("net/ipv4/conf/eth0.5/rp_filter"), "net.ipv4.conf.eth0/5.rp_filter");
}

}  // namespace
}  // namespace plenum::host
