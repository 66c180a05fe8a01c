// How ipvsadm meets a daemon that is not there, refuses, or answers in pages; the programs
// beside it; what a change carries. Grammar and listings have their tests in tests/compat.

#include "cli/ipvsadm/ipvsadm.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "cli/ipvsadm/error_text.h"

namespace plenum::cli {
namespace {

class IpvsadmTest : public testing::Test {
 protected:
  int run(const std::string& program, const std::vector<std::string>& args, const std::string& input = "") {
    in_.str(input);
    in_.clear();
    out_.str("");
    err_.str("");
    const IpvsadmWorld world{.connect = [this]() -> Result<IpvsadmWorld::Call> {
                               ++connects_;
                               if (connect_error_) return tl::unexpected(*connect_error_);
                               return IpvsadmWorld::Call([this](const ctl::Request& request) {
                                 asked_.push_back(request);
                                 return answer_(request);
                               });
                             },
                             .names = names_,
                             .in = in_,
                             .out = out_,
                             .err = err_,
                             .author = "ipvsadm by ann"};
    return ipvsadm_main(program, args, world);
  }

  ipvsadm::SystemNames names_;
  std::istringstream in_;
  std::ostringstream out_, err_;
  int connects_ = 0;
  std::optional<Error> connect_error_;
  std::function<Result<ctl::Reply>(const ctl::Request&)> answer_ = [](const ctl::Request& request) -> ctl::Reply {
    if (std::holds_alternative<ctl::TimeoutsRequest>(request)) return ctl::TimeoutsReply{};
    return ctl::ChangeReply{};
  };
  std::vector<ctl::Request> asked_;
};

TEST_F(IpvsadmTest, NoPermissionIsSaidAsTheKernelsIpvsadmDoes) {
  for (const auto code : {std::errc::permission_denied, std::errc::operation_not_permitted}) {
    connect_error_ = Error{std::make_error_code(code), "/run/plenum/lbd.sock: Permission denied"};
    EXPECT_EQ(run("ipvsadm", {"-Ln"}), 2);
    EXPECT_EQ(err_.str(),
              "Can't initialize ipvs: Permission denied (you must be root)\n"
              "Are you sure that IP Virtual Server is built in the kernel or as module?\n");
  }
}

TEST_F(IpvsadmTest, MissingDaemonIsNamedWithItsSocket) {
  const auto connect = connect_to_lbd("/nowhere/plenum");
  const auto call = connect();
  ASSERT_FALSE(call);
  connect_error_ = call.error();
  EXPECT_EQ(run("ipvsadm", {"-C"}), 2);
  EXPECT_EQ(err_.str(),
            "Can't initialize ipvs: plenum-lbd is not running (no answer on /nowhere/plenum/lbd.sock)\n"
            "Are you sure that the service plenum-lbd is started?\n");
}

TEST_F(IpvsadmTest, MissingDaemonIsSaidBeforeAnyUsageError) {
  connect_error_ = Error{std::make_error_code(std::errc::connection_refused), "no"};
  EXPECT_EQ(run("ipvsadm", {"--nosuch"}), 2);
  EXPECT_TRUE(err_.str().starts_with("Can't initialize ipvs: no\n"));
}

TEST_F(IpvsadmTest, HelpAndVersionNeedNoDaemon) {
  connect_error_ = Error{std::make_error_code(std::errc::connection_refused), "no"};
  EXPECT_EQ(run("/sbin/ipvsadm", {"-h"}), 0);
  EXPECT_NE(out_.str().find("  /sbin/ipvsadm -A|E virtual-service"), std::string::npos);
  EXPECT_EQ(run("ipvsadm", {"--version"}), 0);
  EXPECT_EQ(out_.str(), "ipvsadm v1.31 2019/12/24 (compiled with plenum " PLENUM_VERSION " and IPVS v1.2.1)\n");
  EXPECT_EQ(connects_, 0);
}

TEST_F(IpvsadmTest, ChangeSaysWhoAndWhy) {
  EXPECT_EQ(run("ipvsadm", {"-A", "-t", "10.0.0.1:80", "-s", "wrr"}), 0);
  ASSERT_EQ(asked_.size(), 1u);
  const auto& change = std::get<ctl::ChangeRequest>(asked_[0]);
  EXPECT_EQ(change.author, "ipvsadm by ann");
  EXPECT_EQ(change.reason, "ipvsadm -A -t 10.0.0.1:80 -s wrr");
  EXPECT_EQ(std::get<lb::AddService>(change.steps.at(0)).service.scheduler, "wrr");
}

TEST_F(IpvsadmTest, WhatIpvsHasNoWordsForIsSaidInPlenums) {
  answer_ = [](const ctl::Request&) -> Result<ctl::Reply> {
    return fail(std::errc::not_enough_memory, "no room for more than 1023 services");
  };
  EXPECT_EQ(run("ipvsadm", {"-A", "-t", "10.0.0.1:80", "-p"}), 255);
  EXPECT_EQ(err_.str(), "no room for more than 1023 services\n");
}

TEST_F(IpvsadmTest, BrokenConnectionIsAnError) {
  answer_ = [](const ctl::Request&) -> Result<ctl::Reply> {
    return fail(std::errc::connection_reset, "plenum-lbd hung up");
  };
  EXPECT_EQ(run("ipvsadm", {"-Ln"}), 1);
  EXPECT_EQ(err_.str(), "plenum-lbd hung up\n");
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(run("ipvsadm", {"-Lnc"}), 1);
  EXPECT_EQ(err_.str(), "plenum-lbd hung up\n");
  EXPECT_EQ(run("ipvsadm", {"--set", "1", "2", "3"}), 255);
}

TEST_F(IpvsadmTest, EngineWithoutPersistenceMustExistAllTheSame) {
  EXPECT_EQ(run("ipvsadm", {"-A", "-u", "10.0.0.1:53", "--pe", "nosuch"}), 255);
  EXPECT_EQ(err_.str(), "Scheduler or persistence engine not found\n");
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(run("ipvsadm", {"-A", "-u", "10.0.0.1:53", "--pe", "sip"}), 0);
}

TEST_F(IpvsadmTest, RestoreGoesOnAfterARefusalAndEndsWithTheLastResult) {
  answer_ = [](const ctl::Request& request) -> Result<ctl::Reply> {
    ctl::ChangeReply reply;
    const auto& change = std::get<ctl::ChangeRequest>(request);
    EXPECT_TRUE(change.each);
    EXPECT_EQ(change.reasons.size(), change.steps.size());
    for (std::uint32_t i = 0; i < change.steps.size(); ++i)
      if (std::holds_alternative<lb::AddService>(change.steps[i])) reply.failures.push_back({i, EEXIST, "exists"});
    return reply;
  };
  EXPECT_EQ(run("ipvsadm", {"-R"}, "-A -t 10.0.0.1:80\n-Cq\n-C\n"), 0);
  EXPECT_EQ(err_.str(), "Service already exists\n-Cq: unknown option\n");
  EXPECT_EQ(run("ipvsadm", {"-R"}, "-C\n-A -t 10.0.0.1:80\n"), 255);
  EXPECT_EQ(run("ipvsadm", {"-R"}, "-A -t 10.0.0.1:80\n-C\n"), 0);
  EXPECT_EQ(connects_, 3);
}

TEST_F(IpvsadmTest, RestoreSendsRulesTogetherButInTheirOrderWithEverythingElse) {
  std::string rules;
  for (int i = 0; i < 5000; ++i) rules += "-A -t 10.0.0.1:" + std::to_string(1 + i) + "\n";
  EXPECT_EQ(run("ipvsadm", {"-R"}, rules + "--set 1 2 3\n-C\n"), 0);
  ASSERT_EQ(asked_.size(), 4u);
  EXPECT_EQ(std::get<ctl::ChangeRequest>(asked_[0]).steps.size(), 4096u);
  EXPECT_EQ(std::get<ctl::ChangeRequest>(asked_[1]).steps.size(), 904u);
  EXPECT_EQ(std::get<ctl::ChangeRequest>(asked_[1]).reasons.back(), "ipvsadm -A -t 10.0.0.1:5000");
  EXPECT_EQ(std::get<ctl::ChangeRequest>(asked_[1]).author, "ipvsadm by ann");
  EXPECT_TRUE(std::holds_alternative<ctl::TimeoutsRequest>(asked_[2]));
  EXPECT_TRUE(std::holds_alternative<lb::Clear>(std::get<ctl::ChangeRequest>(asked_[3]).steps.at(0)));
}

TEST_F(IpvsadmTest, RestoreStopsAtAUsageError) {
  EXPECT_EQ(run("ipvsadm", {"-R"}, "-C\n-C extra\n-C\n"), 2);
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_EQ(run("ipvsadm", {"-R"}, "-C\n-R\n-C\n"), 255);
  EXPECT_EQ(err_.str(), "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n");
  EXPECT_EQ(run("ipvsadm", {"-R"}, "# a comment\n-C\n"), 255);
}

TEST_F(IpvsadmTest, SaveScriptTakesOnlyN) {
  EXPECT_EQ(run("/usr/sbin/ipvsadm-save", {"-x"}), 1);
  EXPECT_EQ(err_.str(),
            "ipvsadm-save: Script to save the IPVS table to stdout.\n"
            "   With the -n option, prints out the table in numeric format.\n");
  EXPECT_EQ(connects_, 0);
}

TEST_F(IpvsadmTest, RestoreScriptClearsFirst) {
  EXPECT_EQ(run("ipvsadm-restore", {}, "#comment\n-A -t 10.0.0.1:80 -s rr\n"), 0);
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<lb::Clear>(std::get<ctl::ChangeRequest>(asked_[0]).steps.at(0)));
  EXPECT_TRUE(std::holds_alternative<lb::AddService>(std::get<ctl::ChangeRequest>(asked_[1]).steps.at(0)));
  EXPECT_EQ(std::get<ctl::ChangeRequest>(asked_[1]).reasons.at(0), "ipvsadm -A -t 10.0.0.1:80 -s rr");
}

TEST_F(IpvsadmTest, ConnectionsAreAskedForPageByPage) {
  answer_ = [](const ctl::Request& request) -> Result<ctl::Reply> {
    const auto cursor = std::get<ctl::ConnectionsRequest>(request).cursor;
    ctl::ConnectionsReply reply;
    reply.connections.push_back({.protocol = conf::Protocol::Sctp,
                                 .client = {net::Address::v4(0x0a000001), static_cast<std::uint16_t>(cursor)},
                                 .virtual_ = {net::Address::v4(0x0a000002), 80},
                                 .server = {net::Address::v4(0x0a000003), 8080},
                                 .state = "ESTABLISHED",
                                 .expires_in = 6001});
    if (cursor < 20) reply.next = cursor + 10;
    if (cursor == 20) reply.next = 20;  // a daemon that stands still
    return reply;
  };
  EXPECT_EQ(run("ipvsadm", {"-Lnc"}), 0);
  EXPECT_EQ(out_.str(),
            "IPVS connection entries\n"
            "pro expire state       source             virtual            destination\n"
            "SCTP 100:01 ESTABLISHED 10.0.0.1:0         10.0.0.2:80        10.0.0.3:8080\n"
            "SCTP 100:01 ESTABLISHED 10.0.0.1:10        10.0.0.2:80        10.0.0.3:8080\n"
            "SCTP 100:01 ESTABLISHED 10.0.0.1:20        10.0.0.2:80        10.0.0.3:8080\n");
}

TEST(IpvsadmNames, AreKnownByTheirLastPart) {
  EXPECT_TRUE(is_ipvsadm("ipvsadm"));
  EXPECT_TRUE(is_ipvsadm("/usr/sbin/ipvsadm-save"));
  EXPECT_TRUE(is_ipvsadm("./ipvsadm-restore"));
  EXPECT_FALSE(is_ipvsadm("/ipvsadm/plenum"));
  EXPECT_FALSE(is_ipvsadm("ipvsadm2"));
}

TEST(IpvsadmAuthor, NamesWhoRunsIt) { EXPECT_TRUE(ipvsadm_author().starts_with("ipvsadm by ")); }

TEST(ErrorText, DependsOnTheCommand) {
  using ipvsadm::error_text, ipvsadm::Verb;
  const auto text = [](Verb verb, std::errc code) {
    return error_text(verb, {std::make_error_code(code), "own words"});
  };
  EXPECT_EQ(text(Verb::AddService, std::errc::file_exists), "Service already exists");
  EXPECT_EQ(text(Verb::AddServer, std::errc::file_exists), "Destination already exists");
  EXPECT_EQ(text(Verb::AddServer, std::errc::no_such_process), "Service not defined");
  EXPECT_EQ(text(Verb::EditService, std::errc::no_such_process), "No such service");
  EXPECT_EQ(text(Verb::EditServer, std::errc::no_such_file_or_directory), "No such destination");
  EXPECT_EQ(text(Verb::DeleteServer, std::errc::no_such_file_or_directory), "No such destination");
  EXPECT_EQ(text(Verb::AddServer, std::errc::result_out_of_range), "Numerical result out of range");
  EXPECT_EQ(text(Verb::AddServer, std::errc::invalid_argument),
            "Invalid operation.  Possibly wrong module version, address not unicast, ...");
  EXPECT_EQ(text(Verb::Flush, std::errc::operation_not_permitted), "Permission denied (you must be root)");
  EXPECT_EQ(text(Verb::AddServer, std::errc::not_enough_memory), "own words");
}

}  // namespace
}  // namespace plenum::cli
