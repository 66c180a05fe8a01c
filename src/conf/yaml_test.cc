#include "conf/yaml.h"

#include <gmock/gmock.h>

namespace plenum::conf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Parsed {
  std::optional<Node> root;
  std::vector<std::string> problems;
};

Parsed parsed(const std::string& text) {
  Diagnostics problems;
  Parsed out;
  out.root = parse_yaml(std::make_shared<const Source>("t", text), problems);
  for (const auto& d : problems.list()) {
    out.problems.push_back(std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.message);
  }
  return out;
}

TEST(Yaml, KeepsPlaces) {
  const auto p = parsed("a: 1\nb:\n  - x\n  - {c: \"d\"}\n");
  ASSERT_TRUE(p.root);
  EXPECT_THAT(p.problems, ElementsAre());
  EXPECT_EQ(p.root->find("a")->place.text(), "t:1:4");
  const auto& list = *p.root->find("b");
  ASSERT_TRUE(list.is_sequence());
  EXPECT_EQ(list.items[0].place.text(), "t:3:5");
  EXPECT_EQ(list.items[1].find("c")->text, "d");
  EXPECT_FALSE(list.items[1].find("c")->plain);
  EXPECT_EQ(list.items[1].keys[0].place.text(), "t:4:6");
}

TEST(Yaml, ReadsEveryScalarStyle) {
  const auto text = [](const std::string& value) {
    const auto p = parsed("a: " + value + "\n");
    return p.root ? p.root->find("a")->text : "not YAML";
  };
  EXPECT_EQ(text("one two"), "one two");
  EXPECT_EQ(text("one\n  two\n\n  three"), "one two\nthree");
  EXPECT_EQ(text("'it''s'"), "it's");
  EXPECT_EQ(text("''"), "");
  EXPECT_EQ(text("\"a\\tb\\u00e4\\x41\\\\ \\\n  c\""),
            "a\tb\xc3\xa4"
            "A\\ c");
  EXPECT_EQ(text("|\n  one\n   two\n"), "one\n two\n");
  EXPECT_EQ(text(">-\n  one\n  two\n"), "one two");
  EXPECT_EQ(text(""), "");
}

TEST(Yaml, DuplicateKeysAreErrorsThatNameTheFirst) {
  const auto p = parsed("a: 1\nb: 2\na: {x: 1, x: 2}\n");
  EXPECT_THAT(p.problems, ElementsAre("3:1: key \"a\" stands twice, first at t:1:1",
                                      "3:11: key \"x\" stands twice, first at t:3:5"));
  ASSERT_TRUE(p.root);
  EXPECT_EQ(p.root->find("a")->text, "1") << "the first one is kept";
}

TEST(Yaml, RefusesWhatIsNotYamlWithThePlace) {
  for (const auto* text : {"a: [1, 2\n", "a: b: c\n", "\ta: 1\n", "a: \"x\n", "- a\nb: c\n", "a: 'x' y\n",
                           "%YAML 3\n---\n", "\xff\xfe", "a: \"\\q\"\n", "}"}) {
    const auto p = parsed(text);
    EXPECT_FALSE(p.root) << text;
    EXPECT_EQ(p.problems.size(), 1u) << text;
  }
  EXPECT_THAT(parsed("ok: 1\na: [1, 2\n").problems[0], ::testing::StartsWith("3:1: "));
  EXPECT_THAT(parsed(std::string("a\0b", 3)).problems[0], HasSubstr("not a UTF-8 text: see the byte at offset 1"));
  EXPECT_THAT(parsed("a: \xed\xa0\x80").problems[0], HasSubstr("offset 3"));
}

TEST(Yaml, RefusesTagsSecondDocumentsAndKeysThatAreNoWords) {
  EXPECT_THAT(parsed("a: !!int 1\n").problems, ElementsAre(HasSubstr("tags (!) are not supported")));
  EXPECT_THAT(parsed("a: 1\n---\nb: 2\n").problems, ElementsAre(HasSubstr("a second document")));
  EXPECT_THAT(parsed("? [a]\n: 1\n").problems, ElementsAre(HasSubstr("a key must be a plain word, not a list")));
}

TEST(Yaml, ExpandsAliasesWithinABudget) {
  const auto p = parsed("a: &x {k: 1}\nb: *x\n");
  ASSERT_TRUE(p.root);
  EXPECT_EQ(p.root->find("b")->find("k")->text, "1");
  EXPECT_THAT(parsed("b: *x\n").problems, ElementsAre(HasSubstr("no anchor &x")));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(parsed(bomb).problems, ElementsAre(HasSubstr("aliases repeat too much")));
}

TEST(Yaml, KnowsADepthLimit) {
  EXPECT_THAT(parsed(std::string(40, '[') + std::string(40, ']')).problems, ElementsAre(HasSubstr("nested deeper")));
  const auto p = parsed(std::string(100000, '['));
  EXPECT_FALSE(p.root);
}

TEST(Yaml, AnEmptyTextIsAnEmptyMapping) {
  for (const auto* text : {"", "\n", "# nothing\n", "---\n", "~\n"}) {
    const auto p = parsed(text);
    ASSERT_TRUE(p.root) << text;
    EXPECT_TRUE(p.root->is_mapping()) << text;
    EXPECT_THAT(p.problems, ElementsAre()) << text;
  }
}

TEST(Diagnostics, AreCutWhereTheyWouldFlood) {
  Diagnostics problems;
  const auto source = std::make_shared<const Source>("t", "x\n");
  for (int i = 0; i < 1000; ++i) problems.add({source, 1, 1}, "m" + std::to_string(i));
  EXPECT_EQ(problems.list().size(), 200u);
  EXPECT_THAT(problems.render(), HasSubstr("and 800 more errors\n"));
}

}  // namespace
}  // namespace plenum::conf
