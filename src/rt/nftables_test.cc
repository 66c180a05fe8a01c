// Against the real kernel, in namespaces that each test makes for itself.
#include "rt/nftables.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>

#include <array>

#include "rt/namespace_for_test.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint8_t, 4> kAnAddress{192, 0, 0, 8};
constexpr std::array<std::uint8_t, 4> kAnIndex{1, 0, 0, 0};

// One rule with each expression there is.
NftBatch a_table(const std::vector<std::uint32_t>& marks) {
  NftBatch batch;
  batch.add_table(NftFamily::Ipv4, "mine");
  batch.add_marks(NftFamily::Ipv4, "mine", "marks", marks);
  batch.add_chain(NftFamily::Ipv4, "mine", "then");
  batch.add_chain(NftFamily::Ipv4, "mine", "first", NftHook{NF_INET_LOCAL_IN, 98, ""});
  batch.add_rule(NftFamily::Ipv4, "mine", "first", [](NftRule& rule) {
    rule.meta(NFT_META_MARK, NFT_REG_1);
    rule.in_set(NFT_REG_1, "marks");
    rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 8, 1, NFT_REG_2);
    rule.mask(NFT_REG_2, std::array<std::uint8_t, 1>{0xf0});
    rule.compare(NFT_REG_2, NFT_CMP_GTE, std::array<std::uint8_t, 1>{0x10});
    rule.go_to("then");
  });
  batch.add_rule(NftFamily::Ipv4, "mine", "then", [](NftRule& rule) {
    rule.load(NFT_REG_1, std::array<std::uint8_t, 1>{9});
    rule.write_ipv4(8, 1, NFT_REG_1);
    rule.count();
    rule.load(NFT_REG_1, kAnAddress);
    rule.load(NFT_REG_2, kAnIndex);
    rule.duplicate(NFT_REG_1, NFT_REG_2);
    rule.drop();
  });
  return batch;
}

bool listed(const std::string& text) {
  return std::system(("nft list ruleset | grep -qF '" + text + "'").c_str()) == 0;
}

class NftablesTest : public testing::Test {
 protected:
  void SetUp() override { PLENUM_NEEDS_ROOT(); }
};

TEST_F(NftablesTest, CarriesOutABatch) {
  in_thread([] {
    const TestNamespace here;
    auto nftables = Nftables::open();
    ASSERT_TRUE(nftables) << nftables.error().what;
    const auto done = nftables->commit(a_table({1, 0xdeadbeef}));
    ASSERT_TRUE(done) << done.error().what;
    for (const auto* text :
         {"type filter hook input priority 98", "elements = { 0x00000001, 0xdeadbeef }", "meta mark @marks",
          "goto then", "ip ttl set 9 counter packets 0 bytes 0 dup to 192.0.0.8 device \"lo\" drop"})
      EXPECT_TRUE(listed(text)) << text;
    EXPECT_TRUE(nftables->commit(a_table({5}))) << "what is there is added to";
    EXPECT_TRUE(listed("elements = { 0x00000001, 0x00000005"));
    NftBatch away;
    away.remove_table(NftFamily::Ipv4, "mine");
    EXPECT_TRUE(nftables->commit(away));
    EXPECT_FALSE(listed("mine"));
    EXPECT_EQ(nftables->commit(away).error().code, std::errc::no_such_file_or_directory);
  });
}

TEST_F(NftablesTest, SetsOfAddresses) {
  in_thread([] {
    const TestNamespace here;
    auto nftables = Nftables::open();
    ASSERT_TRUE(nftables) << nftables.error().what;
    const auto address = [](const char* text) { return net::Address::parse(text).value(); };
    NftBatch batch;
    batch.add_table(NftFamily::Ipv4, "mine/run");
    batch.add_addresses(NftFamily::Ipv4, "mine/run", "few", std::vector{address("192.0.2.1"), address("192.0.2.2")});
    std::vector<net::Address> many;
    for (std::uint32_t i = 0; i < 1000; ++i) many.push_back(net::Address::v4(0x0a000000 + i));
    batch.add_addresses(NftFamily::Ipv4, "mine/run", "many", many);
    batch.add_table(NftFamily::Ipv6, "mine/run");
    batch.add_addresses(NftFamily::Ipv6, "mine/run", "sixes", std::vector{address("2001:db8::1")});
    batch.add_link_addresses("mine/run", "links", std::vector{std::pair{address("fe80::1"), 1U}});
    batch.add_chain(NftFamily::Ipv6, "mine/run", "in", NftHook{NF_INET_LOCAL_IN, 99, ""});
    batch.add_rule(NftFamily::Ipv6, "mine/run", "in", [](NftRule& rule) {
      rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 24, 16, NFT_REG_1);
      rule.meta(NFT_META_IIF, NFT_REG_2);
      rule.in_set(NFT_REG_1, "links");
      rule.accept();
    });
    const auto done = nftables->commit(batch);
    ASSERT_TRUE(done) << done.error().what;
    for (const auto* text : {"type ipv4_addr", "elements = { 192.0.2.1, 192.0.2.2 }", "10.0.3.231", "type ipv6_addr",
                             "elements = { 2001:db8::1 }", "type ipv6_addr . iface_index",
                             "elements = { fe80::1 . \"lo\" }", "ip6 daddr . iif @links accept"})
      EXPECT_TRUE(listed(text)) << text;
  });
}

TEST_F(NftablesTest, OfABatchThatIsRefusedNothingStays) {
  in_thread([] {
    const TestNamespace here;
    auto nftables = Nftables::open();
    ASSERT_TRUE(nftables);
    auto batch = a_table({1});
    batch.add_rule(NftFamily::Ipv4, "mine", "then", [](NftRule& rule) { rule.go_to("nowhere"); });
    batch.add_table(NftFamily::Ipv4, "after");
    const auto refused = nftables->commit(batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::no_such_file_or_directory);
    EXPECT_FALSE(listed("table"));
    EXPECT_TRUE(nftables->commit(a_table({1}))) << "and the next one is as if it had not been";
  });
}

TEST_F(NftablesTest, ManyMarksTakeManyMessages) {
  in_thread([] {
    const TestNamespace here;
    auto nftables = Nftables::open();
    ASSERT_TRUE(nftables);
    std::vector<std::uint32_t> marks;
    for (std::uint32_t mark = 1; mark <= 5000; ++mark) marks.push_back(mark << 8);
    const auto done = nftables->commit(a_table(marks));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(std::system("test $(nft list set ip mine marks | grep -o 0x | wc -l) = 5000"), 0);
  });
}

TEST_F(NftablesTest, MonitorHearsOthersAndNotItself) {
  in_thread([] {
    const TestNamespace here;
    Loop loop;
    auto nftables = Nftables::open();
    ASSERT_TRUE(nftables);
    int heard = 0;
    const auto monitor = NftMonitor::open(loop, "mine", nftables->port(), [&] { ++heard; });
    ASSERT_TRUE(monitor);
    const auto after = [&](const char* command) {
      heard = 0;
      TestNamespace::sh(command);
      // Events are there when the command has ended.
      loop.run_for(20ms);
      return heard > 0;
    };
    ASSERT_TRUE(nftables->commit(a_table({1})));
    EXPECT_FALSE(after("nft add table ip other; nft flush table ip other"));
    EXPECT_TRUE(after("nft flush chain ip mine then"));
    EXPECT_TRUE(after("nft delete element ip mine marks '{ 1 }'"));
    EXPECT_TRUE(after("nft flush ruleset"));
    EXPECT_FALSE(after("nft add table ip other"));
  });
}

}  // namespace
}  // namespace plenum::rt
