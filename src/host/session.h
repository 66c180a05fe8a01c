#pragma once
// What the commands of both roles share: where things are, carrying actions out with their
// originals recorded first, and undoing.

#include <string>
#include <vector>

#include "host/driver.h"
#include "host/options.h"
#include "host/record.h"
#include "host/report.h"

namespace plenum::host {

struct Session {
  Places places;
  std::string record_path;
  Record record;  // as loaded; empty when nothing was set up
  bool recorded = false;
};

// `name`: of the record's file, "realserver".
Result<Session> open_session(const Options& options, const std::string& name);

// Saves `record`, with what `actions` change remembered in it, then does them one after the
// other, reporting each. Stops at the first that fails; what was done stays, and can be
// undone.
Result<> carry_out(Session& session, Record record, const std::vector<Action>& actions, const View& view,
                   Report& report);

// Puts everything back, going on after a failure; the record goes only when all is back.
Result<> undo_all(Session& session, Report& report);

// This program and the words that make it run again, with the options that name places.
std::vector<std::string> command_again(const Options& options, std::vector<std::string> words);

// ENODEV naming those of `interfaces` that are not there.
Result<> need_interfaces(const std::set<std::string>& interfaces, const View& view);

}  // namespace plenum::host
