#include "cli/explain/explain.h"

#include <gtest/gtest.h>

namespace plenum::cli {
namespace {

std::string wrong(const char* source, const char* destination) {
  ctl::ExplainRequest request;
  return read_packet(source, destination, request);
}

TEST(Explain, ReadsThePacketAsPeopleTypeIt) {
  ctl::ExplainRequest request;
  EXPECT_EQ(read_packet("[2001:db8::1]:4000", "[2001:db8::2]:53/udp", request), "");
  EXPECT_EQ(request.source.text(), "[2001:db8::1]:4000");
  EXPECT_EQ(request.destination.port, 53);
  EXPECT_EQ(request.protocol, conf::Protocol::Udp);
  EXPECT_EQ(read_packet("192.0.2.1:1", "192.0.2.2:80", request), "");
  EXPECT_EQ(request.protocol, conf::Protocol::Tcp);
}

TEST(Explain, SaysWhatCannotBeRead) {
  EXPECT_EQ(wrong("192.0.2.1", "192.0.2.2:80/tcp"), "no ADDRESS:PORT: 192.0.2.1");
  EXPECT_EQ(wrong("192.0.2.1:1", "192.0.2.2/tcp"), "no ADDRESS:PORT/PROTOCOL: 192.0.2.2/tcp");
  EXPECT_EQ(wrong("192.0.2.1:1", "192.0.2.2:80/icmp"), "the protocol is tcp, udp or sctp: icmp");
  EXPECT_EQ(wrong("192.0.2.1:1", "[2001:db8::2]:80/tcp"), "both addresses must be of one family");
}

TEST(Explain, TheAnswerIsReadFromTopToBottom) {
  ctl::ExplainRequest question;
  ASSERT_EQ(read_packet("203.0.113.9:40000", "192.0.2.10:80/tcp", question), "");
  lb::Explanation a;
  a.service = "TCP 192.0.2.10:80";
  a.found_by = "its address and port";
  a.rule = "wlc: least (256 x active + inactive) / weight; the first where two are equal";
  a.candidates = {{"192.0.2.12:80", 1, 2, 0, true, "512/1", false, "is overloaded"},
                  {"192.0.2.11:80", 3, 1, 4, false, "260/3", true, ""}};
  a.server = "192.0.2.11:80";
  a.forward = "dr";
  a.next_hop = "02:00:00:00:00:11 on eth1";
  a.mtu = 1500;
  a.verdict = "dr";
  a.kind = "forward";
  a.text = "to a server by direct routing";
  EXPECT_EQ(explain_text(question, a),
            "packet       tcp 203.0.113.9:40000 > 192.0.2.10:80, the first of a connection\n"
            "connection   none\n"
            "service      TCP 192.0.2.10:80, by its address and port\n"
            "scheduler    wlc: least (256 x active + inactive) / weight; the first where two are equal\n"
            "                 SERVER         WEIGHT  ACTIVE  INACTIVE   LOAD\n"
            "                 192.0.2.12:80       1       2         0  512/1  is overloaded\n"
            "             ->  192.0.2.11:80       3       1         4  260/3\n"
            "server       192.0.2.11:80 by dr\n"
            "next hop     02:00:00:00:00:11 on eth1, packets up to 1500 bytes\n"
            "verdict      forward dr: to a server by direct routing\n");
}

}  // namespace
}  // namespace plenum::cli
