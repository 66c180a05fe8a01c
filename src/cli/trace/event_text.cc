#include "cli/trace/event_text.h"

#include <algorithm>
#include <cstdio>

#include "lb/trace/reasons.h"

namespace plenum::cli {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000, kDay = 86400;

std::string time_of_day(std::uint64_t time, long utc_offset) {
  const auto seconds = (static_cast<std::int64_t>(time / kSecond) + utc_offset) % static_cast<std::int64_t>(kDay);
  const auto day = static_cast<unsigned>(seconds < 0 ? seconds + static_cast<std::int64_t>(kDay) : seconds);
  char text[24];
  std::snprintf(text, sizeof text, "%02u:%02u:%02u.%06u", day / 3600, day / 60 % 60, day % 60,
                static_cast<unsigned>(time % kSecond / 1000));
  return text;
}

std::string end_text(const net::Address& address, std::uint16_t port) {
  return port == 0 ? address.text() : net::Endpoint{address, port}.text();
}

}  // namespace

std::string fate_text(const lb::TraceEvent& event) {
  auto text = event.kind + " " + event.reason;
  if (event.server) text += (event.reason == "nat_reply" ? " from " : " to ") + event.server->text();
  // Where a packet went says enough; why it did not go needs words.
  if (event.kind != "forward")
    for (const auto& reason : lb::reason_names())
      if (reason.name == event.reason) text += " (" + std::string(reason.text) + ")";
  for (const auto& happened : event.events) text += ", " + happened;
  return text;
}

std::string event_text(const lb::TraceEvent& event, long utc_offset) {
  auto text = time_of_day(event.time, utc_offset) + " " + event.interface + " ";
  if (event.source && event.destination) {
    text += event.protocol + " " + end_text(*event.source, event.source_port) + " > " +
            end_text(*event.destination, event.destination_port);
  } else {
    text += "no IP packet";
  }
  return text + " length " + std::to_string(event.length) + ": " + fate_text(event);
}

std::string counts_text(std::uint64_t shown, const lb::TraceCounts& counts) {
  auto text = std::to_string(shown) + (shown == 1 ? " packet" : " packets") + " shown";
  if (counts.suppressed + counts.lost != 0)
    text += "; " + std::to_string(counts.suppressed + counts.lost) +
            " more matched: " + std::to_string(counts.suppressed) + " above the rate, " + std::to_string(counts.lost) +
            " lost";
  return text;
}

}  // namespace plenum::cli
