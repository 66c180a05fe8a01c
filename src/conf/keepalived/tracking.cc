#include "conf/keepalived/tracking.h"

#include <algorithm>

namespace plenum::conf::keepalived {
namespace {

const char* what(TrackKind kind) {
  switch (kind) {
    case TrackKind::Interface:
      return "track_interface";
    case TrackKind::Script:
      return "track_script";
    case TrackKind::Process:
      return "track_process";
    case TrackKind::File:
      return "track_file";
    case TrackKind::Bfd:
      return "track_bfd";
  }
  return "";
}

}  // namespace

void take_track(Context& c, TrackKind kind, const std::string& who, std::vector<TrackDraft>& tracks) {
  TrackDraft out;
  out.place = c.place;
  out.track.kind = kind;
  out.track.name = c.words[0];
  const auto about = "(" + who + ") ";
  const std::int64_t most = kind == TrackKind::File || kind == TrackKind::Process ? 254 : 253;
  const auto twin = std::any_of(tracks.begin(), tracks.end(), [&](const TrackDraft& other) {
    return other.track.kind == kind && other.track.name == out.track.name;
  });
  if (twin) return c.warn(about + "duplicate " + what(kind) + " " + out.track.name + " - ignoring");
  if (kind == TrackKind::Interface && c.host.has_interface && !c.host.has_interface(out.track.name))
    c.warn(about + "tracked interface " + out.track.name + " doesn't exist", "`ip link` lists those there are");
  for (std::size_t i = 1; i < c.count(); ++i) {
    if (c.words[i] == "weight") {
      if (i + 1 >= c.count()) {
        c.warn(about + "weight without value specified for " + what(kind) + " " + out.track.name + " - ignoring");
        break;
      }
      if (const auto n = c.number(++i, -most, most)) out.track.weight = static_cast<std::int16_t>(*n);
    } else if (c.words[i] == "reverse") {
      out.reverse = true;
    } else if (c.words[i] == "noreverse" || c.words[i] == "no_reverse") {
      out.reverse = false;
    } else {
      c.warn(about + "unknown " + what(kind) + " " + out.track.name + " option " + c.words[i] + " - ignoring");
      break;
    }
  }
  tracks.push_back(std::move(out));
}

void take_notify(Context& c, const std::string& who, Command& into) {
  c.word(1);
  if (c.fatal) return;
  auto command = c.script();
  if (command.empty()) return;
  if (!into.empty())
    return c.warn("(" + who + ") " + c.words[0] + " script already specified - ignoring " + command.words[0]);
  into = std::move(command);
}

}  // namespace plenum::conf::keepalived
