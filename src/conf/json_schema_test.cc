#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "conf/schema.h"

namespace plenum::conf {
namespace {

TEST(JsonSchema, SaysWhatTheTableSays) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], (nlohmann::json{"version"}));
  EXPECT_FALSE(schema["properties"].contains("l7"));
  const auto& service = schema["properties"]["l4"]["additionalProperties"];
  EXPECT_EQ(service["properties"]["scheduler"]["default"], "wlc");
  EXPECT_EQ(service["properties"]["forward"]["anyOf"][0]["enum"], (nlohmann::json{"dr", "nat", "tun"}));
  const auto& weight = service["properties"]["servers"]["additionalProperties"]["properties"]["weight"];
  EXPECT_EQ(weight["anyOf"][0]["maximum"], 65535);
  EXPECT_EQ(schema["properties"]["vips"]["additionalProperties"]["properties"]["addresses"]["minItems"], 1);
}

// Every default is a value its own row accepts, every nested row has its shape.
void check(const Shape& shape) {
  for (const auto& key : shape.keys) {
    EXPECT_FALSE(key.doc.empty()) << shape.noun << "." << key.name;
    EXPECT_EQ(shape.find(key.name), &key) << shape.noun << "." << key.name << " stands twice";
    if (!key.fallback.empty()) {
      EXPECT_TRUE(read_value(key, key.kind, key.fallback)) << shape.noun << "." << key.name;
    }
    if (key.kind == Kind::Choice) {
      EXPECT_FALSE(key.choices.empty()) << key.name;
    }
    if (key.kind == Kind::Integer || key.kind == Kind::Count || key.kind == Kind::Duration ||
        key.kind == Kind::Interval) {
      EXPECT_GT(key.max, 0) << key.name;
    }
    if (key.kind == Kind::Object || key.kind == Kind::Map ||
        ((key.kind == Kind::List || key.kind == Kind::OneOrMore) && key.item == Kind::Object)) {
      ASSERT_NE(key.shape, nullptr) << key.name;
      check(*key.shape);
    }
  }
}

TEST(Schema, TableIsSound) { check(file_shape()); }

TEST(Values, AreReadWithinTheirRange) {
  const Key duration{.name = "d", .kind = Kind::Duration, .max = 86400};
  const auto seconds = [&](const char* text) -> std::int64_t {
    const auto value = read_value(duration, Kind::Duration, text);
    return value ? std::get<std::int64_t>(*value) : -1;
  };
  EXPECT_EQ(seconds("90s"), 90);
  EXPECT_EQ(seconds("10m"), 600);
  EXPECT_EQ(seconds("1h"), 3600);
  EXPECT_EQ(seconds("1d"), 86400);
  EXPECT_EQ(seconds("0"), 0);
  for (const auto* bad : {"2d", "10", "-1s", "1.5h", "", "s", "9223372036854775807d", "1h30m", " 1h"}) {
    EXPECT_EQ(seconds(bad), -1) << bad;
  }
  const Key interval{.name = "i", .kind = Kind::Interval, .min = 10, .max = 3'600'000};
  const auto ms = [&](const char* text) -> std::int64_t {
    const auto value = read_value(interval, Kind::Interval, text);
    return value ? std::get<std::int64_t>(*value) : -1;
  };
  EXPECT_EQ(ms("500ms"), 500);
  EXPECT_EQ(ms("3s"), 3000);
  EXPECT_EQ(ms("1h"), 3'600'000);
  for (const auto* bad : {"0", "9ms", "61m", "3", "1.2345s", "1.5m", "0.5ms", ".5s", "1.s", "-1s", "1e3ms"}) {
    EXPECT_EQ(ms(bad), -1) << bad;
  }
  EXPECT_EQ(read_value(interval, Kind::Interval, "3").error().hint, "a unit is missing: 3s?");
  const Key count{.name = "c", .kind = Kind::Count, .min = 64, .max = 1048576};
  EXPECT_EQ(std::get<std::int64_t>(*read_value(count, Kind::Count, "64k")), 65536);
  EXPECT_EQ(std::get<std::int64_t>(*read_value(count, Kind::Count, "1M")), 1048576);
  EXPECT_FALSE(read_value(count, Kind::Count, "2M"));
  EXPECT_FALSE(read_value(count, Kind::Count, "64K"));
}

}  // namespace
}  // namespace plenum::conf
