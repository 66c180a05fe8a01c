// Writes the seeds of director_fuzz and realserver_fuzz: packet_seeds DIRECTORY, which holds
// the corpora. Run by hand when the inputs' form or the worlds change.

#include <filesystem>
#include <iostream>

#include "tests/fuzz/seeds/history.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: packet_seeds DIRECTORY\n";
    return 2;
  }
  const std::filesystem::path to = argv[1];
  for (const bool v6 : {false, true}) {
    plenum::seeds::write_flows(to / "director_fuzz", v6);
    plenum::seeds::write_services(to / "director_fuzz", v6);
    plenum::seeds::write_marked(to / "director_fuzz", v6);
  }
  plenum::seeds::write_tunnels(to / "realserver_fuzz");
  return 0;
}
