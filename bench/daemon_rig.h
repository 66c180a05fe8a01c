#pragma once
// A director of its own for benchmarks of the daemon: plenum-lbd started in namespaces that end
// with this process, asked by the command line as people do, its work read from /proc. Knows how
// to run things and what they cost; what to measure is its caller's business.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plenum::bench {

// What a program took.
struct Cost {
  double wall_ms = 0, cpu_ms = 0;
  long most_kib = 0;        // resident
  std::uint64_t lines = 0;  // it wrote
};

class DaemonRig {
 public:
  // Leaves this process's network and mount namespaces for fresh ones, with a pair of interfaces
  // v0 and v1 (10.9.0.1/16 on v0), and starts the daemon on `yaml`. Throws std::runtime_error.
  explicit DaemonRig(const std::string& yaml);
  ~DaemonRig();
  DaemonRig(const DaemonRig&) = delete;
  DaemonRig& operator=(const DaemonRig&) = delete;

  // A file in the rig's own directory; its path.
  std::string write(const std::string& name, const std::string& text) const;

  // One of our programs ("plenum", "ipvsadm") with PLENUM_RUN_DIR set; `input` becomes its
  // standard input. Throws where it fails.
  Cost run(const std::string& program, const std::vector<std::string>& arguments, const std::string& input = "") const;

  // CPU time the daemon used since it was started, and what it holds.
  [[nodiscard]] double cpu_ms() const;
  [[nodiscard]] long resident_kib() const;
  [[nodiscard]] std::string bpf_dir() const { return dir_ + "/bpf"; }

  // A command of this system, in the rig's namespaces. Throws where it fails.
  static void sh(const std::string& command);

 private:
  void start();
  [[nodiscard]] bool answers() const;

  std::string dir_;
  pid_t daemon_ = -1;
};

}  // namespace plenum::bench
