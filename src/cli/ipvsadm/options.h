#pragma once
// The options of ipvsadm 1.31 and the rules of popt(3) by which a command line is cut into
// them. Knows letters and arguments, not what they mean.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::cli::ipvsadm {

// What an option asks for. The first group are commands.
// clang-format off
enum class Tag : std::uint8_t {
  AddService, EditService, DeleteService, Clear, List, Zero, AddServer, EditServer, DeleteServer, Set, Help, Version,
  Restore, Save, StartDaemon, StopDaemon,
  TcpService, UdpService, SctpService, FwmarkService, Scheduler, Persistent, Netmask, RealServer, Masquerading, Ipip,
  Gatewaying, Weight, UpperThreshold, LowerThreshold, Numeric, Connection, McastInterface, SyncId, Timeout, Daemon,
  Stats, Rate, Thresholds, PersistentConn, NoSort, Sort, Exact, Ipv6, OnePacket, PersistenceEngine, SchedulerFlags,
  McastGroup, McastPort, McastTtl, SyncMaxlen, TunInfo, TunType, TunPort, TunNoCsum, TunCsum, TunRemCsum,
};
// clang-format on

enum class Argument : std::uint8_t { None, Required, Optional };

struct Option {
  std::string_view name;  // after "--"
  char letter;            // after "-", or 0
  Argument argument;
  Tag tag;
};

// Cuts `args` into options and the arguments left over, one at a time, in order.
class OptionReader {
 public:
  enum class Status : std::uint8_t { Option, End, MissingArgument, UnknownOption, UnwantedArgument };

  // `args` is without argv[0] and outlives the reader.
  explicit OptionReader(const std::vector<std::string>& args) : args_(args) {}

  // Option: tag() and argument() tell which. After End every argument is in leftovers();
  // after an error bad_option() names it, and there is no going on.
  Status next();

  [[nodiscard]] Tag tag() const { return tag_; }
  // Of the option just read; none for one that takes none or whose optional one is missing.
  [[nodiscard]] const std::optional<std::string>& argument() const { return argument_; }
  [[nodiscard]] const std::vector<std::string>& leftovers() const { return leftovers_; }
  // The command line's word that was taken last ("-AD" for the D of it).
  [[nodiscard]] std::string bad_option() const { return next_ == 0 ? "" : args_[next_ - 1]; }
  // popt's words for an error; "" for Option and End.
  static std::string_view text(Status status);

 private:
  Status take(const Option& option, std::optional<std::string> attached);

  const std::vector<std::string>& args_;
  std::size_t next_ = 0;
  std::optional<std::string> letters_;  // rest of a word of short options
  bool only_leftovers_ = false;         // after "--"
  Tag tag_{};
  std::optional<std::string> argument_;
  std::vector<std::string> leftovers_;
};

}  // namespace plenum::cli::ipvsadm
