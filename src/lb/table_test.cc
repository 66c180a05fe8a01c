#include "lb/table.h"

#include <gtest/gtest.h>

#include "conf/scheduler_names.h"

namespace plenum::lb {
namespace {

using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

conf::ServiceKey key(const char* address, std::uint16_t port) {
  const auto a = *net::Address::parse(address);
  return {.fwmark = 0, .family = a.family(), .protocol = conf::Protocol::Tcp, .address = a, .port = port};
}

conf::Service service(const char* address = "192.0.2.10", std::uint16_t port = 80) {
  conf::Service s;
  s.key = key(address, port);
  return s;
}

conf::ServerKey at(const char* address, std::uint16_t port = 80) { return {*net::Address::parse(address), port}; }

conf::Server server(const char* address, std::int32_t weight = 1) {
  conf::Server s;
  s.key = at(address);
  s.weight = weight;
  return s;
}

std::errc code(const Result<>& result) {
  return result ? std::errc{} : static_cast<std::errc>(result.error().code.value());
}

class TableTest : public ::testing::Test {
 protected:
  std::errc apply(const Step& step) { return code(table_.apply(step, operator_)); }
  std::errc file(const Step& step) { return code(table_.apply(step, Origin{kStart})); }
  const ServerEntry& entry(const char* address) { return *table_.find(web_.key, at(address)); }

  Table table_;
  const Origin operator_{kStart, "ipvsadm by root", ""};
  const conf::Service web_ = service();
};

TEST_F(TableTest, AnswersWithTheErrnosOfIpvs) {
  auto unknown = web_;
  unknown.scheduler = "foo";
  EXPECT_EQ(apply(AddService{unknown}), std::errc::no_such_file_or_directory);
  EXPECT_EQ(apply(EditService{web_}), std::errc::no_such_process);
  EXPECT_EQ(apply(RemoveService{web_.key}), std::errc::no_such_process);
  EXPECT_EQ(apply(AddServer{web_.key, server("10.0.0.1")}), std::errc::no_such_process);
  EXPECT_EQ(apply(Zero{web_.key}), std::errc::no_such_process);
  EXPECT_EQ(apply(AddService{web_}), std::errc{});
  EXPECT_EQ(apply(AddService{web_}), std::errc::file_exists);
  EXPECT_EQ(apply(EditService{unknown}), std::errc::no_such_file_or_directory);
  EXPECT_EQ(apply(Zero{web_.key}), std::errc{});
  EXPECT_EQ(apply(Zero{}), std::errc{});

  EXPECT_EQ(apply(EditServer{web_.key, server("10.0.0.1")}), std::errc::no_such_file_or_directory);
  EXPECT_EQ(apply(RemoveServer{web_.key, at("10.0.0.1")}), std::errc::no_such_file_or_directory);
  EXPECT_EQ(apply(AddServer{web_.key, server("10.0.0.1")}), std::errc{});
  EXPECT_EQ(apply(AddServer{web_.key, server("10.0.0.1")}), std::errc::file_exists);

  auto thresholds = server("10.0.0.2");
  thresholds.upper = 5;
  thresholds.lower = 10;
  EXPECT_EQ(apply(AddServer{web_.key, thresholds}), std::errc::result_out_of_range);
  EXPECT_EQ(apply(AddServer{web_.key, server("10.0.0.2", -1)}), std::errc::result_out_of_range);
  EXPECT_EQ(apply(AddServer{web_.key, server("224.0.0.1")}), std::errc::invalid_argument);
  EXPECT_EQ(apply(AddServer{web_.key, server("0.0.0.0")}), std::errc::invalid_argument);
  EXPECT_EQ(apply(AddServer{web_.key, server("10.0.0.2", 2147483647)}), std::errc{});
  EXPECT_EQ(table_.server_count(), 2u);
}

TEST_F(TableTest, TakesAServerOfTheOtherFamilyOnlyByTunnel) {
  ASSERT_EQ(apply(AddService{web_}), std::errc{});
  auto six = server("fd01::11");
  EXPECT_EQ(apply(AddServer{web_.key, six}), std::errc::invalid_argument);
  six.forward = conf::Forward::Tunnel;
  EXPECT_EQ(apply(AddServer{web_.key, six}), std::errc{});
  auto gue = server("10.0.0.9");
  gue.forward = conf::Forward::Tunnel;
  gue.tunnel.type = conf::TunnelType::Gue;
  EXPECT_EQ(apply(AddServer{web_.key, gue}), std::errc::invalid_argument) << "GUE without a port";
  EXPECT_EQ(apply(AddServer{web_.key, server("fe80::1")}), std::errc::invalid_argument);
}

TEST_F(TableTest, TakesEverySchedulerOfIpvs) {
  EXPECT_EQ(conf::schedulers().size(), 14u);
  for (const auto& scheduler : conf::schedulers()) {
    auto s = web_;
    s.scheduler = scheduler.name;
    EXPECT_EQ(apply(AddService{s}), std::errc{}) << s.scheduler;
    EXPECT_EQ(apply(RemoveService{s.key}), std::errc{});
  }
  auto s = web_;
  s.scheduler = "foo";
  EXPECT_EQ(apply(AddService{s}), std::errc::no_such_file_or_directory);
}

TEST_F(TableTest, KnowsItsRoom) {
  Table small(Room{.services = 1, .servers = 1});
  ASSERT_TRUE(small.apply(AddService{web_}, operator_));
  EXPECT_EQ(code(small.apply(AddService{service("192.0.2.11")}, operator_)), std::errc::not_enough_memory);
  ASSERT_TRUE(small.apply(AddServer{web_.key, server("10.0.0.1")}, operator_));
  EXPECT_EQ(code(small.apply(AddServer{web_.key, server("10.0.0.2")}, operator_)), std::errc::not_enough_memory);
  ASSERT_TRUE(small.apply(RemoveServer{web_.key, at("10.0.0.1")}, operator_));
  EXPECT_TRUE(small.apply(AddServer{web_.key, server("10.0.0.2")}, operator_));
}

TEST_F(TableTest, ListsInOrderOfAddition) {
  apply(AddService{web_});
  for (const auto* address : {"10.0.0.3", "10.0.0.1", "10.0.0.2"}) apply(AddServer{web_.key, server(address)});
  apply(RemoveServer{web_.key, at("10.0.0.3")});
  apply(AddServer{web_.key, server("10.0.0.3")});
  std::vector<std::string> order;
  for (const auto& s : table_.find(web_.key)->servers) order.push_back(s.spec.key.address.text());
  EXPECT_EQ(order, (std::vector<std::string>{"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
}

TEST_F(TableTest, AMarkServiceIsItsMarkAndFamily) {
  auto mark = web_;
  mark.key.fwmark = 7;
  ASSERT_EQ(apply(AddService{mark}), std::errc{});
  conf::ServiceKey bare;
  bare.fwmark = 7;
  ASSERT_NE(table_.find(bare), nullptr);
  EXPECT_EQ(table_.find(bare)->spec.key, bare);
  bare.family = net::Family::V6;
  EXPECT_EQ(table_.find(bare), nullptr);
}

TEST_F(TableTest, ARemovedServerDrainsUntilItsLastConnection) {
  file(AddService{web_});
  file(AddServer{web_.key, server("10.0.0.1", 5)});
  file(AddServer{web_.key, server("10.0.0.2", 5)});
  ASSERT_EQ(file(RemoveServer{web_.key, at("10.0.0.1"), 600}), std::errc{});
  EXPECT_TRUE(entry("10.0.0.1").draining());
  EXPECT_EQ(entry("10.0.0.1").weight(), 0);
  EXPECT_EQ(status_of(entry("10.0.0.1"), kStart + seconds(100)).removed_in, 500u);

  std::uint64_t connections = 3;
  const auto count = [&](const auto&, const auto&) { return connections; };
  EXPECT_TRUE(table_.expire(kStart + seconds(599), count).empty());
  connections = 0;
  const auto steps = table_.expire(kStart + seconds(599), count);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(describe(steps[0]), "TCP 192.0.2.10:80: remove server 10.0.0.1:80 at once");
  EXPECT_EQ(table_.find(web_.key, at("10.0.0.1")), nullptr);
  EXPECT_EQ(table_.server_count(), 1u);
}

TEST_F(TableTest, ADrainHasADeadline) {
  file(AddService{web_});
  file(AddServer{web_.key, server("10.0.0.1")});
  file(RemoveServer{web_.key, at("10.0.0.1"), 600});
  const auto busy = [](const auto&, const auto&) { return std::uint64_t{9}; };
  EXPECT_TRUE(table_.expire(kStart + seconds(599), busy).empty());
  EXPECT_EQ(table_.expire(kStart + seconds(600), busy).size(), 1u);
  EXPECT_EQ(table_.server_count(), 0u);
}

TEST_F(TableTest, AddingADrainingServerRevivesItInPlace) {
  file(AddService{web_});
  auto named = server("10.0.0.1", 5);
  named.name = "a";
  file(AddServer{web_.key, named});
  file(AddServer{web_.key, server("10.0.0.2")});
  file(RemoveServer{web_.key, at("10.0.0.1"), 600});
  ASSERT_EQ(apply(AddServer{web_.key, server("10.0.0.1", 3)}), std::errc{});
  EXPECT_FALSE(entry("10.0.0.1").draining());
  EXPECT_EQ(entry("10.0.0.1").weight(), 3);
  EXPECT_EQ(entry("10.0.0.1").spec.name, "a");
  EXPECT_EQ(status_of(entry("10.0.0.1"), kStart).override_->what, "added");
  EXPECT_EQ(table_.server_count(), 2u);
}

TEST_F(TableTest, AnOperatorsDrainEndsByItselfOrByEnable) {
  file(AddService{web_});
  file(AddServer{web_.key, server("10.0.0.1", 5)});
  const Origin ann{kStart, "ann via plenum", "new kernel"};
  ASSERT_TRUE(table_.drain(web_.key, at("10.0.0.1"), ann, kStart + seconds(60)));
  EXPECT_EQ(entry("10.0.0.1").weight(), 0);
  const auto status = status_of(entry("10.0.0.1"), kStart + seconds(15));
  EXPECT_EQ(*status.override_, (Override{"drained", "ann via plenum", "new kernel", 45}));

  const auto busy = [](const auto&, const auto&) { return std::uint64_t{1}; };
  EXPECT_TRUE(table_.expire(kStart + seconds(59), busy).empty());
  const auto steps = table_.expire(kStart + seconds(60), busy);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(std::get<EditServer>(steps[0]).server.weight, 5);
  EXPECT_FALSE(status_of(entry("10.0.0.1"), kStart).override_);

  ASSERT_TRUE(table_.set_weight(web_.key, at("10.0.0.1"), 2, ann, std::nullopt));
  ASSERT_TRUE(table_.drain(web_.key, at("10.0.0.1"), ann, std::nullopt));
  ASSERT_TRUE(table_.enable(web_.key, at("10.0.0.1"), ann));
  EXPECT_EQ(entry("10.0.0.1").weight(), 5);
  EXPECT_EQ(code(table_.set_weight(web_.key, at("10.0.0.1"), -1, ann, std::nullopt)), std::errc::invalid_argument);
  EXPECT_EQ(code(table_.drain(web_.key, at("10.0.0.7"), ann, std::nullopt)), std::errc::no_such_file_or_directory);
}

TEST_F(TableTest, AServerAddedByHandCanBeDrainedAndEnabled) {
  apply(AddService{web_});
  apply(AddServer{web_.key, server("10.0.0.1", 4)});
  ASSERT_TRUE(table_.drain(web_.key, at("10.0.0.1"), operator_, std::nullopt));
  EXPECT_EQ(status_of(entry("10.0.0.1"), kStart).override_->what, "drained");
  ASSERT_TRUE(table_.enable(web_.key, at("10.0.0.1"), operator_));
  EXPECT_EQ(entry("10.0.0.1").weight(), 4);
  EXPECT_EQ(status_of(entry("10.0.0.1"), kStart).override_->what, "added");
}

TEST_F(TableTest, AnIpvsadmEditKeepsWhatOnlyTheFileCanSay) {
  auto web = web_;
  web.name = "web";
  web.drain = 30;
  file(AddService{web});
  auto edited = web_;
  edited.scheduler = "rr";
  ASSERT_EQ(apply(EditService{edited}), std::errc{});
  const auto& spec = table_.find(web_.key)->spec;
  EXPECT_EQ(spec.name, "web");
  EXPECT_EQ(spec.drain, 30u);
  EXPECT_EQ(spec.scheduler, "rr");
  EXPECT_EQ(status_of(*table_.find(web_.key), kStart).override_->what, "edited");
  edited.scheduler = "wlc";
  apply(EditService{edited});
  EXPECT_FALSE(table_.find(web_.key)->override_) << "back at what the file says";
}

TEST_F(TableTest, FindsServicesAndServersByTheNamesPeopleType) {
  auto web = web_;
  web.name = "web";
  apply(AddService{web});
  auto web6 = service("2001:db8::10");
  web6.name = "web";
  apply(AddService{web6});
  auto a = server("10.0.0.1");
  a.name = "a";
  apply(AddServer{web.key, a});
  auto high = server("10.0.0.1");
  high.key.port = 8080;
  apply(AddServer{web.key, high});
  apply(AddServer{web.key, server("10.0.0.2")});
  EXPECT_EQ(table_.services_called("web").size(), 2u);
  EXPECT_EQ(table_.services_called("TCP [2001:db8::10]:80"), std::vector<conf::ServiceKey>{web6.key});
  EXPECT_EQ(table_.services_called("192.0.2.10:80"), std::vector<conf::ServiceKey>{web.key});
  EXPECT_TRUE(table_.services_called("").empty());
  const auto& entry = *table_.find(web.key);
  EXPECT_EQ(table_.server_called(entry, "a"), a.key);
  EXPECT_EQ(table_.server_called(entry, "10.0.0.1:8080"), high.key);
  EXPECT_EQ(table_.server_called(entry, "10.0.0.2"), at("10.0.0.2"));
  EXPECT_EQ(table_.server_called(entry, "10.0.0.1"), std::nullopt) << "two servers have that address";
}

TEST_F(TableTest, ACopyIsIndependent) {
  apply(AddService{web_});
  apply(AddServer{web_.key, server("10.0.0.1")});
  Table copy = table_;
  ASSERT_TRUE(copy.apply(Clear{}, operator_));
  EXPECT_EQ(copy.server_count(), 0u);
  EXPECT_NE(table_.find(web_.key, at("10.0.0.1")), nullptr);
  EXPECT_EQ(table_.server_count(), 1u);
}

TEST_F(TableTest, TakesTenThousandServicesAndServersWithoutScanning) {
  const auto address = [](std::uint32_t n) { return net::Address::v4(0x0a000001u + n); };
  for (std::uint32_t i = 0; i < 10000; ++i) {
    auto s = web_;
    s.key.address = address(i);
    ASSERT_EQ(apply(AddService{s}), std::errc{});
    conf::Server r;
    r.key = {address(i), 80};
    if (i > 0) {
      ASSERT_EQ(apply(AddServer{service("10.0.0.1").key, r}), std::errc{});
    }
  }
  EXPECT_EQ(table_.services().size(), 10000u);
  EXPECT_EQ(table_.server_count(), 9999u);
}

}  // namespace
}  // namespace plenum::lb
