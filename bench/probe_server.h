#pragma once
// Whom the probes of ./dev bench probes ask: a process in a network namespace of its own, at the end of a cable, with
// 65,536 addresses. Port 80 answers HTTP, 81 accepts and never answers, 82 closes what it accepts.

#include <sys/types.h>

#include <string>

namespace plenum::bench {

class ProbeServer {
 public:
  // Takes this process into a fresh network namespace, with the cable's other end. Throws std::runtime_error.
  ProbeServer();
  ~ProbeServer();
  ProbeServer(const ProbeServer&) = delete;
  ProbeServer& operator=(const ProbeServer&) = delete;

  // The i-th address, below 65,536.
  static std::string address(unsigned i);

  // CPU time in seconds of what a director's kernel does with packets that come in, and of all that a server's machine
  // would do: its kernel's part and the process. Each end of the cable is received from by a thread of the kernel's
  // own, or most of a server's work would be done by whom the director's packet was sent by, and counted as the
  // director's.
  [[nodiscard]] double receiving_seconds() const;
  [[nodiscard]] double server_seconds() const;

 private:
  pid_t server_ = -1;
  std::string near_receiver_, far_receiver_;  // their stat files
};

// CPU time of a process, or of one of its threads.
double cpu_seconds_of(const std::string& stat_file);

}  // namespace plenum::bench
