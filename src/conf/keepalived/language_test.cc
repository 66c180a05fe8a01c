// The language of keepalived.conf: words, definitions, conditions, sequences, included files, braces.

#include <gmock/gmock.h>

#include <map>

#include "conf/keepalived/lines.h"
#include "conf/keepalived/words.h"

namespace plenum::conf::keepalived {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Each line that comes out, and "! message" for each finding behind them.
std::vector<std::string> lines(const std::string& text, const std::map<std::string, std::string>& files = {},
                               std::size_t most = 1000) {
  Files access;
  access.read = [&](const std::string& path) -> plenum::Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail(std::errc::no_such_file_or_directory, "cannot be opened");
    return found->second;
  };
  access.match = [&](const std::string& pattern) {
    if (pattern.find('*') == std::string::npos) return std::vector<std::string>{pattern};
    std::vector<std::string> out;
    for (const auto& [path, content] : files)
      if (path.starts_with(pattern.substr(0, pattern.find('*')))) out.push_back(path);
    return out;
  };
  Findings findings;
  Lines source(text, "/etc/main.conf", {.config_id = "nodea", .most_lines = most}, &access, findings);
  std::vector<std::string> out;
  for (Line line; source.next(line);) out.push_back(line.text);
  for (const auto& finding : findings.list()) out.push_back("! " + finding.message);
  return out;
}

TEST(Words, QuotesHoldABlankAndACommentEndsALine) {
  EXPECT_THAT(split_words("a  \"b c\" d#e f"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(split_words("a ! b"), ElementsAre("a"));
  EXPECT_THAT(split_words("\"a#b\" \"\""), ElementsAre("a#b", ""));
  EXPECT_THAT(split_words("'a b'"), ElementsAre("'a", "b'"));
  bool closed = true;
  EXPECT_THAT(split_words("a \"b", &closed), ElementsAre("a", "b"));
  EXPECT_FALSE(closed);
}

TEST(Words, ScriptsHaveBothQuotesAndEscapes) {
  EXPECT_THAT(*split_escaped(R"(script "/x a 'b c' \"d\" \x41\101\n")"),
              ElementsAre("script", "/x a 'b c' \"d\" AA\n"));
  EXPECT_THAT(*split_escaped(R"(a b"c d"e)"), ElementsAre("a", "bc de"));
  EXPECT_FALSE(split_escaped("script \"/x"));
  EXPECT_FALSE(split_escaped("script /x\\"));
  EXPECT_THAT(*split_command("/x a 'b c' \"d e\""), ElementsAre("/x", "a", "b c", "d e"));
  EXPECT_THAT(*split_command(R"(/x #a \x41 a\"b 'c\'d')"), ElementsAre("/x", "#a", "A", "a\"b", "c'd"));
  EXPECT_FALSE(split_command("/x a\\"));
}

TEST(Words, ABackslashTakesAQuoteAndACommentTheirMeaning) {
  EXPECT_EQ(without_comment(R"( a "\"b#c\"" d # e)"), R"(a "\"b#c\"" d)");
  EXPECT_EQ(without_comment(R"(a\#b\!c # d)"), "a#b!c");
  EXPECT_EQ(without_comment(R"(a\\#b)"), R"(a\\)");
  EXPECT_EQ(without_comment(R"("a\#b" \"c#d")"), R"("a\#b" \"c)");
  EXPECT_EQ(without_comment("a\\"), "a\\");
}

TEST(Words, NumbersTellWhatIsWrongWithThem) {
  EXPECT_EQ(parse_integer("7", 1, 9).value, 7);
  EXPECT_EQ(parse_integer("x", 1, 9).fault, Number::Fault::Invalid);
  EXPECT_EQ(parse_integer("-7", 1, 9).fault, Number::Fault::Negative);
  EXPECT_EQ(parse_integer("-7", -9, 9).value, -7);
  EXPECT_EQ(parse_integer("99999999999999999999", 1, 9).fault, Number::Fault::Outside);
  EXPECT_EQ(parse_millionths("2.5"), 2500000);
  EXPECT_EQ(parse_millionths(".000001"), 1);
  EXPECT_FALSE(parse_millionths("1.x"));
  EXPECT_FALSE(parse_millionths(""));
}

TEST(KeepalivedLines, BracesStandAtTheEndOfALineOrAlone) {
  EXPECT_THAT(lines("a b{ c\n d } e\n\"x{\" }\n"), ElementsAre("a b {", "c", "d", "}", "e", "\"x{\"", "}"));
}

TEST(KeepalivedLines, ADefinitionIsReplacedInBracesOrBeforeABlank) {
  EXPECT_THAT(lines("$X=1 2\n$Y=${Z}b\n$Z=a\nf${X}.\ng$X h\n$X.\n$Y\n${U}\n"),
              ElementsAre("f1 2.", "g1 2 h", "$X.", "ab", "$ {", "U", "}"));
}

TEST(KeepalivedLines, ADefinitionOfSeveralLinesIsPlayedWhereItIsUsed) {
  EXPECT_THAT(lines("$A= \\\n  x ${N} { \\\n # not this \\\n y \\\n }\n$N=1\n$A\n$N=2\n$A\nz\n"),
              ElementsAre("x 1 {", "y", "}", "x 2 {", "y", "}", "z"));
}

TEST(KeepalivedLines, WhatIsEscapedInADefinitionIsACommentAfterAll) {
  EXPECT_THAT(lines("$X=a\\#b\n$Y=\"a\\#b\"\nc ${X}\nd ${Y}\n"), ElementsAre("c a", "d \"a\\#b\""));
}

TEST(KeepalivedLines, DefinitionsThatUseOneAnotherEnd) {
  const auto out = lines("$A=x${A}\n${A}\nz\n");
  EXPECT_THAT(out, ElementsAre("z", "! definitions that use one another"));
}

TEST(KeepalivedLines, ConditionsCompareTheNode) {
  EXPECT_THAT(lines("@nodea a\n@nodeb b\n@^nodea c\n@^nodeb d\n@nodea\n@nodea $X=1\n@nodeb $X=2\n${X}\n"),
              ElementsAre("a", "d", "1"));
}

TEST(KeepalivedLines, SequencesAndListsRepeatTheRestOfTheLine) {
  EXPECT_THAT(
      lines("~SEQ(X, 1, 2, 5) a$X\n~SEQ(Y, 2) ~LST(Z, p, q) b${Y}${Z}\n~SEQx(W, 0xa, 0xb) c${W}\n~SEQ(V, -2) d$V\n"),
      ElementsAre("a1", "a3", "a5", "b1p", "b1q", "b2p", "b2q", "ca", "cb", "d-1", "d-2"));
  EXPECT_THAT(lines("~LST({A, B}, {1,2}, {3}) ${A}-${B}\n"), ElementsAre("1-2", "3-"));
}

TEST(KeepalivedLines, ASequenceThatMakesNoSenseIsLeftOut) {
  EXPECT_THAT(
      lines("~SEQ(X, 1, 0, 3) a\n~LST(X) b\nc\n"),
      ElementsAre("c", "! Invalid ~SEQ values '~SEQ(X, 1, 0, 3) a'",
                  "! Invalid ~SEQ specification '~SEQ(X, 1, 0, 3) a'", "! Invalid ~LST specification '~LST(X) b'"));
}

TEST(KeepalivedLines, IncludedFilesStandInTheirPlace) {
  const std::map<std::string, std::string> files = {
      {"/etc/d/one.conf", "1 ${_PWD}\ninclude two.conf\n"}, {"/etc/d/two.conf", "2\n"}, {"/etc/x.conf", "x"}};
  EXPECT_THAT(lines("a\ninclude d/one.conf\nb\n", files), ElementsAre("a", "1 /etc/d", "2", "b"));
  EXPECT_THAT(lines("include /etc/d/*\ninclude {x,none}.conf\n", files),
              ElementsAre("1 /etc/d", "2", "2", "x", "! Config files missing '{x,none}.conf'."));
}

TEST(KeepalivedLines, WhatIncludesItselfEnds) {
  const auto out = lines("include /etc/me\n", {{"/etc/me", "a\ninclude /etc/me\n"}});
  EXPECT_THAT(out.back(), testing::StartsWith("! too many files that include one another"));
}

TEST(KeepalivedLines, AFileThatGrowsWithoutEndIsRefused) {
  const auto out = lines("~SEQ(A, 1, 100000) ~SEQ(B, 1, 100000) x\n", {}, 100);
  EXPECT_EQ(out.back(), "! the configuration is too large once its definitions are carried out");
}

TEST(KeepalivedLines, PredefinedNames) {
  EXPECT_THAT(lines("a ${_INSTANCE}\nb \"${_HASH}${_BANG}\"\nc${_HASH}d\n"), ElementsAre("a nodea", "b \"#!\"", "c"));
}

}  // namespace
}  // namespace plenum::conf::keepalived
