// The reader of JSON against the library's: what it takes, what it refuses, and what is meant.

#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace plenum {
namespace {

// The same values in the same order as a tree of the library, written again.
std::string again(const Json& json, std::uint32_t index) {
  const auto& value = json[index];
  std::string out;
  switch (value.kind) {
    case Json::Kind::Null:
    case Json::Kind::False:
    case Json::Kind::True:
    case Json::Kind::Number:
      return std::string(json.raw(index));
    case Json::Kind::String:
      return nlohmann::json(json.string(index)).dump();
    case Json::Kind::Array:
      for (auto at = index + 1; at != value.next; at = json[at].next) out += (out.empty() ? "" : ",") + again(json, at);
      return "[" + out + "]";
    case Json::Kind::Object:
      for (auto at = index + 1; at != value.next; at = json[at + 1].next)
        out += (out.empty() ? "" : ",") + again(json, at) + ":" + again(json, at + 1);
      return "{" + out + "}";
  }
  return out;
}

TEST(Json, MeansWhatTheLibraryReads) {
  const char* const texts[] = {
      R"({})",
      R"([])",
      R"(0)",
      R"(-12.5e+3)",
      R"( { "a" : [ 1 , 2 , { "b" : null } ] , "c" : true, "d": false } )",
      R"({"":"","a\"b\\c":"\/\b\f\n\r\t","u":"\u00e9\u20ac\ud83d\ude00\u0041"})",
      "{\"k\":\"gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80\"}",
      R"([[[[1]]],[],{},{"a":{"a":{"a":[]}}}])",
      R"([18446744073709551615,-9223372036854775808,0,-0,1E2])",
  };
  for (const char* text : texts) {
    const auto json = Json::parse(text, 16);
    ASSERT_TRUE(json.has_value()) << text;
    EXPECT_EQ(nlohmann::json::parse(again(*json, 0)), nlohmann::json::parse(text)) << text;
  }
}

TEST(Json, RefusesWhatTheLibraryRefuses) {
  const char* const texts[] = {
      "",
      " ",
      "{",
      "}",
      "[1,]",
      "[,1]",
      "{\"a\":1,}",
      "{\"a\"}",
      "{\"a\":}",
      "{a:1}",
      "{1:1}",
      "01",
      "-",
      "1.",
      ".5",
      "1e",
      "+1",
      "tru",
      "nulll",
      "[1 2]",
      "\"",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\ud800\"",
      "\"\\udc00\"",
      "\"\\ud800\\u0041\"",
      "\"\n\"",
      "\"\xff\"",
      "\"\xc0\x80\"",
      "\"\xed\xa0\x80\"",
      "1 2",
      "[1]]",
      "{\"a\":1}}",
      "\"\\",
      "\"\\u",
      "[\"a\":1]",
      "'a'",
      "NaN",
      "Infinity",
      "/**/1",
  };
  for (const char* text : texts) {
    EXPECT_FALSE(nlohmann::json::accept(text)) << text;
    EXPECT_FALSE(Json::parse(text, 16).has_value()) << text;
  }
}

TEST(Json, EveryTextCutShortOrWithAByteChangedIsJudgedAsTheLibraryDoes) {
  const std::string text = R"({"a":[1,-2.5e1,"x\n\u00e9",true,null],"b":{"c":"\ud83d\ude00"}})";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto front = text.substr(0, i);
    EXPECT_EQ(Json::parse(front, 16).has_value(), nlohmann::json::accept(front)) << front;
    for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'e', '-', ' ', '\x01', '\xff'}) {
      auto changed = text;
      changed[i] = c;
      EXPECT_EQ(Json::parse(changed, 16).has_value(), nlohmann::json::accept(changed)) << changed;
    }
  }
}

TEST(Json, NestsAsDeepAsIsAllowed) {
  EXPECT_TRUE(Json::parse("[[[]]]", 3).has_value());
  const auto deeper = Json::parse("[[[[]]]]", 3);
  ASSERT_FALSE(deeper.has_value());
  EXPECT_EQ(deeper.error().what, "nests too deeply");
  EXPECT_FALSE(Json::parse(std::string(1000000, '['), 16).has_value());
}

}  // namespace
}  // namespace plenum
