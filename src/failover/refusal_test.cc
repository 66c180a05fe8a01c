// Against the real kernel, in namespaces that each test makes for itself.
#include "failover/refusal.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "rt/namespace_for_test.h"

namespace plenum::failover {
namespace {

std::string ruleset() {
  std::string out;
  FILE* listing = ::popen("nft list ruleset", "r");
  std::array<char, 4096> block;
  while (const auto n = std::fread(block.data(), 1, block.size(), listing)) out.append(block.data(), n);
  ::pclose(listing);
  return out;
}

rt::AddressSpec spec(const char* prefix, std::uint32_t ifindex = 1) {
  rt::AddressSpec out;
  out.ifindex = ifindex;
  out.prefix = net::Prefix::parse(prefix).value();
  return out;
}

Refused refused(const std::vector<rt::AddressSpec>& specs) {
  Refused out;
  out.add(specs);
  return out;
}

TEST(Refusal, TablesHoldWhatIsRefusedAndNothingElse) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TestNamespace here;
    Refusal refusal;
    EXPECT_TRUE(refusal.show(refused({spec("192.0.2.10/24")})));
    EXPECT_EQ(ruleset(), "") << "before it has a name nothing is done";
    refusal.begin("plenum-vrrpd/run/plenum", false);
    ASSERT_TRUE(refusal.show(refused({spec("192.0.2.10/24"), spec("2001:db8::10/64"), spec("fe80::10/64")})));
    const auto all = ruleset();
    for (const auto* text :
         {"table ip plenum-vrrpd/run/plenum", "elements = { 192.0.2.10 }", "ip daddr @refused counter",
          "ip saddr @refused counter", "meta l4proto igmp accept", "table ip6 plenum-vrrpd/run/plenum",
          "elements = { 2001:db8::10 }", "elements = { fe80::10 . \"lo\" }", "ip6 daddr @refused counter",
          "ip6 daddr . iif @refused_of_links counter", "ip6 saddr . oif @refused_of_links counter",
          "hook input priority 99", "hook output priority 99"})
      EXPECT_NE(all.find(text), std::string::npos) << text << " in " << all;
    ASSERT_TRUE(refusal.show(refused({spec("2001:db8::10/64")})));
    const auto fewer = ruleset();
    EXPECT_EQ(fewer.find("table ip plenum"), std::string::npos);
    EXPECT_EQ(fewer.find("fe80::10"), std::string::npos);
    EXPECT_NE(fewer.find("2001:db8::10"), std::string::npos);
    // What somebody else did is seen when that is said.
    ASSERT_EQ(std::system("nft flush ruleset"), 0);
    ASSERT_TRUE(refusal.show(refused({spec("2001:db8::10/64")})));
    EXPECT_EQ(ruleset(), "");
    refusal.doubt();
    ASSERT_TRUE(refusal.show(refused({spec("2001:db8::10/64")})));
    EXPECT_EQ(ruleset(), fewer);
    ASSERT_TRUE(refusal.show({}));
    EXPECT_EQ(ruleset(), "");
  });
}

TEST(Refusal, WhatADaemonBeforeLeftGoesOrStays) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TestNamespace here;
    const auto wanted = refused({spec("192.0.2.10/24")});
    {
      Refusal killed;
      killed.begin("mine", false);
      ASSERT_TRUE(killed.show(wanted));
    }
    const auto before = ruleset();
    Refusal next;
    next.begin("mine", true);
    ASSERT_TRUE(next.show(wanted));
    EXPECT_EQ(ruleset(), before) << "once, not twice";
    Refusal last;
    last.begin("mine", true);
    ASSERT_TRUE(last.show({}));
    EXPECT_EQ(ruleset(), "");
  });
}

}  // namespace
}  // namespace plenum::failover
