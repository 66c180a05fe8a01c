// The command line: `plenum`, and ipvsadm, ipvsadm-save and ipvsadm-restore when it is called
// by one of these names.

#include <csignal>
#include <string>
#include <vector>

#include "cli/ipvsadm/ipvsadm.h"
#include "cli/plenum/process.h"
#include "ctl/client.h"

int main(int argc, char** argv) {
  using namespace plenum;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of the write, not a death
  const std::string program = argc > 0 ? argv[0] : "plenum";
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (cli::is_ipvsadm(program)) return cli::ipvsadm_main(program, args, ctl::default_run_dir());
  return cli::plenum_main(args);
}
