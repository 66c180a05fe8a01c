#include "proto/dns.h"

#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The answer to our own question: its bytes with the response bit, and `rest` behind.
Bytes answer_to(Bytes query, std::uint16_t answers, const Bytes& rest, std::uint8_t rcode = 0, bool truncated = false) {
  query[2] = static_cast<std::uint8_t>(query[2] | 0x80 | (truncated ? 0x02 : 0));
  query[3] = rcode;
  query[7] = static_cast<std::uint8_t>(answers);
  query.insert(query.end(), rest.begin(), rest.end());
  return query;
}

DnsAnswer read(const Bytes& message) {
  auto answer = read_dns_answer(message);
  if (const auto* fault = std::get_if<DnsFault>(&answer)) ADD_FAILURE() << dns_fault_text(*fault);
  return std::get<DnsAnswer>(answer);
}

std::optional<DnsFault> fault_of(const Bytes& message) {
  const auto answer = read_dns_answer(message);
  if (const auto* fault = std::get_if<DnsFault>(&answer)) return *fault;
  return std::nullopt;
}

TEST(Dns, AQuestionIsWrittenAsRfc1035Says) {
  EXPECT_EQ(write_dns_query(0x1234, "www.Example", *dns_type("aaaa")),
            (Bytes{0x12, 0x34, 0x01, 0x00, 0,   1,   0,   0,   0,   0, 0, 0,  3, 'w', 'w',
                   'w',  7,    'E',  'x',  'a', 'm', 'p', 'l', 'e', 0, 0, 28, 0, 1}));
  EXPECT_EQ(write_dns_query(1, ".", 6), (Bytes{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1}));
  EXPECT_EQ(write_dns_query(1, "", 6), write_dns_query(1, ".", 6));
  EXPECT_EQ(write_dns_query(1, "example.", 6), write_dns_query(1, "example", 6));
}

TEST(Dns, WhatIsNoNameIsNotAsked) {
  EXPECT_FALSE(write_dns_query(1, "a..b", 1));
  EXPECT_FALSE(write_dns_query(1, ".a", 1));
  EXPECT_FALSE(write_dns_query(1, std::string(64, 'a'), 1));
  EXPECT_TRUE(write_dns_query(1, std::string(63, 'a'), 1));
  EXPECT_FALSE(write_dns_query(1, "a\\", 1));
  EXPECT_FALSE(write_dns_query(1, "a\\25", 1));
  EXPECT_FALSE(write_dns_query(1, "a\\256", 1));
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  EXPECT_TRUE(write_dns_query(1, longest, 1));  // 255 bytes with the root
  EXPECT_FALSE(write_dns_query(1, longest + "a", 1));
}

TEST(Dns, AnAnswerIsRead) {
  const auto query = *write_dns_query(7, "www.example", 1);
  const Bytes record = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
  const auto answer = read(answer_to(query, 1, record));
  EXPECT_EQ(answer.id, 7);
  EXPECT_EQ(answer.rcode, 0);
  EXPECT_EQ(answer.question, (DnsQuestion{"www.example", 1}));
  EXPECT_EQ(answer.types, std::vector<std::uint16_t>{1});
  EXPECT_FALSE(answer.truncated);
  EXPECT_EQ(dns_rcode_text(read(answer_to(query, 0, {}, 5)).rcode), "REFUSED");
}

TEST(Dns, NamesKeepBytesThatAreNotText) {
  const auto query = *write_dns_query(7, "a\\.b\\000.C\\092", 1);
  EXPECT_EQ(read(answer_to(query, 0, {})).question->name, "a\\.b\\000.c\\\\");
  EXPECT_EQ(write_dns_query(7, "a\\.b\\000.C\\\\", 1), query);
}

TEST(Dns, CutShortIsAFaultUnlessItSaysSo) {
  const auto query = *write_dns_query(7, "www.example", 1);
  const Bytes record = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
  const auto whole = answer_to(query, 1, record);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(fault_of(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))), DnsFault::Short) << size;
  EXPECT_TRUE(read(answer_to(query, 1, {0xc0, 12, 0}, 0, true)).truncated);
}

TEST(Dns, PointersLeadBackwardsOnly) {
  const Bytes header = {0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  auto self = header;
  self.insert(self.end(), {0xc0, 12, 0, 1, 0, 1});
  EXPECT_EQ(fault_of(self), DnsFault::Name);
  auto forward = header;
  forward.insert(forward.end(), {0xc0, 14, 1, 'a', 0, 0, 1, 0, 1});
  EXPECT_EQ(fault_of(forward), DnsFault::Name);
  auto reserved = header;
  reserved.insert(reserved.end(), {0x40, 12, 0, 1, 0, 1});
  EXPECT_EQ(fault_of(reserved), DnsFault::Name);
}

TEST(Dns, AQuestionIsNoAnswer) { EXPECT_EQ(fault_of(*write_dns_query(7, "a", 1)), DnsFault::Question); }

TEST(Dns, TypesHaveNames) {
  EXPECT_EQ(dns_type("SOA"), 6);
  EXPECT_EQ(dns_type("any"), 255);
  EXPECT_FALSE(dns_type("SOAP"));
  EXPECT_FALSE(dns_type(""));
}

}  // namespace
}  // namespace plenum::proto
