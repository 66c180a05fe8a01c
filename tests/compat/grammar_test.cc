// Thousands of command lines, one by one against an empty table that takes everything, beside
// what the real ipvsadm made of them: output, errors, exit code, and what was asked of the
// kernel.

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "director.h"
#include "recording.h"

namespace plenum::compat {
namespace {

// What the stub under the real ipvsadm would have written of a request.
std::string key_text(const conf::ServiceKey& key) {
  std::ostringstream text;
  text << " af=" << static_cast<int>(key.family);
  if (key.fwmark != 0)
    text << " fwmark=" << key.fwmark;
  else
    text << " proto=" << static_cast<int>(key.protocol) << " addr=" << key.address.text() << " port=" << key.port;
  return text.str();
}

std::string service_text(const conf::Service& service) {
  std::ostringstream text;
  text << key_text(service.key) << " sched=" << service.scheduler << " flags=" << service.scheduler_flags
       << " ops=" << service.one_packet;
  if (service.persistence) {
    text << " timeout=" << service.persistence->timeout << " netmask=" << std::hex << service.persistence->netmask;
    if (!service.persistence->engine.empty()) text << " pe=" << service.persistence->engine;
  }
  return text.str();
}

std::string server_text(const conf::Server& server) {
  std::ostringstream text;
  text << " -> addr=" << server.key.address.text() << " port=" << server.key.port
       << " fwd=" << static_cast<int>(server.forward) << " weight=" << server.weight << " upper=" << server.upper
       << " lower=" << server.lower;
  if (server.forward == conf::Forward::Tunnel)
    text << " tun=" << static_cast<int>(server.tunnel.type) << ':' << server.tunnel.port << ':'
         << static_cast<int>(server.tunnel.checksum);
  return text.str();
}

struct StepText {
  std::string operator()(const lb::AddService& step) const { return "new-service" + service_text(step.service); }
  std::string operator()(const lb::EditService& step) const { return "set-service" + service_text(step.service); }
  std::string operator()(const lb::RemoveService& step) const { return "del-service" + key_text(step.key); }
  std::string operator()(const lb::AddServer& step) const {
    return "new-dest" + key_text(step.service) + server_text(step.server);
  }
  std::string operator()(const lb::EditServer& step) const {
    return "set-dest" + key_text(step.service) + server_text(step.server);
  }
  std::string operator()(const lb::RemoveServer& step) const {
    EXPECT_EQ(step.drain, 0u);
    return "del-dest" + key_text(step.service) + " -> addr=" + step.server.address.text() +
           " port=" + std::to_string(step.server.port);
  }
  std::string operator()(const lb::Clear&) const { return "flush"; }
  std::string operator()(const lb::Zero& step) const { return "zero" + (step.service ? key_text(*step.service) : ""); }
};

std::vector<std::string> request_texts(const ctl::Request& request) {
  if (const auto* change = std::get_if<ctl::ChangeRequest>(&request)) {
    std::vector<std::string> texts;
    for (const auto& step : change->steps) texts.push_back(std::visit(StepText{}, step));
    return texts;
  }
  if (const auto* list = std::get_if<ctl::ListRequest>(&request))
    return {"get-service" + (list->service ? key_text(*list->service) : "")};
  if (const auto* timeouts = std::get_if<ctl::TimeoutsRequest>(&request)) {
    if (!timeouts->tcp) return {"get-config"};
    return {"set-config tcp=" + std::to_string(*timeouts->tcp) + " fin=" + std::to_string(*timeouts->tcp_fin) +
            " udp=" + std::to_string(*timeouts->udp)};
  }
  if (std::holds_alternative<ctl::ConnectionsRequest>(request))
    return {};  // a file under /proc, not the kernel's netlink
  if (const auto* sync = std::get_if<ctl::SyncRequest>(&request))
    return {sync->action == "start" ? "new-daemon" : sync->action == "stop" ? "del-daemon" : "get-daemon"};
  return {"unexpected request"};
}

// Takes every change, as the stub does, and has nothing to list.
struct Recorder {
  std::vector<std::string> sent;

  Result<ctl::Reply> answer(const ctl::Request& request) {
    for (const auto& text : request_texts(request)) sent.push_back(text);
    if (const auto* list = std::get_if<ctl::ListRequest>(&request)) {
      if (list->service) return fail(std::errc::no_such_process, "no such service");
      return ctl::ListReply{.services = {}, .table_size = 4096};
    }
    if (std::holds_alternative<ctl::TimeoutsRequest>(request)) return ctl::TimeoutsReply{};
    if (std::holds_alternative<ctl::ConnectionsRequest>(request)) return ctl::ConnectionsReply{};
    if (std::holds_alternative<ctl::SyncRequest>(request)) return ctl::SyncReply{};
    return ctl::ChangeReply{};
  }
};

// The version line names plenum where it named popt; nothing else differs.
std::string without_version(std::string text) {
  const auto start = text.find("(compiled with ");
  const auto end = text.find(" and IPVS v1.2.1)");
  if (start != std::string::npos && end != std::string::npos) text.erase(start, end - start);
  return text;
}

bool lists_connections(const std::string& err) { return err == "cannot open file /proc/net/ip_vs_conn\n"; }

TEST(Grammar, EveryRecordedCommandLineIsTakenTheSameWay) {
  const TestNames names;
  std::map<std::string, int> seen;
  for (const auto& run : read_recording("grammar.txt")) {
    auto words = shell_words(run.command);
    ASSERT_EQ(words.at(0), "ipvsadm");
    words.erase(words.begin());

    Recorder recorder;
    std::istringstream in;
    std::ostringstream out, err;
    const cli::IpvsadmWorld world{
        .connect = [&]() -> Result<cli::IpvsadmWorld::Call> {
          return cli::IpvsadmWorld::Call([&](const ctl::Request& request) { return recorder.answer(request); });
        },
        .names = names,
        .in = in,
        .out = out,
        .err = err};
    const int exit = cli::ipvsadm_main("ipvsadm", words, world);

    if (lists_connections(run.err)) {
      ++seen["connections"];
      EXPECT_EQ(exit, 0) << run.command;
      EXPECT_TRUE(out.str().starts_with("IPVS connection entries\npro expire ")) << run.command;
      continue;
    }
    ++seen["all"];
    EXPECT_EQ(without_version(out.str()), without_version(run.out)) << run.command;
    EXPECT_EQ(err.str(), run.err) << run.command;
    EXPECT_EQ(exit, run.exit) << run.command;
    EXPECT_EQ(recorder.sent, run.sent) << run.command;
  }
  EXPECT_GT(seen["all"], 2000);
  EXPECT_GT(seen["connections"], 5);
}

}  // namespace
}  // namespace plenum::compat
