// Every other kind of probe against servers of its kind.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <fstream>

#include "health/probe.h"
#include "health/rig_for_test.h"
#include "health/surroundings.h"
#include "proto/dns.h"
#include "rt/namespace_for_test.h"

namespace plenum::health {
namespace {

TEST(ExpectProbe, SendsAndFindsWhatIsExpected) {
  TcpServer echo([](Client& client) { client.write("you said " + client.read_to("\n")); });
  Rig rig;
  conf::ExpectProbe probe{.send = "ping\r\n", .expect = "said ping\r\n"};
  EXPECT_EQ(rig.ask(target_of(probe, echo.endpoint())), "ok");
  probe.expect = "pong";
  EXPECT_EQ(rig.ask(target_of(probe, echo.endpoint())), "the connection ended without what is expected");
  probe.regex = true;
  probe.expect = R"(said p\w+)";
  EXPECT_EQ(rig.ask(target_of(probe, echo.endpoint())), "ok");
  probe.expect = "pong";
  EXPECT_EQ(rig.ask(target_of(probe, echo.endpoint())), "the connection ended without what is expected");
}

TEST(ExpectProbe, OnlyListensWhereNothingIsSent) {
  TcpServer greeter([](Client& client) {
    client.write("SSH-");
    std::this_thread::sleep_for(20ms);
    client.write("2.0-x\r\n");
    client.wait();
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::ExpectProbe{.expect = "SSH-2.0"}, greeter.endpoint())), "ok");
  EXPECT_EQ(rig.ask(target_of(conf::ExpectProbe{.expect = "FTP"}, greeter.endpoint(), 200ms)),
            "not what is expected within 200 ms");
  EXPECT_EQ(rig.ask(target_of(conf::ExpectProbe{}, greeter.endpoint())), "ok");
}

TEST(ExpectProbe, OverTls) {
  const Certificate certificate("x");
  TcpServer echo([](Client& client) { client.write("you said " + client.read_to("\n")); }, certificate.context());
  Rig rig;
  conf::ExpectProbe probe{.tls = conf::TlsOptions{}, .send = "ping\n", .expect = "said ping"};
  EXPECT_EQ(rig.ask(target_of(probe, echo.endpoint())), "ok");
}

TEST(SmtpProbe, GreetsAndTakesItsLeave) {
  std::mutex mutex;
  std::string heard;
  TcpServer mail([&](Client& client) {
    client.write("220-mail.example\r\n220 ESMTP\r\n");
    std::string all;
    while (true) {
      const auto line = client.read_to("\r\n");
      all += line;
      if (line.starts_with("EHLO")) client.write("250-mail.example\r\n250 SIZE\r\n");
      if (line.starts_with("QUIT")) client.write("221 Bye\r\n");
      if (line.empty() || line.starts_with("QUIT")) break;
    }
    const std::lock_guard lock(mutex);
    heard = all;
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{.helo = "me.example"}, mail.endpoint())), "ok");
  ASSERT_TRUE(rig.wait([&] {
    const std::lock_guard lock(mutex);
    return !heard.empty();
  }));
  EXPECT_EQ(heard, "EHLO me.example\r\nQUIT\r\n");
}

TEST(SmtpProbe, FallsBackToHelo) {
  TcpServer old([](Client& client) {
    client.write("220 x\r\n");
    client.read_to("\n");
    client.write("500 what\r\n");
    client.write(client.read_to("\n").starts_with("HELO") ? "250 x\r\n" : "500 what\r\n");
    client.read_to("\n");  // and goes without a word
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{}, old.endpoint())), "ok");
}

TEST(SmtpProbe, SaysWhereItFailed) {
  TcpServer busy([](Client& client) { client.write("421 too busy\r\n"); });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{}, busy.endpoint())), "greeting: 421 too busy");
  TcpServer web([](Client& client) { client.write("HTTP/1.1 400\r\n"); });
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{}, web.endpoint())), "greeting: not SMTP: HTTP/1.1 400");
  TcpServer gone([](Client& client) {
    client.write("220 x\r\n");
    client.read_to("\n");
  });
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{}, gone.endpoint())), "EHLO: the connection ended");
  TcpServer mute([](Client& client) { client.wait(); });
  EXPECT_EQ(rig.ask(target_of(conf::SmtpProbe{}, mute.endpoint(), 100ms)), "greeting: no answer within 100 ms");
}

// The question with the response bit and an rcode.
std::string dns_answer(std::string query, int rcode) {
  query[2] = static_cast<char>(query[2] | 0x80);
  query[3] = static_cast<char>(rcode);
  return query;
}

TEST(DnsProbe, AsksAndIsAnswered) {
  std::atomic<int> rcode = 0;
  UdpServer server([&](const std::string& query) { return dns_answer(query, rcode); });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, server.endpoint())), "ok");
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{.name = "www.Example", .type = "AAAA"}, server.endpoint())), "ok");
  rcode = 2;
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, server.endpoint())), "SERVFAIL");
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{.name = "a..b"}, server.endpoint())), "hindered: a..b is no domain name");
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{.type = "X"}, server.endpoint())), "hindered: there is no record type X");
}

TEST(DnsProbe, WhatIsNotItsAnswerIsNone) {
  UdpServer other_id([](std::string query) {
    query[0] = static_cast<char>(query[0] ^ 1);
    return dns_answer(query, 0);
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, other_id.endpoint(), 100ms)), "no answer within 100 ms");
  UdpServer other_question([](const std::string& query) {
    const auto wrong =
        *proto::write_dns_query(static_cast<std::uint16_t>((query[0] & 0xff) << 8 | (query[1] & 0xff)), "x", 1);
    return dns_answer({wrong.begin(), wrong.end()}, 0);
  });
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, other_question.endpoint())), "the answer is to another question");
  UdpServer junk([](const std::string& query) { return query.substr(0, 5); });
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, junk.endpoint())), "the answer is cut short");
  LocalSocket gone(SOCK_DGRAM);
  gone.close();
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{}, gone.endpoint())), "read: Connection refused");
}

TEST(DnsProbe, OverTcp) {
  TcpServer server([](Client& client) {
    // The root's name ends in the four bytes of type and class.
    const auto message = client.read_to(std::string("\0\0\6\0\1", 5));
    const auto answer = dns_answer(message.substr(2), 0);
    client.write(message.substr(0, 2) + answer.substr(0, 3));
    std::this_thread::sleep_for(10ms);
    client.write(answer.substr(3));
    client.wait();
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::DnsProbe{.tcp = true}, server.endpoint())), "ok");
}

TEST(UdpProbe, WantsAnAnswerOrNoRefusal) {
  UdpServer echo([](const std::string& bytes) { return bytes == "silent" ? "" : "re: " + bytes; });
  Rig rig;
  const auto at = echo.endpoint();
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "x", .require_answer = true}, at)), "ok");
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "x", .expect = "re: x"}, at)), "ok");
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "x", .expect = "no"}, at)), "not what is expected");
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "x", .min_answer = 6}, at)), "an answer of 5 bytes");
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "silent"}, at, 50ms)), "ok");
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "silent", .require_answer = true}, at, 50ms)),
            "no answer within 50 ms");
  LocalSocket gone(SOCK_DGRAM);
  gone.close();
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{}, gone.endpoint())), "port unreachable");
}

TEST(UdpProbe, AnswersBeginAsTheyShallUnderAMaskAsFarAsTheyGo) {
  UdpServer echo([](const std::string& bytes) { return bytes; });
  Rig rig;
  const auto asked = [&](const std::string& answer, const std::string& prefix, const std::string& mask = "") {
    return rig.ask(
        target_of(conf::UdpProbe{.payload = answer, .prefix = prefix, .prefix_mask = mask}, echo.endpoint()));
  };
  EXPECT_EQ(asked("abcd", "ab"), "ok");
  EXPECT_EQ(asked("xabc", "ab"), "not what is expected") << "it is there, but not at the beginning";
  EXPECT_EQ(asked("a", "ab"), "ok");
  EXPECT_EQ(asked("b", "ab"), "not what is expected");
  EXPECT_EQ(asked("\x12zd",
                  "\x10"
                  "bd",
                  "\xf0" + std::string(1, 0) + "\xff"),
            "ok");
  EXPECT_EQ(asked("\x22zd",
                  "\x10"
                  "bd",
                  "\xf0" + std::string(1, 0) + "\xff"),
            "not what is expected");
  UdpServer silent([](const std::string&) { return ""; });
  EXPECT_EQ(rig.ask(target_of(conf::UdpProbe{.payload = "x", .prefix = "a"}, silent.endpoint(), 50ms)),
            "no answer within 50 ms");
}

TEST(PingProbe, IsEchoedByBothFamiliesWithAndWithoutPrivilege) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh(
        "ip addr add 192.0.2.1/24 dev eth0 && ip addr add 192.0.2.7/24 dev eth0 && "
        "ip -6 addr add 2001:db8::1/64 dev eth0 nodad");
    space.sh_there("ip addr add 192.0.2.2/24 dev eth0 && ip -6 addr add 2001:db8::2/64 dev eth0 nodad");
    for (const char* range : {"1 0", "0 2147483647"}) {
      rt::TwoNamespaces::sh(std::string("sysctl -qw net.ipv4.ping_group_range='") + range + "'");
      Rig rig;
      const auto target = [](const char* address) {
        return target_of(conf::PingProbe{}, {*net::Address::parse(address), 0}, 1s);
      };
      EXPECT_EQ(rig.ask(target("192.0.2.2")), "ok") << range;
      EXPECT_EQ(rig.ask(target("2001:db8::2")), "ok") << range;
      auto special = target("192.0.2.2");
      special.check.source = net::Endpoint{*net::Address::parse("192.0.2.7"), 0};
      special.check.interface = "eth0";
      special.check.mark = 7;
      special.check.probe = conf::PingProbe{.payload = 0};
      EXPECT_EQ(rig.ask(special), "ok") << range;
      special.check.source = net::Endpoint{*net::Address::parse("192.0.2.8"), 0};
      EXPECT_EQ(rig.ask(special).substr(0, 9), "hindered:") << range;
      auto silent = target("192.0.2.99");
      silent.check.timeout = 100ms;
      EXPECT_EQ(rig.ask(silent), "no echo within 100 ms") << range;
    }
  });
}

TEST(PingProbe, ASourceOfTheOtherFamilyHinders) {
  Rig rig;
  for (const auto& [asked, source] : {std::pair{"127.0.0.1", "::1"}, {"::1", "127.0.0.1"}}) {
    auto target = target_of(conf::PingProbe{}, {*net::Address::parse(asked), 0}, 1s);
    target.check.source = net::Endpoint{*net::Address::parse(source), 0};
    EXPECT_EQ(rig.ask(target), "hindered: source " + std::string(source) + " is not of the family that is asked");
  }
}

TEST(PingProbe, ManyAtOnceEachHearTheirOwn) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 10.0.0.1/8 dev eth0");
    space.sh_there("ip route add local 10.1.0.0/16 dev lo && ip addr add 10.0.0.2/8 dev eth0");
    rt::TwoNamespaces::sh("ip route add 10.1.0.0/16 via 10.0.0.2");
    Rig rig;
    std::vector<Target> targets;
    for (unsigned i = 0; i < 2000; ++i) {
      // Every tenth is not there.
      auto target = target_of(conf::PingProbe{}, {net::Address::v4(0x0a010000 + i), 0}, 1s);
      if (i % 10 == 0) target.server.address = net::Address::v4(0x0a020000 + i);
      target.id = std::to_string(i);
      target.check.interval = 1h;
      target.check.start_delay = 0ns;
      targets.push_back(target);
    }
    rig.checker->set_targets(targets);
    ASSERT_TRUE(rig.wait([&] {
      const auto statuses = rig.checker->snapshot();
      return statuses.size() == 2000 &&
             std::all_of(statuses.begin(), statuses.end(), [](const auto& status) { return status.probes == 1; });
    }));
    for (const auto& status : rig.checker->snapshot())
      EXPECT_EQ(status.last->passed, std::stoi(status.id) % 10 != 0) << status.id << ": " << status.last->why;
  });
}

conf::ScriptProbe script(const std::string& text, bool weighted = false) {
  conf::ScriptProbe out;
  out.command.words = {"/bin/sh", "-c", text};
  out.weighted = weighted;
  return out;
}

const net::Endpoint kNobody{*net::Address::parse("192.0.2.1"), 80};

TEST(ScriptProbe, ExitsAndMaySetAWeight) {
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(script("exit 0"), kNobody)), "ok");
  EXPECT_EQ(rig.ask(target_of(script("exit 3"), kNobody)), "exit status 3");
  EXPECT_EQ(rig.ask(target_of(script("exit 3", true), kNobody)), "ok");
  EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Set, 1}));
  EXPECT_EQ(rig.ask(target_of(script("exit 255", true), kNobody)), "ok");
  EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Set, 253}));
  EXPECT_EQ(rig.ask(target_of(script("exit 0", true), kNobody)), "ok");
  EXPECT_EQ(rig.last.weight, WeightWord{});
  EXPECT_EQ(rig.ask(target_of(script("exit 1", true), kNobody)), "exit status 1");
  EXPECT_EQ(rig.ask(target_of(script("test $PLENUM_ADDRESS:$PLENUM_PORT = 192.0.2.1:80"), kNobody)), "ok");
  auto missing = script("");
  missing.command.words = {"/nowhere/check"};
  EXPECT_EQ(rig.ask(target_of(missing, kNobody)), "not started: No such file or directory");
}

TEST(ScriptProbe, RunsAsNobodyOfImportance) {
  PLENUM_NEEDS_ROOT();
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(script("test $(id -u) != 0"), kNobody)), "ok");
  auto as_root = script("test $(id -u) = 0");
  as_root.command.user = "root";
  EXPECT_EQ(rig.ask(target_of(as_root, kNobody)), "ok");
  as_root.command.user = "nobody_of_that_name";
  EXPECT_EQ(rig.ask(target_of(as_root, kNobody)).substr(0, 9), "hindered:");
}

TEST(ScriptProbe, RunsAsTheRulesSayWhereItNamesNobody) {
  PLENUM_NEEDS_ROOT();
  Rig rig;
  rig.checker->set_script_rules({"12345", "54321", false});
  EXPECT_EQ(rig.ask(target_of(script("test $(id -u):$(id -g) = 12345:54321"), kNobody)), "ok");
  auto as_root = script("test $(id -u):$(id -g) = 0:0");
  as_root.command.user = "root";
  EXPECT_EQ(rig.ask(target_of(as_root, kNobody)), "ok");
  rig.checker->set_script_rules({"nobody_of_that_name", "", false});
  EXPECT_EQ(rig.ask(target_of(script("true"), kNobody)).substr(0, 9), "hindered:");
}

TEST(ScriptProbe, WhatOthersMayChangeIsNotRunWhereTheRulesSaySo) {
  const std::string path = "/tmp/plenum-script-rules-" + std::to_string(::getpid());
  std::ofstream(path) << "#!/bin/sh\n";
  conf::ScriptProbe probe;
  probe.command.words = {path};
  Rig rig;
  ::chmod(path.c_str(), 0777);
  EXPECT_EQ(rig.ask(target_of(probe, kNobody)), "ok");
  rig.checker->set_script_rules({"", "", true});
  // No failure of the server: nothing follows from it.
  EXPECT_EQ(rig.ask(target_of(probe, kNobody)),
            "hindered: " + path + ": others than root may change " + path + ", which is not safe to run");
  ::chmod(path.c_str(), 0755);
  EXPECT_EQ(rig.ask(target_of(probe, kNobody)), "ok");
  ::unlink(path.c_str());
  EXPECT_EQ(rig.ask(target_of(probe, kNobody)), "there is no program " + path);
}

TEST(ScriptProbe, AUserDatabaseThatHangsIsNobodysFault) {
  rt::Loop loop;
  const auto reactor = *Reactor::open(loop);
  std::mutex mutex;
  std::condition_variable released;
  bool hangs = false;
  unsigned hanging = 0;  // of the loop's thread alone
  Surroundings around{loop, *reactor};
  const auto wait = [&](const std::function<bool()>& so) {
    for (const auto end = SteadyClock().now() + 10s; !so() && SteadyClock().now() < end;) loop.run_for(2ms);
    return so();
  };
  const auto hang = [&] {
    hangs = true;
    for (unsigned i = 0; i < Errands::kThreads; ++i) {
      ++hanging;
      around.errands.run(
          "hang" + std::to_string(i),
          [&]() -> std::shared_ptr<void> {
            std::unique_lock lock(mutex);
            released.wait(lock, [&] { return !hangs; });
            return {};
          },
          [&](const std::shared_ptr<void>&) { --hanging; });
    }
  };
  const auto release = [&] {
    {
      const std::lock_guard lock(mutex);
      hangs = false;
    }
    released.notify_all();
    return wait([&] { return hanging == 0; });
  };
  const auto target = target_of(script("exit 0"), kNobody);
  std::optional<Outcome> outcome;
  std::unique_ptr<Probe> probe;
  const auto ask = [&] {
    outcome.reset();
    probe = make_script_probe(target, around, [&](Outcome how) { outcome = std::move(how); });
    probe->begin();
  };
  hang();
  ask();
  const auto late = probe->timed_out();
  EXPECT_EQ(late.kind, Outcome::Kind::Hindered) << late.why;
  EXPECT_TRUE(release());
  ask();
  EXPECT_TRUE(wait([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->kind, Outcome::Kind::Passed) << outcome->why;
  // Who was known goes on being known.
  hang();
  ask();
  EXPECT_TRUE(wait([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->kind, Outcome::Kind::Passed) << outcome->why;
  EXPECT_TRUE(release());
}

TEST(ScriptProbe, AStuckOneIsEndedAndDelaysNobody) {
  Rig rig;
  auto stuck = target_of(script("sleep 1000"), kNobody, 100ms);
  stuck.id = "stuck";
  stuck.check.interval = 50ms;
  stuck.check.start_delay = 0ns;
  const LocalSocket listener;
  auto quick = target_of(conf::TcpProbe{}, listener.endpoint());
  quick.id = "quick";
  quick.check.interval = 10ms;
  quick.check.start_delay = 0ns;
  rig.checker->set_targets({stuck, quick});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("stuck") >= 2; }));
  EXPECT_EQ(rig.checker->status("stuck")->last->why, "no end of the script within 100 ms");
  EXPECT_GE(rig.probes("quick"), 5U);
}

TEST(ScriptProbe, NoneOutlivesTheChecker) {
  const std::string mark = "/tmp/plenum-script-probe-" + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(mark.c_str(), 0777), 0);
  ::chmod(mark.c_str(), 0777);
  std::vector<int> pids;
  {
    Rig rig;
    auto deaf =
        target_of(script("trap '' TERM; echo $$ >" + mark + "/deaf; while :; do sleep 0.01; done"), kNobody, 200ms);
    deaf.id = "deaf";
    deaf.check.interval = 1h;
    deaf.check.start_delay = 0ns;
    auto busy = target_of(script("echo $$ >" + mark + "/busy; sleep 1000"), kNobody, 1h);
    busy.id = "busy";
    busy.check.start_delay = 0ns;
    rig.checker->set_targets({deaf, busy});
    const auto said = [&](const char* name) {
      int pid = 0;
      std::ifstream(mark + "/" + name) >> pid;
      return pid;
    };
    ASSERT_TRUE(rig.wait([&] { return rig.probes("deaf") == 1 && said("busy") != 0; }));
    pids = {said("deaf"), said("busy")};
  }
  for (const int pid : pids) {
    ASSERT_GT(pid, 0);
    // Killed, and reaped by the checker or (late) left to the end of this process.
    std::string state;
    for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(10ms)) {
      std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
      state.clear();
      if (std::string number, name; stat >> number >> name >> state && state != "Z") continue;
      break;
    }
    EXPECT_TRUE(state.empty() || state == "Z") << state;
  }
  for (const char* name : {"/deaf", "/busy", ""}) std::remove((mark + name).c_str());
}

TEST(FileProbe, IsANumber) {
  const std::string path = "/tmp/plenum-file-probe-" + std::to_string(::getpid());
  const auto say = [&](const std::string& text) { std::ofstream(path) << text; };
  Rig rig;
  const auto ask = [&](std::int32_t factor, bool reverse) {
    return rig.ask(target_of(conf::FileProbe{path, factor, reverse}, kNobody));
  };
  EXPECT_EQ(ask(1, false), "ok");  // no file counts as 0
  EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Add, 0}));
  say("-7\n");
  EXPECT_EQ(ask(2, false), "ok");
  EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Add, -14}));
  EXPECT_EQ(ask(2, true), "ok");
  EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Add, 14}));
  EXPECT_EQ(ask(0, false), path + " says -7");
  EXPECT_EQ(ask(0, true), "ok");
  say("0");
  EXPECT_EQ(ask(0, false), "ok");
  EXPECT_EQ(ask(0, true), path + " says 0");
  // As keepalived does: what is no number is 0, and what a number begins with is one.
  for (const auto& [text, number] : std::initializer_list<std::pair<const char*, std::int32_t>>{
           {"seven", 0}, {"", 0}, {" +12 of 20\n", 12}, {"0x10", 16}, {"010", 8}, {"-0x1", -1}}) {
    say(text);
    EXPECT_EQ(ask(1, false), "ok") << text;
    EXPECT_EQ(rig.last.weight, (WeightWord{WeightWord::Kind::Add, number})) << text;
  }
  say("seven");
  EXPECT_EQ(ask(0, false), "ok");
  say("5000000000");
  EXPECT_EQ(ask(1, false), "hindered: " + path + ": a number out of range");
  say("-2000000000");
  EXPECT_EQ(ask(1, false), "ok");
  EXPECT_EQ(ask(2, false), path + " says -2000000000") << "less than any weight: it is down";
  EXPECT_EQ(ask(2, true), "ok");
  ::unlink(path.c_str());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ask(0, false), "ok");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace plenum::health
