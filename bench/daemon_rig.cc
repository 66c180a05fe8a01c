#include "bench/daemon_rig.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace plenum::bench {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string program_path(const std::string& name) {
  return (fs::read_symlink("/proc/self/exe").parent_path() / name).string();
}

double ms(const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; }

// A child with its standard input and output on these descriptors.
pid_t spawn(const std::string& path, const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  return pid;
}

}  // namespace

void DaemonRig::sh(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
}

DaemonRig::DaemonRig(const std::string& yaml) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) throw std::runtime_error("namespaces of its own (root is needed)");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw std::runtime_error("private mounts");
  char name[] = "/tmp/plenum-bench-XXXXXX";
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("a directory in /tmp");
  dir_ = name;
  ::setenv("PLENUM_RUN_DIR", (dir_ + "/run").c_str(), 1);
  sh("ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && "
     "ip addr add 10.9.0.1/16 dev v0");
  write("plenum.yaml", yaml);
  start();
}

DaemonRig::~DaemonRig() {
  if (daemon_ > 0) {
    ::kill(daemon_, SIGTERM);
    ::waitpid(daemon_, nullptr, 0);
  }
  ::umount2(bpf_dir().c_str(), MNT_DETACH);
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

std::string DaemonRig::write(const std::string& name, const std::string& text) const {
  const auto path = dir_ + "/" + name;
  std::ofstream(path) << text;
  return path;
}

void DaemonRig::start() {
  const int log = ::open((dir_ + "/log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  daemon_ = spawn(program_path("plenum-lbd"),
                  {"--config", dir_ + "/plenum.yaml", "--run-dir", dir_ + "/run", "--bpf-dir", bpf_dir()}, 0, log, log);
  ::close(log);
  while (!answers()) {
    if (::waitpid(daemon_, nullptr, WNOHANG) != 0) {
      daemon_ = -1;
      std::ostringstream text;
      text << std::ifstream(dir_ + "/log").rdbuf();
      throw std::runtime_error("plenum-lbd ended: " + text.str());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool DaemonRig::answers() const {
  try {
    run("plenum", {"status"});
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

Cost DaemonRig::run(const std::string& program, const std::vector<std::string>& arguments,
                    const std::string& input) const {
  const auto in_path = write("input", input);
  const int in = ::open(in_path.c_str(), O_RDONLY | O_CLOEXEC);
  int out[2];
  if (in < 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("a pipe for " + program);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const auto from = Clock::now();
  const pid_t pid = spawn(program_path(program), arguments, in, out[1], null);
  ::close(in);
  ::close(null);
  ::close(out[1]);
  Cost cost;
  std::vector<char> chunk(1u << 16);
  for (ssize_t n = 0; (n = ::read(out[0], chunk.data(), chunk.size())) > 0;)
    for (ssize_t i = 0; i < n; ++i) cost.lines += chunk[static_cast<std::size_t>(i)] == '\n' ? 1 : 0;
  ::close(out[0]);
  int status = 0;
  rusage used{};
  ::wait4(pid, &status, 0, &used);
  cost.wall_ms = std::chrono::duration<double, std::milli>(Clock::now() - from).count();
  cost.cpu_ms = ms(used.ru_utime) + ms(used.ru_stime);
  cost.most_kib = used.ru_maxrss;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(program + " failed");
  return cost;
}

double DaemonRig::cpu_ms() const {
  // The scheduler's own count, in ns: the times in stat have ticks of 10 ms.
  std::ifstream file("/proc/" + std::to_string(daemon_) + "/schedstat");
  double ns = 0;
  file >> ns;
  return ns / 1e6;
}

long DaemonRig::resident_kib() const {
  std::ifstream file("/proc/" + std::to_string(daemon_) + "/statm");
  long size = 0, resident = 0, shared = 0;
  file >> size >> resident >> shared;
  // Maps of the data plane are shared memory: what the daemon holds itself is the rest.
  return (resident - shared) * (::sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace plenum::bench
