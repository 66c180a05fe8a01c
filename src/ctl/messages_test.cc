// Every message there and back, and every way a message can be wrong.

#include "ctl/messages.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace plenum::ctl {
namespace {

net::Address address(std::string_view text) { return *net::Address::parse(text); }

conf::ServiceKey web() { return {.protocol = conf::Protocol::Tcp, .address = address("192.0.2.10"), .port = 80}; }

conf::ServiceKey mark6() { return {.fwmark = 4294967295u, .family = net::Family::V6}; }

conf::Server server(std::string_view at, std::int32_t weight) {
  return {.name = "mx \"1\"\n\xc3\xa4",
          .key = {address(at), 8080},
          .forward = conf::Forward::Tunnel,
          .weight = weight,
          .upper = 100,
          .lower = 50,
          .tunnel = {conf::TunnelType::Gue, 6080, conf::TunnelChecksum::Remote}};
}

conf::Service service(conf::ServiceKey key) {
  return {.name = "smtp",
          .key = key,
          .scheduler = "sh",
          .scheduler_flags = conf::kSchedulerFlag1 | conf::kSchedulerFlag3,
          .persistence = conf::Persistence{.timeout = 600, .netmask = 0xffffff00, .engine = "sip"},
          .one_packet = true,
          .drain = 30,
          .servers = {server("192.0.2.21", 5), server("2001:db8::21", 0)}};
}

lb::ServerStatus server_status() {
  return {.server = server("192.0.2.21", 2147483647),
          .active = 1,
          .inactive = 2,
          .persistent = 3,
          .counters = {4, 5, 6, 7, 18446744073709551615u},
          .rates = {9, 10, 11, 12, 13},
          .draining = true,
          .removed_in = 14,
          .override_ = lb::Override{"drained", "ann", "disk", 60},
          .wanted_weight = 100,
          .out = true,
          .sorry = true,
          .health = lb::ServerHealthStatus{.state = "damped",
                                           .since = 3,
                                           .why = "no",
                                           .latency = 250,
                                           .damped_for = 9,
                                           .slow_start = 40,
                                           .checks = {}},
          .next_hop = "local"};
}

// Structures of messages.h have no operator==: what is encoded again must be the same text,
// which holds every field.
void expect_round_trip(const Request& request) {
  const std::string line = encode(request);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto decoded = decode_request(line);
  ASSERT_TRUE(decoded) << decoded.error().what << "\n" << line;
  EXPECT_EQ(decoded->index(), request.index());
  EXPECT_EQ(encode(*decoded), line);
}

void expect_round_trip(const Request& request, const Reply& reply) {
  const std::string line = encode(Result<Reply>(reply));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto decoded = decode_reply(request, line);
  ASSERT_TRUE(decoded) << decoded.error().what << "\n" << line;
  EXPECT_EQ(decoded->index(), reply.index());
  EXPECT_EQ(encode(decoded), line);
}

std::string request_error(std::string_view line) {
  const auto decoded = decode_request(line);
  if (decoded) return "accepted";
  EXPECT_EQ(decoded.error().code, std::errc::invalid_argument);
  return decoded.error().what;
}

TEST(Messages, EveryStepGoesThereAndBack) {
  ChangeRequest change{.steps = {}, .author = "ipvsadm by root", .reason = "ipvsadm -A \xff"};
  change.steps.emplace_back(lb::AddService{service(web())});
  change.steps.emplace_back(lb::EditService{service(mark6())});
  change.steps.emplace_back(lb::RemoveService{web()});
  change.steps.emplace_back(lb::AddServer{web(), server("192.0.2.22", 1)});
  change.steps.emplace_back(lb::EditServer{mark6(), server("2001:db8::22", 1)});
  change.steps.emplace_back(lb::RemoveServer{web(), {address("192.0.2.22"), 80}, 5});
  change.steps.emplace_back(lb::Clear{});
  change.steps.emplace_back(lb::Zero{});
  change.steps.emplace_back(lb::Zero{web()});
  ASSERT_GE(change.steps.size(), std::variant_size_v<lb::Step>);
  expect_round_trip(change);

  const auto decoded = decode_request(encode(Request(change)));
  ASSERT_TRUE(decoded);
  const auto& steps = std::get<ChangeRequest>(*decoded).steps;
  EXPECT_EQ(std::get<lb::AddService>(steps[0]).service, service(web()));
  EXPECT_EQ(std::get<lb::EditService>(steps[1]).service, service(mark6()));
  EXPECT_EQ(std::get<lb::RemoveService>(steps[2]).key, web());
  EXPECT_EQ(std::get<lb::AddServer>(steps[3]).server, server("192.0.2.22", 1));
  EXPECT_EQ(std::get<lb::EditServer>(steps[4]).service, mark6());
  EXPECT_EQ(std::get<lb::RemoveServer>(steps[5]).drain, 5u);
  EXPECT_EQ(std::get<lb::Zero>(steps[7]).service, std::nullopt);
  EXPECT_EQ(std::get<lb::Zero>(steps[8]).service, web());
  EXPECT_EQ(std::get<ChangeRequest>(*decoded).reason, "ipvsadm -A \xef\xbf\xbd");
}

TEST(Messages, EveryRequestGoesThereAndBack) {
  expect_round_trip(ListRequest{});
  expect_round_trip(ListRequest{mark6()});
  expect_round_trip(ConnectionsRequest{18446744073709551615u, 7});
  expect_round_trip(ServerRequest{"web", "mx1", "weight", -1, "ann", "disk", 60});
  expect_round_trip(ServerRequest{"web", "mx1", "drain", {}, "", "", {}});
  expect_round_trip(StatusRequest{});
  expect_round_trip(HealthRequest{});
  expect_round_trip(DropsRequest{});
  expect_round_trip(DiffRequest{"/etc/plenum/plenum.yaml"});
  expect_round_trip(ReloadRequest{""});
  expect_round_trip(TimeoutsRequest{});
  expect_round_trip(TimeoutsRequest{1, 2, 3});
  expect_round_trip(TraceRequest{});
  expect_round_trip(ExplainRequest{
      {address("192.0.2.1"), 4000}, {address("192.0.2.2"), 80}, conf::Protocol::Sctp, true, 7, "eth0", 1500});
  expect_round_trip(TraceRequest{{.address = net::Prefix::parse("2001:db8::/32"),
                                  .port = 80,
                                  .protocol = "tcp",
                                  .interface = "eth0",
                                  .verdicts = {"drop", "no_syn"},
                                  .rate = 7,
                                  .bytes = true}});
}

TEST(Messages, EveryReplyGoesThereAndBack) {
  expect_round_trip(ChangeRequest{}, ChangeReply{});
  ListReply list{.services = {}, .table_size = 4096};
  list.services.push_back(
      {service(web()), {1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, lb::Override{"edited", "ann", "", {}}, {}});
  list.services.back().servers = {server_status(), {}};
  expect_round_trip(ListRequest{}, list);
  const auto decoded = decode_reply(ListRequest{}, encode(Result<Reply>(list)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<ListReply>(*decoded).services, list.services);
  EXPECT_EQ(std::get<ListReply>(*decoded).table_size, 4096u);

  ConnectionsReply connections{.connections = {{}, {}}, .next = 17};
  connections.connections[1] = {conf::Protocol::Sctp,
                                {address("2001:db8::1"), 40000},
                                {address("2001:db8::2"), 80},
                                {address("10.0.0.1"), 8080},
                                "ESTABLISHED",
                                899};
  expect_round_trip(ConnectionsRequest{}, connections);
  expect_round_trip(ConnectionsRequest{}, ConnectionsReply{});
  expect_round_trip(ServerRequest{}, ServerReply{server_status()});
  lb::Status status{.version = "0.1.0",
                    .uptime = 1,
                    .data_plane_uptime = 2,
                    .config_path = "/etc",
                    .config_error = "no",
                    .services = 3,
                    .servers = 4,
                    .connections = 5,
                    .connection_room = 6};
  status.interfaces = {{"eth0", "generic", "no driver support"}};
  status.vips = {{"web", "192.0.2.10/24", "eth0", true}};
  status.warnings = {"one", "two"};
  status.checked = 7;
  status.down = 8;
  status.damped = 9;
  status.services_down = 10;
  status.sorry = 11;
  status.health = {"web: 1 of 2 servers down"};
  expect_round_trip(StatusRequest{}, StatusReply{status});
  lb::HealthReport report{.service = "web", .listens_on = "TCP 192.0.2.10:80"};
  report.health = {.state = "down", .weight = 1, .quorum = 2, .hysteresis = 1, .since = 7, .sorry = true};
  report.servers.push_back({"a", "192.0.2.11:80", {.state = "down", .since = 1, .why = "refused"}});
  report.servers.back().health.checks.push_back({.name = "tcp",
                                                 .asked = "192.0.2.11:80",
                                                 .state = "down",
                                                 .since = 1,
                                                 .why = "refused",
                                                 .latency = 5,
                                                 .last = 100,
                                                 .damped_for = 3,
                                                 .against = 1,
                                                 .probes = 9,
                                                 .failures = 4,
                                                 .falls = 2,
                                                 .hindrance = "no port"});
  expect_round_trip(HealthRequest{}, HealthReply{{report}});
  const auto health = decode_reply(HealthRequest{}, encode(Result<Reply>(HealthReply{{report}})));
  ASSERT_TRUE(health);
  EXPECT_EQ(std::get<HealthReply>(*health).health.at(0), report);
  expect_round_trip(DropsRequest{}, DropsReply{{{"no_server", "drop", "no server is available", 12}}});
  expect_round_trip(DiffRequest{}, DiffReply{{"add service web", ""}});
  expect_round_trip(ReloadRequest{}, ReloadReply{});
  expect_round_trip(TimeoutsRequest{}, TimeoutsReply{900, 120, 300});
  expect_round_trip(TraceRequest{}, TraceReply{});
  lb::Explanation explanation{.connection = "UDP", .service = "TCP 192.0.2.10:80", .found_by = "its address and port"};
  explanation.candidates = {{"192.0.2.11:80", 3, 1, 2, true, "5/3", true, "is overloaded"}};
  explanation.note = "one packet";
  explanation.mtu = 1480;
  explanation.verdict = "dr";
  expect_round_trip(ExplainRequest{}, ExplainReply{explanation});
}

TEST(Messages, TraceLinesGoThereAndBack) {
  const TraceLine packet{lb::TraceEvent{.time = 1,
                                        .interface = "eth0",
                                        .protocol = "udp",
                                        .source = address("192.0.2.1"),
                                        .destination = address("192.0.2.2"),
                                        .source_port = 3,
                                        .destination_port = 4,
                                        .length = 60,
                                        .reason = "no_server",
                                        .kind = "reply",
                                        .events = {"spilled"},
                                        .server = net::Endpoint{address("10.0.0.1"), 80},
                                        .bytes = "00ff"},
                         {}};
  const auto back = decode_trace_line(encode(packet));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->packet, packet.packet);
  EXPECT_FALSE(back->counts);
  const auto counts = decode_trace_line(encode(TraceLine{{}, lb::TraceCounts{3, 2, 1}}));
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->counts, (lb::TraceCounts{3, 2, 1}));
  EXPECT_FALSE(counts->packet);
  EXPECT_FALSE(decode_trace_line("{\"packet\":3}"));
}

TEST(Messages, RefusalKeepsItsErrnoAndText) {
  const Result<Reply> refusal = fail(std::errc::file_exists, "service TCP 192.0.2.10:80 exists");
  const auto decoded = decode_reply(ChangeRequest{}, encode(refusal));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, std::errc::file_exists);
  EXPECT_EQ(decoded.error().what, "service TCP 192.0.2.10:80 exists");
}

TEST(Messages, RefusalWithoutAnErrnoIsEio) {
  const Result<Reply> refusal = tl::unexpected(Error{std::make_error_code(std::io_errc::stream), "odd"});
  const auto decoded = decode_reply(ChangeRequest{}, encode(refusal));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, std::errc::io_error);
}

TEST(Messages, DefaultsStandForMissingFields) {
  const auto decoded =
      decode_request(R"({"op":"change","steps":[{"step":"add_server","service":{"address":"2001:db8::1","port":80},)"
                     R"("server":{"address":"2001:db8::2"}}]})");
  ASSERT_TRUE(decoded) << decoded.error().what;
  const auto& step = std::get<lb::AddServer>(std::get<ChangeRequest>(*decoded).steps.at(0));
  EXPECT_EQ(step.service.family, net::Family::V6);
  EXPECT_EQ(step.service.protocol, conf::Protocol::Tcp);
  EXPECT_EQ(step.server.weight, 1);
  EXPECT_EQ(step.server.forward, conf::Forward::Route);
}

TEST(Messages, WrongRequestsAreNamed) {
  EXPECT_EQ(request_error(""), "request: message is not JSON");
  EXPECT_EQ(request_error("{"), "request: message is not JSON");
  EXPECT_EQ(request_error("[]"), "request: message is not a JSON object");
  EXPECT_EQ(request_error(R"({"op":"list"} trailing)"), "request: message is not JSON");
  EXPECT_EQ(request_error("{\"op\":\"\xff\"}"), "request: message is not JSON");
  EXPECT_EQ(request_error("{}"), "request: op is missing");
  EXPECT_EQ(request_error(R"({"op":3})"), "request: op must be a string");
  EXPECT_EQ(request_error(R"({"op":"explode"})"), "request: unknown op 'explode'");
  EXPECT_EQ(request_error(R"({"op":"list","servise":{}})"), "request: servise is not a known field");
  EXPECT_EQ(request_error(R"({"op":"list","service":[]})"), "request: service must be an object");
  EXPECT_EQ(request_error(R"({"op":"list","service":{}})"), "request: service.address is missing");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"::1","family":"ipv4"}})"),
            "request: service.family is not the address's");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"1.2.3.4","port":65536}})"),
            "request: service.port must be a whole number, 0..65535");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"1.2.3.4","port":-1}})"),
            "request: service.port must be a whole number, 0..65535");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"1.2.3.4","port":1.0}})"),
            "request: service.port must be a whole number, 0..65535");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"1.2.3.4","protocol":"icmp"}})"),
            "request: service.protocol must be one of tcp, udp, sctp, ip");
  EXPECT_EQ(request_error(R"({"op":"list","service":{"address":"1.2.3"}})"),
            "request: service.address must be an IP address");
  EXPECT_EQ(request_error(R"({"op":"change"})"), "request: steps is missing");
  EXPECT_EQ(request_error(R"({"op":"change","steps":{}})"), "request: steps must be an array");
  EXPECT_EQ(request_error(R"({"op":"change","steps":[{"step":"clear"},{"step":"boil"}]})"),
            "request: steps[1].step is none that is known: boil");
  EXPECT_EQ(request_error(R"({"op":"change","steps":[{"step":"zero","servcie":{"fwmark":1}}]})"),
            "request: steps[0].servcie is not a known field");
  EXPECT_EQ(request_error(R"({"op":"change","steps":[{"step":"add_server","service":{"fwmark":1},)"
                          R"("server":{"address":"1.2.3.4","weight":2147483648}}]})"),
            "request: steps[0].server.weight must be a whole number, -2147483648..2147483647");
  EXPECT_EQ(request_error(R"({"op":"change","steps":[{"step":"add_service","service":{"fwmark":1,"one_packet":1}}]})"),
            "request: steps[0].service.one_packet must be true or false");
  EXPECT_EQ(request_error(std::string(100000, '[')), "request: message nests too deeply");
}

TEST(Messages, WrongRepliesAreNamed) {
  const auto error = [](std::string_view line) { return decode_reply(ListRequest{}, line).error().what; };
  EXPECT_EQ(error("hello"), "reply: message is not JSON");
  EXPECT_EQ(error("{}"), "reply: ok is missing");
  EXPECT_EQ(error(R"({"ok":true})"), "reply: services is missing");
  EXPECT_EQ(error(R"({"ok":false})"), "reply: errno is missing");
  EXPECT_EQ(error(R"({"ok":true,"services":[{"service":{"address":"::1"},"servers":[{}]}]})"),
            "reply: services[0].servers[0].server is missing");
}

TEST(Messages, RepliesOfANewerDaemonAreUnderstood) {
  const auto decoded = decode_reply(ListRequest{}, R"({"ok":true,"services":[],"table_size":8,"novelty":[1,2]})");
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(std::get<ListReply>(*decoded).table_size, 8u);
}

}  // namespace
}  // namespace plenum::ctl
