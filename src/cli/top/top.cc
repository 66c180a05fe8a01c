#include "cli/top/top.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.h"
#include "cli/plenum/interrupt.h"
#include "cli/top/frame.h"
#include "cli/top/terminal.h"

namespace plenum::cli {

namespace {

using Json = nlohmann::ordered_json;

// As wide as a listing that nobody cuts.
constexpr std::size_t kListingWidth = 110;

std::string wall_clock() {
  const auto now = std::time(nullptr);
  std::tm local{};
  char text[16];
  ::localtime_r(&now, &local);
  return std::strftime(text, sizeof text, "%H:%M:%S", &local) != 0 ? text : "";
}

Result<> refresh(TopModel& model, const World& world, const Clock& clock) {
  PLENUM_TRY(const auto reply, world.call(ctl::ListRequest{}), "list");
  const auto* list = std::get_if<ctl::ListReply>(&reply);
  if (list == nullptr) return fail(std::errc::protocol_error, "plenum-lbd answered something else");
  model.add(list->services, clock.now());
  return {};
}

Json json_of(const std::string& name, const TopNumbers& n) {
  return {{"name", name},
          {"weight", n.weight},
          {"active", n.active},
          {"inactive", n.inactive},
          {"connections_per_second", n.connections},
          {"in_packets_per_second", n.in_packets},
          {"out_packets_per_second", n.out_packets},
          {"in_bytes_per_second", n.in_bytes},
          {"out_bytes_per_second", n.out_bytes}};
}

void print_json(const TopModel& model, const TopView& view, std::ostream& out) {
  auto services = Json::array();
  for (const auto& service : model.sorted(view.order, view.reverse)) {
    auto row = json_of(service.name, service.numbers);
    row["servers"] = Json::array();
    for (const auto& server : service.servers) row["servers"].push_back(json_of(server.name, server.numbers));
    services.push_back(std::move(row));
  }
  const Json line = {{"time", std::time(nullptr)}, {"services", std::move(services)}};
  out << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

void print_text(const TopModel& model, const TopView& view, std::ostream& out) {
  out << top_title(kListingWidth) << '\n';
  for (const auto& row : top_rows(model, view, kListingWidth)) out << row << '\n';
}

// Waits until `until`; what became ready first.
struct Ready {
  bool signal = false, input = false;
};
Ready wait(const Clock& clock, TimePoint until, int signals, int input) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock.now()).count();
  pollfd ready[] = {{signals, POLLIN, 0}, {input, POLLIN, 0}};
  if (::poll(ready, input >= 0 ? 2 : 1, static_cast<int>(std::clamp<long>(left, 0, 3600'000))) <= 0) return {};
  return {ready[0].revents != 0, ready[1].revents != 0};
}

// Lines for programs, one an interval, until interrupted or nobody reads.
int stream(TopModel& model, const TopCommand& command, const World& world, const Interrupt& interrupt) {
  const SteadyClock clock;
  for (;;) {
    if (const auto done = refresh(model, world, clock); !done) {
      world.err << "plenum: " << done.error().what << '\n';
      return kFailed;
    }
    print_json(model, command.view, world.out);
    if (!world.out.good()) return kFailed;
    if (wait(clock, clock.now() + command.interval, interrupt.fd(), -1).signal) return kDone;
  }
}

int watch(TopModel& model, const TopCommand& command, const World& world, const Interrupt& interrupt) {
  const SteadyClock clock;
  const auto terminal = Terminal::open(STDIN_FILENO, STDOUT_FILENO);
  if (!terminal) {
    world.err << "plenum: top: " << terminal.error().what << "; --once and --json need no terminal\n";
    return kFailed;
  }
  auto view = command.view;
  std::string problem, input;
  auto next = clock.now();
  while (!view.quit) {
    if (clock.now() >= next) {
      const auto done = refresh(model, world, clock);
      problem = done ? "" : done.error().what;
      next = clock.now() + command.interval;
    }
    const auto size = terminal->size();
    const auto screen = top_screen(model, view, wall_clock(), problem, size.width, size.height);
    if (!terminal->write(top_bytes(screen, size.height))) return kFailed;
    const auto ready = wait(clock, next, interrupt.fd(), STDIN_FILENO);
    if (ready.signal) view.quit = interrupt.take() != SIGWINCH;
    if (!ready.input) continue;
    char bytes[64];
    const auto got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got <= 0) return kDone;
    input.append(bytes, static_cast<std::size_t>(got));
    char c = 0;
    TopKey key = TopKey::None;
    while (next_key(input, c, key)) press(view, c, key, screen.page, screen.total);
  }
  return kDone;
}

}  // namespace

int run_top(const TopCommand& command, bool json, const World& world) {
  TopModel model;
  if (command.once) {
    const SteadyClock clock;
    if (const auto done = refresh(model, world, clock); !done) {
      world.err << "plenum: " << done.error().what << '\n';
      return kFailed;
    }
    json ? print_json(model, command.view, world.out) : print_text(model, command.view, world.out);
    return kDone;
  }
  const auto interrupt = Interrupt::open({SIGWINCH});
  if (!interrupt) {
    world.err << "plenum: " << interrupt.error().what << '\n';
    return kFailed;
  }
  return json ? stream(model, command, world, *interrupt) : watch(model, command, world, *interrupt);
}

}  // namespace plenum::cli
