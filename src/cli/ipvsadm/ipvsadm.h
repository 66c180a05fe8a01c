#pragma once
// ipvsadm 1.31 on plenum-lbd: the same command lines, listings, error texts and exit codes.
// The grammar, listings and texts are here; the table of services is the daemon's. Includes
// ipvsadm-save and ipvsadm-restore, which elsewhere are shell scripts around it.

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/ipvsadm/names.h"
#include "ctl/messages.h"

namespace plenum::cli {

// What a run of ipvsadm touches outside itself. All references outlive the call.
struct IpvsadmWorld {
  using Call = std::function<Result<ctl::Reply>(const ctl::Request&)>;

  // Opens the way to the daemon; called once, before the command line is looked at, as
  // ipvsadm does with the kernel. Its error decides the "Can't initialize ipvs" text.
  std::function<Result<Call>()> connect;
  const ipvsadm::Names& names;
  std::istream& in;  // the rules of -R
  std::ostream& out;
  std::ostream& err;
  std::string author = "ipvsadm";  // recorded with every change: "ipvsadm by root"
};

// Connects to RUN_DIR/lbd.sock.
std::function<Result<IpvsadmWorld::Call>()> connect_to_lbd(std::string run_dir);

// "ipvsadm by NAME": the user who called sudo, else the one who runs.
std::string ipvsadm_author();

// Whether a program called by this argv[0] is to be ipvsadm: the last part of its path is
// ipvsadm, ipvsadm-save or ipvsadm-restore.
bool is_ipvsadm(std::string_view program);

// Runs one command line and answers the exit code: 0; 1 a listing that failed; 2 usage or no
// daemon; 255 refused by the table or unknown option. `program` is argv[0] as called (it
// shows in help texts), `args` what follows it.
int ipvsadm_main(std::string_view program, const std::vector<std::string>& args, const IpvsadmWorld& world);

// The same with the system's names, standard streams and RUN_DIR's socket: all main() needs.
int ipvsadm_main(std::string_view program, const std::vector<std::string>& args, const std::string& run_dir);

}  // namespace plenum::cli
