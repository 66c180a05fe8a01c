#include <gtest/gtest.h>

#include "health/rig_for_test.h"

namespace plenum::health {
namespace {

// Answers with what `answer` makes of the request's head, and notes that.
struct Web {
  explicit Web(std::function<std::string(const std::string&)> answer, const Certificate* certificate = nullptr,
               bool v6 = false)
      : server(
            [this, answer = std::move(answer)](Client& client) {
              const auto head = client.read_to("\r\n\r\n");
              const std::lock_guard lock(mutex);
              requests.push_back(head);
              names.push_back(client.server_name());
              certified = client.certified();
              client.write(answer(head));
            },
            certificate != nullptr ? certificate->context() : nullptr, v6) {}
  std::string request(std::size_t i) {
    const std::lock_guard lock(mutex);
    return i < requests.size() ? requests[i] : "";
  }
  std::mutex mutex;
  std::vector<std::string> requests, names;
  bool certified = false;
  TcpServer server;  // last: its thread uses the rest
};

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::string always_ok(const std::string& /*request*/) { return kOk; }

TEST(HttpProbe, SaysWhoItIsAndWhomItWants) {
  Web web(always_ok);
  Rig rig;
  const auto at = web.server.endpoint();
  EXPECT_EQ(rig.ask(target_of(conf::HttpProbe{}, at)), "ok");
  EXPECT_EQ(web.request(0), "GET / HTTP/1.1\r\nHost: " + at.text() +
                                "\r\nUser-Agent: plenum\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  conf::HttpProbe probe;
  probe.method = "HEAD";
  probe.version = conf::HttpVersion::Http10;
  probe.host = "www.example";
  probe.headers = {{"user-agent", "other"}, {"X-Check", "1"}};
  probe.pages = {{.path = "/a?b=c"}, {.path = "/d", .host = "other.example"}};
  EXPECT_EQ(rig.ask(target_of(probe, at)), "ok");
  EXPECT_EQ(web.request(1),
            "HEAD /a?b=c HTTP/1.0\r\nHost: www.example\r\nAccept: */*\r\nConnection: close\r\nuser-agent: "
            "other\r\nX-Check: 1\r\n\r\n");
  EXPECT_EQ(web.request(2).substr(0, 42), "HEAD /d HTTP/1.0\r\nHost: other.example\r\nAcc");
}

TEST(HttpProbe, EveryPageMustBeWell) {
  Web web([](const std::string& request) {
    return request.starts_with("GET /bad ") ? std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") : kOk;
  });
  Rig rig;
  conf::HttpProbe probe;
  probe.pages = {
      {.path = "/a"}, {.path = "/b", .text = "hell"}, {.path = "/c", .digest = "5d41402abc4b2a76b9719d911017c592"}};
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  probe.pages.insert(probe.pages.begin() + 1, conf::HttpPage{.path = "/bad"});
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "/bad: status 503 Busy");
}

TEST(HttpProbe, OverIpv6) {
  Web web(always_ok, nullptr, true);
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::HttpProbe{}, web.server.endpoint())), "ok");
  EXPECT_NE(web.request(0).find("Host: [::1]:"), std::string::npos);
}

TEST(HttpProbe, ServersThatDoNotAnswerAreGivenTheirTimeAndNoMore) {
  TcpServer mute([](Client& client) { client.wait(); });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::HttpProbe{}, mute.endpoint(), 100ms)), "no answer within 100 ms");
  TcpServer slow([](Client& client) {
    client.read_to("\r\n\r\n");
    for (int i = 0; i < 50; ++i) {
      client.write("H");
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_EQ(rig.ask(target_of(conf::HttpProbe{}, slow.endpoint(), 100ms)), "no whole answer within 100 ms");
  TcpServer drip([](Client& client) {
    client.read_to("\r\n\r\n");
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 50; ++i) {
      client.write("x");
      std::this_thread::sleep_for(10ms);
    }
  });
  conf::HttpProbe probe;
  probe.pages = {{.text = "never"}};
  EXPECT_EQ(rig.ask(target_of(probe, drip.endpoint(), 100ms)), "no whole answer within 100 ms");
}

TEST(HttpProbe, AServerThatHangsBehindItsHeaderIsNotWell) {
  TcpServer hangs([](Client& client) {
    client.read_to("\r\n\r\n");
    client.write("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n");
    client.wait();
  });
  Rig rig;
  EXPECT_EQ(rig.ask(target_of(conf::HttpProbe{}, hangs.endpoint(), 100ms)), "no whole answer within 100 ms");
}

TEST(HttpProbe, EachPageHasItsTime) {
  Web web([](const std::string& request) {
    std::this_thread::sleep_for(request.starts_with("GET /slow ") ? 600ms : 250ms);
    return kOk;
  });
  Rig rig;
  conf::HttpProbe probe;
  probe.pages = {{.path = "/a"}, {.path = "/b"}, {.path = "/c"}};
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint(), 500ms)), "ok");
  EXPECT_GE(rig.last.last->latency, 750ms);
  probe.pages.insert(probe.pages.begin() + 1, conf::HttpPage{.path = "/slow"});
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint(), 500ms)), "/slow: no answer within 500 ms");
}

// What comes faster than it is read holds up neither its own deadline nor anybody else's probe.
TEST(HttpProbe, AFloodIsReadInPiecesAndEndsInTime) {
  const std::string block(1 << 20, 'x');
  TcpServer flood([&](Client& client) {
    client.read_to("\r\n\r\n");
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    while (client.write(block)) {
    }
  });
  const LocalSocket listener;
  Rig rig;
  conf::HttpProbe probe;
  probe.pages = {{.digest = "0b6f2e7b1bd4c2be9a5b6b8b1d6d2f4d"}};
  auto flooded = target_of(probe, flood.endpoint(), 300ms);
  flooded.id = "flooded";
  flooded.check.interval = 1h;
  flooded.check.start_delay = 0ns;
  auto quick = target_of(conf::TcpProbe{}, listener.endpoint());
  quick.id = "quick";
  quick.check.interval = 10ms;
  quick.check.start_delay = 0ns;
  rig.checker->set_targets({flooded, quick});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("flooded") == 1; }));
  EXPECT_EQ(rig.checker->status("flooded")->last->why, "no whole answer within 300 ms");
  EXPECT_GE(rig.probes("quick"), 5U);
}

TEST(HttpProbe, ALongBodyComesWhole) {
  const std::string body(3000000, 'x');
  Web web([&](const std::string&) { return "HTTP/1.1 200 OK\r\n\r\n" + body; });
  Rig rig;
  conf::HttpProbe probe;
  probe.pages = {{.digest = "0b6f2e7b1bd4c2be9a5b6b8b1d6d2f4d"}};
  const auto answer = rig.ask(target_of(probe, web.server.endpoint()));
  ASSERT_TRUE(answer.starts_with("the body's digest is ")) << answer;
  probe.pages[0].digest = answer.substr(answer.rfind(' ') + 1);
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
}

TEST(HttpProbe, ABadRegexIsNobodysFault) {
  Web web(always_ok);
  Rig rig;
  conf::HttpProbe probe;
  probe.pages = {{.regex = "("}};
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())).substr(0, 16), "hindered: regex:");
}

TEST(HttpsProbe, NamesTheHostAndTakesAnyCertificateUnlessToldOtherwise) {
  const Certificate certificate("www.example");
  Web web(always_ok, &certificate);
  Rig rig;
  conf::HttpProbe probe;
  probe.tls.emplace();
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_EQ(web.names.back(), "");  // an address is not named
  probe.host = "www.example:8443";
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_EQ(web.names.back(), "www.example");
  probe.tls->server_name = "other.example";
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_EQ(web.names.back(), "other.example");
  probe.tls->send_server_name = false;
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_EQ(web.names.back(), "");
}

TEST(HttpsProbe, VerifiesWhereItIsToldTo) {
  const Certificate certificate("www.example");
  Web web(always_ok, &certificate);
  Rig rig;
  conf::HttpProbe probe;
  probe.tls.emplace();
  probe.tls->verify = true;
  probe.host = "www.example";
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "TLS handshake: certificate: self-signed certificate");
  probe.tls->ca_file = certificate.certificate_file();
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  probe.host = "other.example";
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "TLS handshake: certificate: hostname mismatch");
  probe.tls->ca_file = "/nowhere.pem";
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())).substr(0, 9), "hindered:");
  const Certificate of_address("127.0.0.1");
  Web other(always_ok, &of_address);
  probe.host = "";
  probe.tls->ca_file = of_address.certificate_file();
  EXPECT_EQ(rig.ask(target_of(probe, other.server.endpoint())), "ok");
}

TEST(HttpsProbe, ReadsARenewedFileWhenToldTo) {
  const Certificate certificate("www.example");
  const Certificate former("www.example");
  Web web(always_ok, &certificate);
  Rig rig;
  conf::HttpProbe probe;
  probe.host = "www.example";
  probe.tls.emplace();
  probe.tls->verify = true;
  probe.tls->ca_file = former.certificate_file();
  auto target = target_of(probe, web.server.endpoint());
  target.check.interval = 10ms;
  target.check.start_delay = 0ns;
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.verdict("a") == Verdict::Down; }));
  ASSERT_EQ(std::rename(certificate.certificate_file().c_str(), former.certificate_file().c_str()), 0);
  const auto probes = rig.probes("a");
  ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= probes + 5; }));
  EXPECT_EQ(rig.verdict("a"), Verdict::Down) << "files are not read for each probe";
  rig.checker->forget_files();
  EXPECT_TRUE(rig.wait([&] { return rig.verdict("a") == Verdict::Up; }));
}

TEST(HttpsProbe, ShowsItsOwnCertificate) {
  const Certificate certificate("www.example");
  const Certificate own("client.example");
  SSL_CTX_set_verify(certificate.context(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  Web web(always_ok, &certificate);
  Rig rig;
  conf::HttpProbe probe;
  probe.tls.emplace();
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_FALSE(web.certified);
  probe.tls->certificate_file = own.certificate_file();
  probe.tls->key_file = own.key_file();
  EXPECT_EQ(rig.ask(target_of(probe, web.server.endpoint())), "ok");
  EXPECT_TRUE(web.certified);
}

TEST(HttpsProbe, AServerWithoutTlsIsNotWell) {
  TcpServer plain([](Client& client) { client.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  Rig rig;
  conf::HttpProbe probe;
  probe.tls.emplace();
  EXPECT_EQ(rig.ask(target_of(probe, plain.endpoint())).substr(0, 15), "TLS handshake: ");
  TcpServer mute([](Client& client) { client.wait(); });
  EXPECT_EQ(rig.ask(target_of(probe, mute.endpoint(), 100ms)), "no TLS handshake within 100 ms");
}

}  // namespace
}  // namespace plenum::health
