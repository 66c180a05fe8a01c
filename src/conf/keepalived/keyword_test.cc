#include "conf/keepalived/keyword.h"

#include <gmock/gmock.h>

#include <set>

namespace plenum::conf::keepalived {
namespace {

TEST(KeepalivedKeywords, EachIsOnceInItsBlockAndSaysWhatItIs) {
  std::size_t all = 0, working = 0;
  std::set<std::string_view> names, work;
  for (const auto block : all_blocks()) {
    std::set<std::string_view> seen;
    for (const auto& row : keywords_of(block)) {
      EXPECT_TRUE(seen.insert(row.name).second) << name_of(block) << ": " << row.name;
      EXPECT_FALSE(row.doc.empty()) << row.name;
      EXPECT_EQ(find_keyword(block, row.name), &row);
      const bool taken = row.take || row.item || row.opens != Block::None;
      EXPECT_TRUE(taken || row.status != Status::Works) << name_of(block) << ": " << row.name;
      ++all;
      working += row.status == Status::Works;
      names.insert(row.name);
      if (row.status == Status::Works) work.insert(row.name);
    }
  }
  // As many as keepalived 2.2.7 knows in its blocks (SSL_GET's are HTTP_GET's), under so many names; and vrrp_ipsets.
  EXPECT_EQ(all, 469u);
  EXPECT_EQ(names.size(), 337u);
  EXPECT_GE(working, 250u);
  EXPECT_GE(work.size(), 150u);
}

TEST(KeepalivedKeywords, UnknownOnesAreNotThere) {
  EXPECT_EQ(find_keyword(Block::VrrpInstance, "real_server"), nullptr);
  EXPECT_EQ(find_keyword(Block::Top, ""), nullptr);
}

}  // namespace
}  // namespace plenum::conf::keepalived
