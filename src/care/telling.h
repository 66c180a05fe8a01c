#pragma once
// What is to be told of services: lines for the log, programs to be run. What happens at once to several services of
// one group is told once. Pure.

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "conf/command.h"

namespace plenum::care {

// A program to be run, and what it is told in its environment.
struct Notice {
  conf::Command command;
  std::vector<std::string> environment;
};

struct Said {
  std::string of, state;  // a server or the quorum, and what it is from now on
  std::string line;       // empty: none
  Notice notice;          // without a command: none
};

class Telling {
 public:
  // All that a service has to say by now, in its order. `group`: whose it is.
  void add(const std::string& group, std::vector<Said> said);
  // With their groups, in order.
  std::vector<std::pair<std::string, Said>> take();

 private:
  struct Told {
    std::string group;
    Said said;
    std::size_t services = 1;  // that said it
  };
  std::vector<Told> told_;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> about_;  // group and `of`: places in told_
};

}  // namespace plenum::care
