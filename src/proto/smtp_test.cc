#include "proto/smtp.h"

#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using State = SmtpReplyReader::State;

TEST(SmtpReply, ComesInPieces) {
  SmtpReplyReader reader;
  EXPECT_EQ(reader.take("22"), State::More);
  EXPECT_EQ(reader.take("0 mail.example ESMTP\r"), State::More);
  EXPECT_EQ(reader.take("\n"), State::Reply);
  EXPECT_EQ(reader.code(), 220U);
  EXPECT_EQ(reader.text(), "mail.example ESMTP");
}

TEST(SmtpReply, HasSeveralLinesAndSeveralRepliesMayWait) {
  SmtpReplyReader reader;
  EXPECT_EQ(reader.take("250-mail.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n221 2.0.0 Bye\r\n"), State::Reply);
  EXPECT_EQ(reader.code(), 250U);
  EXPECT_EQ(reader.text(), "SIZE 1000");
  EXPECT_EQ(reader.next(), State::Reply);
  EXPECT_EQ(reader.code(), 221U);
  EXPECT_EQ(reader.next(), State::More);
}

TEST(SmtpReply, MayBeBareAndEndInLinefeedAlone) {
  SmtpReplyReader reader;
  EXPECT_EQ(reader.take("250\n"), State::Reply);
  EXPECT_EQ(reader.text(), "");
}

TEST(SmtpReply, IsMalformedOtherwise) {
  for (const char* bad :
       {"hello\r\n", "25 x\r\n", "250_x\r\n", "100 x\r\n", "600 x\r\n", "250-a\r\n220 b\r\n", "\r\n"}) {
    SmtpReplyReader reader;
    EXPECT_EQ(reader.take(bad), State::Malformed) << bad;
  }
  SmtpReplyReader reader;
  EXPECT_EQ(reader.take(std::string(5000, '2')), State::Malformed);
  SmtpReplyReader endless;
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "250-x\r\n";
  EXPECT_EQ(endless.take(lines), State::Malformed);
}

}  // namespace
}  // namespace plenum::proto
