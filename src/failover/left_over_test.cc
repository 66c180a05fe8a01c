#include "failover/left_over.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace plenum::failover {
namespace {

TEST(LeftOver, IsReadBackAsItWasWritten) {
  const auto path = testing::TempDir() + "left_over." + std::to_string(::getpid());
  EXPECT_EQ(read_left_over(path), LeftOver{});
  LeftOver what;
  what.addresses.emplace("eth0", *net::Prefix::parse("192.0.2.10/24"));
  what.addresses.emplace("vrrp.7", *net::Prefix::parse("2001:db8::10/64"));
  what.macvlans.insert("vrrp.7");
  what.tables = true;
  ASSERT_TRUE(write_left_over(path, what));
  EXPECT_EQ(read_left_over(path), what);
  std::ofstream(path) << "address\nnonsense eth0\naddress eth0 192.0.2.300/24\n\nmacvlan\n";
  EXPECT_EQ(read_left_over(path), LeftOver{});
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace plenum::failover
