#include "cli/ipvsadm/options.h"

#include <gtest/gtest.h>

namespace plenum::cli::ipvsadm {
namespace {

using Status = OptionReader::Status;

// "tag number:argument" of each option, then how it ended.
struct Reading {
  std::vector<std::pair<Tag, std::string>> options;
  Status end = Status::End;
  std::vector<std::string> leftovers;
  std::string bad;
};

Reading read(const std::vector<std::string>& args) {
  OptionReader reader(args);
  Reading reading;
  while ((reading.end = reader.next()) == Status::Option)
    reading.options.emplace_back(reader.tag(), reader.argument().value_or("(none)"));
  reading.leftovers = reader.leftovers();
  reading.bad = reader.bad_option();
  return reading;
}

using Options = std::vector<std::pair<Tag, std::string>>;

TEST(Options, LettersGroupAndTheLastTakesTheRestAsItsArgument) {
  EXPECT_EQ(read({"-Ln"}).options, (Options{{Tag::List, "(none)"}, {Tag::Numeric, "(none)"}}));
  EXPECT_EQ(read({"-At10.0.0.1:80"}).options, (Options{{Tag::AddService, "(none)"}, {Tag::TcpService, "10.0.0.1:80"}}));
  EXPECT_EQ(read({"-At", "x"}).options, (Options{{Tag::AddService, "(none)"}, {Tag::TcpService, "x"}}));
  EXPECT_EQ(read({"-w=3"}).options, (Options{{Tag::Weight, "3"}}));
  EXPECT_EQ(read({"-w", "-1"}).options, (Options{{Tag::Weight, "-1"}}));
}

TEST(Options, LongOnesTakeTheirArgumentEitherWay) {
  EXPECT_EQ(read({"--weight=3", "--weight", "4", "--weight="}).options,
            (Options{{Tag::Weight, "3"}, {Tag::Weight, "4"}, {Tag::Weight, ""}}));
}

TEST(Options, OptionalArgumentIsNotTakenFromAnOption) {
  EXPECT_EQ(read({"-p", "-M", "x"}).options, (Options{{Tag::Persistent, "(none)"}, {Tag::Netmask, "x"}}));
  EXPECT_EQ(read({"-p", "60"}).options, (Options{{Tag::Persistent, "60"}}));
  EXPECT_EQ(read({"-p"}).options, (Options{{Tag::Persistent, "(none)"}}));
  EXPECT_EQ(read({"-p60", "--persistent=5"}).options, (Options{{Tag::Persistent, "60"}, {Tag::Persistent, "5"}}));
}

TEST(Options, ArgumentsStandAnywhere) {
  const auto reading = read({"a", "-n", "-", "b", "--", "-c", ""});
  EXPECT_EQ(reading.options, (Options{{Tag::Numeric, "(none)"}}));
  EXPECT_EQ(reading.leftovers, (std::vector<std::string>{"a", "-", "b", "-c", ""}));
}

TEST(Options, ErrorsNameTheWholeWord) {
  EXPECT_EQ(read({"-nq"}).end, Status::UnknownOption);
  EXPECT_EQ(read({"-nq"}).bad, "-nq");
  EXPECT_EQ(read({"--nosuch=1"}).bad, "--nosuch=1");
  EXPECT_EQ(read({"--lis"}).end, Status::UnknownOption);
  EXPECT_EQ(read({"-n", "-t"}).end, Status::MissingArgument);
  EXPECT_EQ(read({"--list=1"}).end, Status::UnwantedArgument);
  EXPECT_EQ(read({"-n="}).end, Status::UnwantedArgument);
}

}  // namespace
}  // namespace plenum::cli::ipvsadm
