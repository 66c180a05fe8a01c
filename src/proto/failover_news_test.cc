#include "proto/failover_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Of = FailoverNews::Of;

TEST(FailoverNews, OfTheStatusAreAllStates) {
  EXPECT_THAT(
      failover_news(R"({"ok":true,"status":{"warnings":["x"],"routers":[)"
                    R"({"name":"web","tracks":[{"what":"y"}],"state":"master"},{"name":"dns","state":"fault"}],)"
                    R"("groups":[{"name":"both","state":"backup","members":["web","dns"]}],)"
                    R"("bfd":[{"name":"peer","state":"up"}]}})"),
      ElementsAre(FailoverNews{Of::Router, "web", "master"}, FailoverNews{Of::Router, "dns", "fault"},
                  FailoverNews{Of::Group, "both", "backup"}, FailoverNews{Of::Session, "peer", "up"}));
}

TEST(FailoverNews, OfAnEventIsTheStateItLeadsTo) {
  EXPECT_THAT(failover_news(R"({"number":7,"kind":"router","name":"web","from":"backup","to":"master","text":""})"),
              ElementsAre(FailoverNews{Of::Router, "web", "master", "backup"}));
  EXPECT_THAT(failover_news(R"({"kind":"group","name":"both","from":"master","to":"fault"})"),
              ElementsAre(FailoverNews{Of::Group, "both", "fault", "master"}));
  EXPECT_THAT(failover_news(R"({"kind":"bfd","name":"peer","from":"up","to":"down"})"),
              ElementsAre(FailoverNews{Of::Session, "peer", "down", "up"}));
}

TEST(FailoverNews, NothingOfWhatWasAndOfOtherEvents) {
  EXPECT_THAT(failover_news(R"({"ok":true,"events":[{"kind":"router","name":"web","to":"master"}]})"), IsEmpty());
  EXPECT_THAT(failover_news(R"({"kind":"router","name":"web","text":"heard one of lower priority"})"), IsEmpty());
  EXPECT_THAT(failover_news(R"({"kind":"script","name":"web","from":"up","to":"down"})"), IsEmpty());
  EXPECT_THAT(failover_news(R"({"ok":false,"errno":22,"error":"no"})"), IsEmpty());
}

TEST(FailoverNews, NothingOfWhatIsNoSuchLine) {
  for (const auto* line : {"", "{", "[]", "[{\"kind\":\"router\"}]", "\"status\"", "{\"status\":[]}",
                           "{\"status\":{\"routers\":{}}}", "{\"kind\":1,\"to\":2}"})
    EXPECT_THAT(failover_news(line), IsEmpty()) << line;
  EXPECT_THAT(failover_news(R"({"status":{"routers":[1,{"name":2}]}})"),
              ElementsAre(FailoverNews{Of::Router, "", ""}, FailoverNews{Of::Router, "", ""}));
}

}  // namespace
}  // namespace plenum::proto
