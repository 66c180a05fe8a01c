#pragma once
// The files that make a setup survive a reboot: settings in sysctl.d, and a systemd unit that
// runs the command again for what sysctl.d cannot hold. Pure: gives contents and actions.

#include <string>
#include <vector>

#include "host/action.h"
#include "host/sysctl.h"
#include "host/view.h"

namespace plenum::host {

struct Persistence {
  std::string name;         // "plenum-realserver"
  std::string description;  // of the unit
  // The whole command line, program first, that sets up again.
  std::vector<std::string> command;
  bool before_network = false;  // before network-online.target rather than after it
};

// The paths of these files: what a View must have looked at.
std::vector<std::string> persistent_files(const std::string& name);

// Writes what differs from `view`. `wishes` are written with the value that now holds or
// is about to.
std::vector<Action> persist(const Persistence& what, const std::vector<SysctlWish>& wishes, const View& view);

}  // namespace plenum::host
