#include "cli/top/top.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

#include "cli/top/frame.h"

namespace plenum::cli {
namespace {

lb::ServiceStatus service(const std::string& name, std::uint16_t port, std::uint64_t scale) {
  lb::ServiceStatus s;
  s.service.name = name;
  s.service.key = {0, net::Family::V4, conf::Protocol::Tcp, net::Address::parse("192.0.2.10").value(), port};
  s.counters = {scale, scale * 10, scale * 20, scale * 1000, scale * 2000};
  s.rates = {7, 8, 9, 10, 11};
  for (std::uint16_t i = 1; i <= 2; ++i) {
    lb::ServerStatus server;
    server.server.name = name + std::to_string(i);
    server.server.key = {net::Address::v4(0x0a000000u + i), 80};
    server.server.weight = i;
    server.active = i * 10;
    server.inactive = 1;
    server.counters = {scale / i, 0, 0, 0, 0};
    s.servers.push_back(server);
  }
  return s;
}

TimePoint at(int milliseconds) { return TimePoint{} + std::chrono::hours(1) + std::chrono::milliseconds(milliseconds); }

std::string names(const std::vector<TopService>& services) {
  std::string text;
  for (const auto& s : services) {
    text += s.name + ":";
    for (const auto& server : s.servers) text += " " + server.name;
    text += "; ";
  }
  return text;
}

TEST(TopModel, RatesAreThoseSinceTheLastListing) {
  TopModel model;
  model.add({service("web", 80, 100)}, at(0));
  EXPECT_EQ(model.services()[0].numbers.connections, 7);  // the daemon's average: nothing to compare with yet
  model.add({service("web", 80, 300)}, at(500));
  const auto& n = model.services()[0].numbers;
  EXPECT_EQ(n.connections, 400);
  EXPECT_EQ(n.in_packets, 4000);
  EXPECT_EQ(n.out_bytes, 800000);
  EXPECT_EQ(n.weight, 3);
  EXPECT_EQ(n.active, 30u);
  EXPECT_EQ(model.services()[0].servers[1].numbers.connections, 200);
}

TEST(TopModel, CountersThatWereZeroedGoOnFromZero) {
  TopModel model;
  model.add({service("web", 80, 300)}, at(0));
  model.add({service("web", 80, 20)}, at(1000));
  EXPECT_EQ(model.services()[0].numbers.connections, 20);
}

TEST(TopModel, AServiceThatCameMeanwhileHasTheDaemonsAverages) {
  TopModel model;
  model.add({service("web", 80, 300)}, at(0));
  model.add({service("web", 80, 300), service("mail", 25, 1000)}, at(1000));
  EXPECT_EQ(model.services()[0].numbers.connections, 0);
  EXPECT_EQ(model.services()[1].numbers.connections, 7);
}

TEST(TopModel, OrdersServicesAndTheirServers) {
  TopModel model;
  model.add({service("web", 80, 0), service("mail", 25, 0)}, at(0));
  model.add({service("web", 80, 100), service("mail", 25, 900)}, at(1000));
  EXPECT_EQ(names(model.sorted(TopOrder::Connections, false)), "mail: mail1 mail2; web: web1 web2; ");
  EXPECT_EQ(names(model.sorted(TopOrder::Connections, true)), "web: web2 web1; mail: mail2 mail1; ");
  EXPECT_EQ(names(model.sorted(TopOrder::Name, true)), "web: web2 web1; mail: mail2 mail1; ");
  EXPECT_EQ(names(model.sorted(TopOrder::Weight, false)), "mail: mail2 mail1; web: web2 web1; ");
  EXPECT_EQ(names(model.sorted(TopOrder::Active, false)), "mail: mail2 mail1; web: web2 web1; ");
}

TopView pressed(const std::string& input, std::size_t page = 10, std::size_t rows = 100) {
  TopView view;
  std::string left = input;
  char c = 0;
  TopKey key = TopKey::None;
  while (next_key(left, c, key)) press(view, c, key, page, rows);
  EXPECT_EQ(left, "");
  return view;
}

TEST(TopKeys, ChangeTheView) {
  EXPECT_EQ(pressed("w").order, TopOrder::Weight);
  EXPECT_EQ(pressed("wn").order, TopOrder::Name);
  EXPECT_TRUE(pressed("r").reverse);
  EXPECT_FALSE(pressed("rr").reverse);
  EXPECT_FALSE(pressed("s").servers);
  EXPECT_TRUE(pressed("q").quit);
  EXPECT_EQ(pressed("\x1b[B\x1b[B\x1b[A").scroll, 1u);
  EXPECT_EQ(pressed("\x1b[6~\x1bOB").scroll, 10u);
  EXPECT_EQ(pressed("\x1b[6~\x1b[5~").scroll, 0u);
  EXPECT_EQ(pressed("\x1b[F").scroll, 90u);
  EXPECT_EQ(pressed("\x1b[F\x1b[B").scroll, 90u);
  EXPECT_EQ(pressed("\x1b[F\x1b[H").scroll, 0u);
  EXPECT_EQ(pressed("\x1b[B", 10, 5).scroll, 0u);
  // One nobody knows changes nothing, and what follows it is read.
  EXPECT_EQ(pressed("\x1b[20~\x1b[B").scroll, 1u);
}

TEST(TopKeys, HalfASequenceWaitsForItsEnd) {
  std::string input = "\x1b[";
  char c = 0;
  TopKey key = TopKey::None;
  EXPECT_FALSE(next_key(input, c, key));
  input += "A";
  EXPECT_TRUE(next_key(input, c, key));
  EXPECT_EQ(key, TopKey::Up);
}

TEST(TopNumbersText, ThreeDigitsAtMost) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.5), "0.5");
  EXPECT_EQ(short_number(9.96), "10");
  EXPECT_EQ(short_number(812), "812");
  EXPECT_EQ(short_number(999.6), "1.0k");
  EXPECT_EQ(short_number(15'499), "15k");
  EXPECT_EQ(short_number(2'340'000), "2.3M");
  EXPECT_EQ(short_number(1e9), "1.0G");
}

// A terminal that does not wrap, as far as top needs one: behind a full line the cursor stands on
// its last character, and erasing begins there.
std::vector<std::string> drawn(const std::string& bytes, std::vector<std::string> grid) {
  const std::size_t width = grid[0].size();
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r') {
      column = 0;
    } else if (bytes[i] == '\n') {
      if (++row == grid.size()) throw std::runtime_error("the screen scrolls");
    } else if (bytes[i] == '\x1b') {
      const auto end = bytes.find_first_of("HJKm", i);
      const auto number = bytes.substr(i + 2, end - i - 2);
      if (bytes[end] == 'H') row = number.empty() ? 0 : std::stoul(number) - 1, column = 0;
      if (bytes[end] == 'J' || bytes[end] == 'K') grid[row].replace(column, width, width - column, ' ');
      for (auto below = row + 1; bytes[end] == 'J' && below < grid.size(); ++below) grid[below].assign(width, ' ');
      i = end;
    } else {
      grid[row][column] = bytes[i];
      column = std::min(column + 1, width - 1);
    }
  }
  return grid;
}

TEST(TopScreen, IsDrawnToItsLastColumnOverWhatWasThere) {
  TopModel model;
  model.add({service("web", 80, 0), service("mail", 25, 0)}, at(0));
  const auto padded = [](std::string text, std::size_t width) {
    text.resize(width, ' ');
    return text;
  };
  for (const std::size_t width : {1u, 79u, 80u, 110u})
    for (const std::size_t height : {1u, 2u, 3u, 5u, 8u, 9u, 10u, 30u}) {
      const auto screen = top_screen(model, {}, "12:00:00", "", width, height);
      const auto grid = drawn(top_bytes(screen, height), std::vector(height, std::string(width, '#')));
      std::vector<std::string> expected(height, std::string(width, ' '));
      expected[0] = padded(screen.head, width);
      if (height > 1) expected[1] = padded(screen.title, width);
      for (std::size_t i = 0; i < screen.rows.size(); ++i) expected[2 + i] = padded(screen.rows[i], width);
      if (height > 2) expected.back() = padded(screen.foot, width);
      EXPECT_EQ(grid, expected) << width << " x " << height;
    }
}

TEST(TopScreen, FitsAndScrolls) {
  TopModel model;
  std::vector<lb::ServiceStatus> services;
  for (std::uint16_t i = 0; i < 20; ++i) services.push_back(service("web" + std::to_string(10 + i), i, 0));
  model.add(services, at(0));
  TopView view;
  view.order = TopOrder::Name;
  auto screen = top_screen(model, view, "12:00:00", "", 80, 10);
  EXPECT_EQ(screen.page, 7u);
  EXPECT_EQ(screen.total, 60u);
  ASSERT_EQ(screen.rows.size(), 7u);
  EXPECT_EQ(screen.rows[0], "web10                  3      30       2       7       8       9      10      11");
  EXPECT_EQ(screen.rows[1].substr(0, 16), "  -> web101     ");
  EXPECT_EQ(screen.title, "SERVICE           WEIGHT  ACTIVE   INACT  CONN/S  IN P/S OUT P/S  IN B/S OUT B/S");
  EXPECT_EQ(screen.foot.substr(0, 26), "by name, rows 1-7 of 60  o");
  view.servers = false;
  view.scroll = 1000;
  screen = top_screen(model, view, "12:00:00", "", 80, 10);
  EXPECT_EQ(screen.rows.back().substr(0, 5), "web29");
  for (const std::size_t width : {1u, 20u, 79u, 200u})
    for (const std::size_t height : {1u, 2u, 3u, 30u}) {
      screen = top_screen(model, view, "12:00:00", "daemon\nis gone", width, height);
      EXPECT_LE(screen.rows.size() + 3, std::max<std::size_t>(height, 3));
      for (const auto& line : screen.rows) EXPECT_LE(line.size(), width);
      EXPECT_LE(screen.head.size(), width);
      EXPECT_EQ(screen.foot, std::string("daemon is gone").substr(0, width));
    }
}

Result<ctl::Reply> listing(const ctl::Request&) { return ctl::Reply{ctl::ListReply{{service("web", 80, 5)}, 8}}; }

TEST(Top, OnceIsTextOrJson) {
  std::ostringstream out, json, err;
  TopCommand once;
  once.once = true;
  EXPECT_EQ(run_top(once, false, {listing, out, err, ""}), kDone);
  EXPECT_NE(out.str().find("\n  -> web2 "), std::string::npos) << out.str();
  EXPECT_EQ(run_top(once, true, {listing, json, err, ""}), kDone);
  EXPECT_NE(json.str().find(R"("name":"web","weight":3,"active":30,"inactive":2,"connections_per_second":7.0)"),
            std::string::npos)
      << json.str();
}

TEST(Top, ADaemonThatIsNotThereIsAnError) {
  std::ostringstream out, err;
  TopCommand once;
  once.once = true;
  const auto gone = [](const ctl::Request&) -> Result<ctl::Reply> {
    return fail(std::errc::connection_refused, "gone");
  };
  EXPECT_EQ(run_top(once, false, {gone, out, err, ""}), kFailed);
  EXPECT_EQ(err.str(), "plenum: list: gone\n");
}

}  // namespace
}  // namespace plenum::cli
