#include "cli/trace/trace.h"

#include <ctime>
#include <fstream>
#include <ostream>

#include "cli/trace/event_text.h"
#include "cli/trace/pcapng.h"

namespace plenum::cli {

namespace {

long utc_offset(std::uint64_t time) {
  const auto seconds = static_cast<std::time_t>(time / 1'000'000'000);
  std::tm local{};
  return ::localtime_r(&seconds, &local) != nullptr ? local.tm_gmtoff : 0;
}

// Where packets and lines go. A reader that goes away ends the trace.
class Printer {
 public:
  Printer(const TraceCommand& command, bool json, std::ostream& out) : command_(command), json_(json), out_(out) {}

  Result<> open() {
    if (command_.pcap.empty()) return {};
    if (command_.pcap != "-") {
      file_.open(command_.pcap, std::ios::binary | std::ios::trunc);
      if (!file_) return fail_errno("write " + command_.pcap);
    }
    capture() << Pcapng::header() << std::flush;
    return {};
  }

  // Whether more is wanted.
  bool take(std::string_view line) {
    const auto decoded = ctl::decode_trace_line(line);
    if (!decoded) return true;  // a newer daemon's
    if (json_) out_ << line << std::endl;
    if (decoded->counts) counts = *decoded->counts;
    if (!decoded->packet) return out_.good();
    ++shown;
    packet(*decoded->packet);
    return out_.good() && capture().good() && (command_.count == 0 || shown < command_.count);
  }

  bool whole() { return out_.good() && capture().good(); }

  std::uint64_t shown = 0;
  lb::TraceCounts counts;

 private:
  std::ostream& capture() { return command_.pcap.empty() || command_.pcap == "-" ? out_ : file_; }

  void packet(const lb::TraceEvent& event) {
    if (!command_.pcap.empty())
      capture() << pcapng_.packet(event.time, event.interface, from_hex(event.bytes), event.length, fate_text(event))
                << std::flush;
    if (!json_ && command_.pcap != "-") out_ << event_text(event, utc_offset(event.time)) << std::endl;
  }

  const TraceCommand& command_;
  bool json_;
  std::ostream& out_;
  std::ofstream file_;
  Pcapng pcapng_;
};

}  // namespace

int run_trace(const TraceCommand& command, bool json, const World& world) {
  Printer printer(command, json, world.out);
  const auto failed = [&](const Error& error) {
    world.err << "plenum: " << error.what << '\n';
    return kFailed;
  };
  if (command.pcap == "-" && json) {
    world.err << "plenum: --pcap - and --json both want standard output\n";
    return kUsage;
  }
  if (const auto opened = printer.open(); !opened) return failed(opened.error());
  auto filter = command.filter;
  filter.bytes = !command.pcap.empty();
  const auto done = world.follow(ctl::TraceRequest{filter}, [&](std::string_view line) { return printer.take(line); });
  if (!done) return failed(done.error());
  if (!json) world.err << counts_text(printer.shown, printer.counts) << '\n';
  return printer.whole() ? kDone : kFailed;
}

}  // namespace plenum::cli
