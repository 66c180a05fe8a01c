#include "health/http_answer.h"

#include <gtest/gtest.h>

namespace plenum::health {
namespace {

// What is judged of `bytes` coming in pieces of one size and another, which must not matter. Without a judgement
// the connection ends.
std::string judged(const conf::HttpPage& page, const std::string& bytes, bool head = false) {
  std::optional<std::string> before;
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size() + 1}) {
    std::optional<Pattern> regex;
    if (!page.regex.empty()) regex = *Pattern::compile(page.regex, page.regex_ignore_case);
    HttpAnswer answer(page, regex, head);
    std::optional<std::string> now;
    for (std::size_t at = 0; at < bytes.size() && !now; at += step) now = answer.take(bytes.substr(at, step));
    if (!now) now = answer.end();
    EXPECT_EQ(*now, before.value_or(*now)) << "in steps of " << step;
    before = now;
  }
  return *before;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST(HttpAnswer, StatusesAreOfRanges) {
  EXPECT_EQ(judged({}, kOk), "");
  EXPECT_EQ(judged({}, "HTTP/1.0 204 No Content\r\n\r\n"), "");
  EXPECT_EQ(judged({}, "HTTP/1.1 500 Oh dear\r\n\r\n"), "status 500 Oh dear");
  EXPECT_EQ(judged({}, "HTTP/1.1 302 Found\r\n\r\n"), "status 302 Found");
  conf::HttpPage page;
  page.statuses = {{200, 200}, {301, 399}, {401, 401}};
  EXPECT_EQ(judged(page, "HTTP/1.1 302 Found\r\n\r\n"), "");
  EXPECT_EQ(judged(page, "HTTP/1.1 401 \r\n\r\n"), "");
  EXPECT_EQ(judged(page, "HTTP/1.1 300 x\r\n\r\n"), "status 300 x");
  EXPECT_EQ(judged(page, "HTTP/1.1 204 \r\n\r\n"), "status 204 No Content");
}

// A server that hangs behind its header is not well, whatever the header says.
TEST(HttpAnswer, AnAnswerThatSaysItsEndMustComeToIt) {
  conf::HttpPage status, text, regex;
  text.text = "el";
  regex.regex = "^hel+";
  for (const auto& page : {status, text, regex}) {
    EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\nhello"), "the answer ended early");
    EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
              "the answer ended early");
    EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "");
    const auto more = std::string(2 * conf::kMostSearched, 'x');
    const auto header = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(5 + more.size()) + "\r\n\r\nhello";
    EXPECT_EQ(judged(page, header + more), "");
    EXPECT_EQ(judged(page, header + more.substr(1)), "the answer ended early");
    HttpAnswer endless(page, page.regex.empty() ? std::nullopt : std::optional(*Pattern::compile(page.regex)), false);
    const auto at_once = endless.take("HTTP/1.1 200 OK\r\n\r\nhello");
    EXPECT_EQ(at_once, page.regex.empty() ? std::optional<std::string>("") : std::nullopt);
  }
}

TEST(HttpAnswer, TextMayStandAnywhere) {
  conf::HttpPage page;
  page.text = "ell";
  EXPECT_EQ(judged(page, kOk), "");
  page.text = "goodbye";
  EXPECT_EQ(judged(page, kOk), "the body lacks \"goodbye\"");
  EXPECT_EQ(judged(page, "HTTP/1.1 200 goodbye\r\nX: goodbye\r\nContent-Length: 0\r\n\r\n"),
            "the body lacks \"goodbye\"");
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\n\r\nsay goodbye"), "");
}

TEST(HttpAnswer, ChunksArePutTogether) {
  conf::HttpPage page;
  page.text = "hello world";
  EXPECT_EQ(judged(page,
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "4;name=value\r\nhell\r\n7\r\no world\r\n0\r\nTrailer: x\r\n\r\n"),
            "");
}

TEST(HttpAnswer, RegexMatchesOrDoesNot) {
  conf::HttpPage page;
  page.regex = "^h.l+o$";
  EXPECT_EQ(judged(page, kOk), "");
  page.regex = "HELLO";
  EXPECT_EQ(judged(page, kOk), "the body does not match the regex");
  page.regex_ignore_case = true;
  EXPECT_EQ(judged(page, kOk), "");
  page.regex_negated = true;
  EXPECT_EQ(judged(page, kOk), "the body matches the regex");
  page.regex = "error";
  EXPECT_EQ(judged(page, kOk), "");
}

TEST(HttpAnswer, DigestsAreOfTheWholeBody) {
  conf::HttpPage page;
  page.digest = "5D41402ABC4B2A76B9719D911017C592";
  EXPECT_EQ(judged(page, kOk), "");
  page.digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  EXPECT_EQ(judged(page, kOk), "");
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\n\r\nhullo"),
            "the body's digest is 7835066a1457504217688c8f5d06909c6591e0ca78c254ccf17450d0d999cab0");
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), "the answer ended early");
}

TEST(HttpAnswer, AllThatIsGivenMustHold) {
  conf::HttpPage page;
  page.text = "hello";
  page.regex = "world";
  page.statuses = {{200, 299}};
  EXPECT_EQ(judged(page, kOk), "the body does not match the regex");
  EXPECT_EQ(judged(page, "HTTP/1.1 404 Not Found\r\n\r\nhello world"), "status 404 Not Found");
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\n\r\nhello world"), "");
}

TEST(HttpAnswer, InterimAnswersDoNotCount) {
  EXPECT_EQ(judged({}, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk), "");
  EXPECT_EQ(judged({}, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"), "status 503 No");
  std::string endless;
  for (int i = 0; i < 20; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(judged({}, endless), "HTTP: one interim answer after the other");
}

TEST(HttpAnswer, HeadHasNoBody) {
  conf::HttpPage page;
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true), "");
  page.text = "x";
  EXPECT_EQ(judged(page, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true), "the body lacks \"x\"");
}

TEST(HttpAnswer, WhatIsNoHttpIsSaidToBe) {
  EXPECT_EQ(judged({}, ""), "the connection ended without an answer");
  EXPECT_EQ(judged({}, "HTTP/1.1 20"), "the answer ended early");
  EXPECT_EQ(judged({}, "SSH-2.0-OpenSSH_9.2p1\r\n"), "the answer is not HTTP");
  EXPECT_EQ(judged({}, "HTTP/1.1 200 OK\r\nContent-Length: no\r\n\r\n").substr(0, 6), "HTTP: ");
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'x');
  const conf::HttpPage page;
  HttpAnswer answer(page, std::nullopt, false);
  const auto judged_of_it = answer.take(endless);
  ASSERT_TRUE(judged_of_it);
  EXPECT_EQ(judged_of_it->substr(0, 6), "HTTP: ");
}

// Neither a chunk's extension nor a trailer is given more room than a header is.
TEST(HttpAnswer, WhatStandsBesideChunksHasAnEnd) {
  conf::HttpPage page;
  page.text = "needle";
  const std::string header = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string long_one(60000, 'a'), endless(200000, 'a');
  EXPECT_EQ(judged(page, header + "6;a=" + long_one + "\r\nneedle\r\n0\r\nX: " + long_one + "\r\n\r\n"), "");
  EXPECT_EQ(judged(page, header + "5;a=" + endless), "HTTP: a chunk's header without an end");
  EXPECT_EQ(judged(page, header + "5;a=" + endless + "\r\nneedl\r\n0\r\n\r\n"),
            "HTTP: a chunk's header without an end");
  EXPECT_EQ(judged(page, header + "5\r\nneedl\r\n0\r\nX: " + endless), "HTTP: a chunk's header without an end");
}

TEST(HttpAnswer, SearchesNoMoreThanItSays) {
  conf::HttpPage page;
  page.text = "needle";
  HttpAnswer answer(page, std::nullopt, false);
  EXPECT_EQ(answer.take("HTTP/1.1 200 OK\r\n\r\n"), std::nullopt);
  std::optional<std::string> judgement;
  std::size_t sent = 0;
  for (; !judgement && sent < 2 * conf::kMostSearched; sent += 1000) judgement = answer.take(std::string(1000, 'x'));
  EXPECT_EQ(judgement, "the body lacks \"needle\"");
  EXPECT_LE(sent, conf::kMostSearched + 1000);
}

}  // namespace
}  // namespace plenum::health
