// What kernel IPVS tells other directors, beside what is written here of the same connections:
// equal byte for byte, but for how many share a datagram.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "proto/ipvs_sync.h"

namespace plenum::compat {
namespace {

using proto::SyncConnection;

struct Recorded {
  std::string what;
  std::vector<std::uint8_t> bytes;
};

// Each step's datagrams, a line of hex each.
std::vector<Recorded> recorded() {
  std::set<std::filesystem::path> steps;
  for (const auto& file : std::filesystem::directory_iterator(PLENUM_COMPAT_DATA "/sync"))
    if (!file.path().filename().string().starts_with("00-")) steps.insert(file.path());
  std::vector<Recorded> out;
  for (const auto& step : steps) {
    std::ifstream file(step);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("$") || line.starts_with("[")) continue;
      Recorded one{step.stem().string(), {}};
      for (std::size_t i = 0; i + 1 < line.size(); i += 2)
        one.bytes.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::string text(const SyncConnection& c) {
  std::ostringstream out;
  out << int{c.protocol} << ' ' << net::Endpoint{c.client, c.client_port}.text() << ' '
      << net::Endpoint{c.virtual_, c.virtual_port}.text() << ' ' << net::Endpoint{c.server, c.server_port}.text()
      << " state " << c.state << " flags " << std::hex << c.flags << std::dec << " mark " << c.fwmark << ' '
      << c.timeout << " s";
  if (!c.engine.empty()) out << ' ' << c.engine << ' ' << c.engine_data;
  return out.str();
}

TEST(SyncRecordings, AreWrittenTheSame) {
  const auto all = recorded();
  ASSERT_EQ(all.size(), 9u);
  for (const auto& one : all) {
    const auto read = proto::read_sync(one.bytes);
    ASSERT_EQ(read.error, "") << one.what;
    EXPECT_EQ(read.skipped, 0u) << one.what;
    EXPECT_EQ(read.version, 1) << one.what;
    proto::SyncWriter writer(read.syncid, 1472);
    for (const auto& connection : read.connections) EXPECT_FALSE(writer.add(connection).has_value()) << one.what;
    EXPECT_EQ(writer.take(), one.bytes) << one.what;
  }
}

TEST(SyncRecordings, AreUnderstood) {
  std::vector<std::string> seen;
  for (const auto& one : recorded())
    for (const auto& connection : proto::read_sync(one.bytes).connections)
      if (seen.empty() || seen.back() != text(connection)) seen.push_back(text(connection));
  const auto has = [&seen](const char* line) { return std::find(seen.begin(), seen.end(), line) != seen.end(); };
  EXPECT_TRUE(has("6 10.0.1.50:40001 10.0.1.100:80 10.0.2.11:8080 state 1 flags 0 mark 0 900 s"));
  EXPECT_TRUE(has("6 10.0.1.50:40001 10.0.1.100:80 10.0.2.11:8080 state 5 flags 100 mark 0 120 s"));
  EXPECT_TRUE(has("6 10.0.1.50:40002 10.0.1.101:80 10.0.1.12:80 state 1 flags 83 mark 0 900 s"));
  EXPECT_TRUE(has("6 10.0.1.50:40003 10.0.1.102:80 10.0.1.13:80 state 1 flags 82 mark 0 900 s"));
  EXPECT_TRUE(has("17 10.0.1.50:40004 10.0.1.100:80 10.0.2.11:80 state 0 flags 100 mark 0 300 s"));
  EXPECT_TRUE(has("6 [fd01::50]:40005 [fd01::100]:80 [fd02::11]:80 state 1 flags 0 mark 0 900 s"));
  EXPECT_TRUE(has("6 10.0.1.0:0 10.0.1.103:80 10.0.2.12:80 state 0 flags 1100 mark 0 600 s"));
  EXPECT_TRUE(has("6 10.0.1.50:0 10.0.1.104:0 10.0.1.12:0 state 1 flags 1183 mark 0 300 s"));
  EXPECT_TRUE(has("0 10.0.1.51:0 0.0.0.1:0 10.0.1.12:0 state 1 flags 1183 mark 1 400 s"));
  EXPECT_TRUE(has("17 10.0.1.50:0 10.0.1.107:80 10.0.2.11:80 state 0 flags 1100 mark 0 60 s sip call-0815@10.0.1.50"));
}

}  // namespace
}  // namespace plenum::compat
