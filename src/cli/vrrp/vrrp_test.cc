#include "cli/vrrp/vrrp.h"

#include <gtest/gtest.h>

#include <sstream>

namespace plenum::cli {
namespace {

failover::Status status() {
  failover::Status out;
  failover::RouterStatus web;
  web.name = "web";
  web.interface = "eth0";
  web.state = "backup";
  web.reason = "a better master was heard";
  web.seconds = 200;
  web.priority = 80;
  web.base_priority = 100;
  web.interval_us = 100000;
  web.addresses = {"192.0.2.10/24", "2001:db8::10/64"};
  web.master = "192.0.2.2";
  web.master_priority = 150;
  web.tracks = {{"interface eth0", true, 0, false}, {"script chk", false, -20, false}};
  failover::RouterStatus dns = web;
  dns.name = "dns";
  dns.state = "master";
  dns.priority = 100;
  dns.master.clear();
  dns.tracks.clear();
  dns.other_master = "192.0.2.9";
  dns.other_priority = 10;
  dns.other_seconds = 3;
  dns.interval_us = 1000000;
  dns.unfit = {{"192.0.2.3", "it has another password", "give all of them the same password", 12, 1}};
  out.routers = {web, dns};
  failover::SessionStatus bfd;
  bfd.name = "lb2";
  bfd.neighbor = "192.0.2.2";
  bfd.interface = "eth0";
  bfd.state = "up";
  bfd.detection_us = 90000;
  out.sessions = {bfd};
  return out;
}

TEST(Vrrp, StatusShowsStatesAndWhatToLookAt) {
  const auto text = vrrp_status_text(R"({"status":)" + ctl::to_json(status()) + "}");
  EXPECT_NE(text.find("web     backup  3m 20s  80 of 100  192.0.2.2 (150)  192.0.2.10/24 2001:db8::10/64"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("web: script chk is not well\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("interface eth0 is not well"), std::string::npos) << text;
  EXPECT_NE(text.find("dns: two masters: 192.0.2.9 of priority 10 was heard 3s ago"), std::string::npos) << text;
  auto later = status();
  later.routers[1].other_seconds = 4;
  const auto then = vrrp_status_text(R"({"status":)" + ctl::to_json(later) + "}");
  EXPECT_NE(then.find("dns: there were two masters: 192.0.2.9 of priority 10 was heard 4s ago"), std::string::npos)
      << then;
  EXPECT_NE(text.find("dns: 12 advertisements of 192.0.2.3 refused, the last 1s ago: it has another password; "
                      "give all of them the same password\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("90 ms"), std::string::npos) << text;
  EXPECT_EQ(vrrp_status_text(R"({"status":{}})"), "no virtual routers\n");
}

TEST(Vrrp, AnswersAndRefusals) {
  std::ostringstream out, err;
  Result<std::string> answer = R"({"lines":["web gives up"]})";
  const VrrpWorld world{[&](const auto&) { return answer; }, {}, out, err};
  EXPECT_EQ(run_vrrp({.request = {.op = "failover", .name = "web"}}, false, world), 0);
  EXPECT_EQ(out.str(), "web gives up\n");
  answer = fail(std::errc::invalid_argument, "web is not master here");
  EXPECT_EQ(run_vrrp({.request = {.op = "failover", .name = "web"}}, false, world), 1);
  EXPECT_EQ(err.str(), "plenum: web is not master here\n");
}

TEST(Vrrp, MessagesComeBackAsTheyWent) {
  const auto request = ctl::decode_vrrp_request(ctl::encode(ctl::VrrpRequest{"failover", "we\"b", "ann", "/x y"}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name, "we\"b");
  EXPECT_EQ(request->author, "ann");
  EXPECT_EQ(request->path, "/x y");
  for (const auto* bad : {"", "{", "[]", R"({"op":1})", R"({"op":"status","more":"x"})"})
    EXPECT_FALSE(ctl::decode_vrrp_request(bad)) << bad;
  const auto refused = ctl::decode_vrrp_answer(ctl::vrrp_refusal({{ESRCH, std::system_category()}, "no router"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code.value(), ESRCH);
  EXPECT_EQ(refused.error().what, "no router");
  EXPECT_FALSE(ctl::decode_vrrp_answer("nonsense"));
}

TEST(Vrrp, AnEventSaysOfWhatKindItIs) {
  failover::Happening away;
  away.number = 7;
  away.time_us = 1700000000123456;
  away.kind = "away";
  away.name = "host";
  away.lasted_us = 120000;
  away.at_work_us = 0;
  away.text = "it stood still";
  const auto json = ctl::to_json(away);
  EXPECT_NE(json.find(R"("lasted_us":120000,"at_work_us":0)"), std::string::npos) << json;
  EXPECT_NE(vrrp_event_text(json).find(".123  away            host: it stood still\n"), std::string::npos)
      << vrrp_event_text(json);
  away.lasted_us.reset();
  away.at_work_us.reset();
  away.kind = "router";
  away.from = "backup";
  away.to = "master";
  const auto other = ctl::to_json(away);
  EXPECT_EQ(other.find("lasted"), std::string::npos) << other;
  EXPECT_NE(vrrp_event_text(other).find("  router          host: backup -> master, "), std::string::npos);
}

}  // namespace
}  // namespace plenum::cli
