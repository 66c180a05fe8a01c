// Persistence engine sip: templates by the Call-ID of SIP messages, which is read as
// ip_vs_pe_sip.c and nf_conntrack_sip.c read it.

#include <linux/bpf.h>

#include "tests/packet/persistence.h"

namespace plenum::packet {
namespace {

using net::Family;

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string invite(const std::string& call_id_line) {
  return "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.example.com;branch=z9hG4bK776asdhds\r\n"
         "Max-Forwards: 70\r\n" +
         call_id_line + "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n";
}

class Sip : public PersistenceWorld {
 protected:
  void SetUp() override {
    World::SetUp();
    Service service = persistent(Family::V4, 5060);
    service.protocol = kUdp;
    service.flags = PL_SERVICE_SIP;
    begin(service);
  }
  // The server a message from this port is sent to by a connection of its own; 0: none.
  int send(const std::string& message, std::uint16_t port, const net::Address& client = ip("10.0.1.50")) {
    Frame f = opening(client, port, 5060);
    f.payload = bytes_of(message);
    last_ = director().run(f);
    const auto all = connections();
    for (const Entry& e : all)
      if (e.conn.client_port == __builtin_bswap16(port) && e.conn.client == to_abi(client).w[3])
        return number(e.conn.server);
    return 0;
  }
  // What the director read, or "-" when it dropped the message.
  std::string call_id(const std::string& message) {
    SetUp();
    send(message, 40000);
    if (last_.reason == PL_DROP_NO_CALL_ID) return "-";
    const auto all = director().call_ids();
    return all.size() == 1 ? all.begin()->second : std::to_string(all.size()) + " of them";
  }
};

TEST_F(Sip, MessagesOfOneCallMeetOneServerWhateverTheirPort) {
  EXPECT_EQ(send(invite("Call-ID: a84b4c76e66710@pc33.example.com\r\n"), 40000), 3);
  EXPECT_EQ(send(invite("Call-ID: another@pc33.example.com\r\n"), 40001), 2);
  EXPECT_EQ(send(invite("Call-ID: a84b4c76e66710@pc33.example.com\r\n"), 40002), 3);
  EXPECT_EQ(send(invite("Call-ID: another@pc33.example.com\r\n"), 40003), 2);
  EXPECT_EQ(templates().size(), 2u);
  for (const Entry& t : templates()) {
    EXPECT_EQ(t.conn.flags, PL_CONN_CALL_ID);
    EXPECT_EQ(t.conn.packets, 2u);
  }
  EXPECT_EQ(director().call_ids().size(), 2u);
}

TEST_F(Sip, AnotherClientsCallOfTheSameNameIsAnother) {
  const auto message = invite("Call-ID: same\r\n");
  EXPECT_EQ(send(message, 40000, ip("10.0.1.50")), 3);
  EXPECT_EQ(send(message, 40000, ip("10.0.1.51")), 2);
}

TEST_F(Sip, PacketsOfAConnectionAreNotReadAgain) {
  EXPECT_EQ(send(invite("Call-ID: one\r\n"), 40000), 3);
  EXPECT_EQ(send("keep-alive", 40000), 3);
  EXPECT_EQ(last_.reason, PL_FORWARD_NAT);
}

TEST_F(Sip, ReadsTheCallIdAsTheKernelDoes) {
  const struct {
    const char* message;
    const char* call_id;
  } cases[] = {
      {"X\r\nCall-ID: abc\r\n", "abc"},
      {"X\r\ncall-id:abc\r\n", "abc"},
      {"X\r\nCALL-ID  :   abc@host.example\r\n", "abc@host.example"},
      {"X\r\ni: compact\r\n", "compact"},
      {"X\r\nI:compact\r\n", "compact"},
      {"X\nCall-ID: lf\n", "lf"},
      {"X\rCall-ID: cr\r", "cr"},
      {"X\r\nCall-ID: ends here", "-"},
      {"X\r\nCall-ID: no-line-end", "-"},
      {"X\r\nCall-ID: two words\r\n", "-"},
      {"X\r\nCall-ID: a@b@c\r\n", "-"},
      {"X\r\nCall-ID: a@\r\nCall-ID: second\r\n", "second"},
      {"X\r\nCall-ID: @b\r\n", "-"},
      {"X\r\n Call-ID: continuation\r\n", "-"},
      {"X\r\nCall-IDs: other\r\n", "-"},
      {"X\r\nInfo: other\r\ni: right\r\n", "right"},
      {"X\r\nSubject: Call-ID: no\r\nCall-ID: yes\r\n", "yes"},
      {"X\r\nCall-ID:\r\n folded\r\n", "folded"},
      {"X\r\nCall-ID:\r\nnot-folded\r\n", "-"},
      {"Call-ID: in the first line\r\n", "-"},
      {"X\r\n\r\nCall-ID: in-the-body\r\n", "in-the-body"},
      {"X\r\nCall-ID: !\"%()*+,-./:<>?[\\]_`{}~09azAZ\r\n", "!\"%()*+,-./:<>?[\\]_`{}~09azAZ"},
      {"X\r\nCall-ID: a'b\r\n", "-"},
      {"X\r\nCall-ID: a;b\r\n", "-"},
      {"X\r\nc: x\r\nca: x\r\ncall-i: x\r\nCall-ID: abc\r\n", "abc"},
      {"", "-"},
      {"X\r\n\r\n", "-"},
  };
  for (const auto& one : cases) EXPECT_EQ(call_id(one.message), one.call_id) << one.message;
}

TEST_F(Sip, ACallIdHasAtMost255Characters) {
  const std::string most(255, 'x');
  EXPECT_EQ(call_id("X\r\nCall-ID: " + most + "\r\n"), most);
  EXPECT_EQ(call_id("X\r\nCall-ID: " + most + "x\r\n"), "-");
  const std::string with_domain = std::string(200, 'a') + "@" + std::string(54, 'b');
  EXPECT_EQ(call_id("X\r\nCall-ID: " + with_domain + "\r\n"), with_domain);
  EXPECT_EQ(call_id("X\r\nCall-ID: " + with_domain + "b\r\n"), "-");
}

TEST_F(Sip, IsFoundInTheFirstTwoKilobytes) {
  const std::string filler(1300, 'f');
  EXPECT_EQ(call_id("X\r\nSubject: " + filler + "\r\nCall-ID: far\r\n"), "far");
  EXPECT_EQ(call_id("X\r\nSubject: " + filler + filler + "\r\nCall-ID: far\r\n"), "-");
}

TEST_F(Sip, WithoutACallIdThePacketIsDroppedAndCounted) {
  EXPECT_EQ(send("OPTIONS sip:x SIP/2.0\r\nVia: x\r\n\r\n", 40000), 0);
  EXPECT_EQ(last_.reason, PL_DROP_NO_CALL_ID);
  EXPECT_TRUE(director().entries().empty());
}

TEST_F(Sip, OverTcpThereIsNoCallId) {
  Service service = persistent(Family::V4, 5061);
  service.flags = PL_SERVICE_SIP;
  begin(service);
  EXPECT_EQ(open(ip("10.0.1.50"), 40000, 5061), 0);
  EXPECT_EQ(last_.reason, PL_DROP_NO_CALL_ID);
}

// One bucket: every call meets every other, and its tag decides with the text.
TEST_F(Sip, CallsAreToldApartByTheWholeText) {
  director().use_buckets(2);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(send(invite("Call-ID: call" + std::to_string(i) + "\r\n"), static_cast<std::uint16_t>(40000 + i)),
              3 - i % 3);
  EXPECT_EQ(templates().size(), 6u);
}

TEST_F(Sip, AnEvictedCallLeavesItsPlace) {
  director().use_buckets(2);
  for (int i = 0; i < 60; ++i)
    send(invite("Call-ID: call" + std::to_string(i) + "\r\n"), static_cast<std::uint16_t>(40000 + i));
  EXPECT_GT(director().count(PL_EVENT_EVICTED_OLDEST) + director().count(PL_EVENT_EVICTED_HALF_OPEN), 0u);
  std::size_t calls = 0;
  for (const Entry& e : director().entries()) calls += is_template(e);
  EXPECT_EQ(director().call_ids().size(), calls);
}

}  // namespace
}  // namespace plenum::packet
