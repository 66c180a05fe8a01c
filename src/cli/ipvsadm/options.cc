#include "cli/ipvsadm/options.h"

#include <utility>

namespace plenum::cli::ipvsadm {

namespace {

constexpr Option kOptions[] = {
    {"add-service", 'A', Argument::None, Tag::AddService},
    {"edit-service", 'E', Argument::None, Tag::EditService},
    {"delete-service", 'D', Argument::None, Tag::DeleteService},
    {"clear", 'C', Argument::None, Tag::Clear},
    {"list", 'L', Argument::None, Tag::List},
    {"list", 'l', Argument::None, Tag::List},
    {"zero", 'Z', Argument::None, Tag::Zero},
    {"add-server", 'a', Argument::None, Tag::AddServer},
    {"edit-server", 'e', Argument::None, Tag::EditServer},
    {"delete-server", 'd', Argument::None, Tag::DeleteServer},
    {"set", 0, Argument::None, Tag::Set},
    {"help", 'h', Argument::None, Tag::Help},
    {"version", 'v', Argument::None, Tag::Version},
    {"restore", 'R', Argument::None, Tag::Restore},
    {"save", 'S', Argument::None, Tag::Save},
    {"start-daemon", 0, Argument::Required, Tag::StartDaemon},
    {"stop-daemon", 0, Argument::Required, Tag::StopDaemon},
    {"tcp-service", 't', Argument::Required, Tag::TcpService},
    {"udp-service", 'u', Argument::Required, Tag::UdpService},
    {"sctp-service", 0, Argument::Required, Tag::SctpService},
    {"fwmark-service", 'f', Argument::Required, Tag::FwmarkService},
    {"scheduler", 's', Argument::Required, Tag::Scheduler},
    {"persistent", 'p', Argument::Optional, Tag::Persistent},
    {"netmask", 'M', Argument::Required, Tag::Netmask},
    {"real-server", 'r', Argument::Required, Tag::RealServer},
    {"masquerading", 'm', Argument::None, Tag::Masquerading},
    {"ipip", 'i', Argument::None, Tag::Ipip},
    {"gatewaying", 'g', Argument::None, Tag::Gatewaying},
    {"weight", 'w', Argument::Required, Tag::Weight},
    {"u-threshold", 'x', Argument::Required, Tag::UpperThreshold},
    {"l-threshold", 'y', Argument::Required, Tag::LowerThreshold},
    {"numeric", 'n', Argument::None, Tag::Numeric},
    {"connection", 'c', Argument::None, Tag::Connection},
    {"mcast-interface", 0, Argument::Required, Tag::McastInterface},
    {"syncid", 0, Argument::Required, Tag::SyncId},
    {"timeout", 0, Argument::None, Tag::Timeout},
    {"daemon", 0, Argument::None, Tag::Daemon},
    {"stats", 0, Argument::None, Tag::Stats},
    {"rate", 0, Argument::None, Tag::Rate},
    {"thresholds", 0, Argument::None, Tag::Thresholds},
    {"persistent-conn", 0, Argument::None, Tag::PersistentConn},
    {"nosort", 0, Argument::None, Tag::NoSort},
    {"sort", 0, Argument::None, Tag::Sort},
    {"exact", 'X', Argument::None, Tag::Exact},
    {"ipv6", '6', Argument::None, Tag::Ipv6},
    {"ops", 'o', Argument::None, Tag::OnePacket},
    {"pe", 0, Argument::Required, Tag::PersistenceEngine},
    {"sched-flags", 'b', Argument::Required, Tag::SchedulerFlags},
    {"mcast-group", 0, Argument::Required, Tag::McastGroup},
    {"mcast-port", 0, Argument::Required, Tag::McastPort},
    {"mcast-ttl", 0, Argument::Required, Tag::McastTtl},
    {"sync-maxlen", 0, Argument::Required, Tag::SyncMaxlen},
    {"tun-info", 0, Argument::None, Tag::TunInfo},
    {"tun-type", 0, Argument::Required, Tag::TunType},
    {"tun-port", 0, Argument::Required, Tag::TunPort},
    {"tun-nocsum", 0, Argument::None, Tag::TunNoCsum},
    {"tun-csum", 0, Argument::None, Tag::TunCsum},
    {"tun-remcsum", 0, Argument::None, Tag::TunRemCsum},
};

const Option* find(std::string_view name) {
  for (const auto& option : kOptions)
    if (option.name == name) return &option;
  return nullptr;
}

const Option* find(char letter) {
  for (const auto& option : kOptions)
    if (option.letter == letter && letter != 0) return &option;
  return nullptr;
}

}  // namespace

OptionReader::Status OptionReader::next() {
  argument_.reset();
  while (!letters_) {
    if (next_ == args_.size()) return Status::End;
    const std::string& word = args_[next_++];
    // A lone "-" is an argument, as is everything after "--".
    if (only_leftovers_ || word.size() < 2 || word[0] != '-') {
      leftovers_.push_back(word);
    } else if (word == "--") {
      only_leftovers_ = true;
    } else if (word[1] == '-') {
      const auto equals = word.find('=');
      const Option* option = find(std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2));
      if (option == nullptr) return Status::UnknownOption;
      return take(*option, equals == std::string::npos ? std::nullopt : std::optional(word.substr(equals + 1)));
    } else {
      letters_ = word.substr(1);
    }
  }
  std::string letters = *std::exchange(letters_, std::nullopt);
  const Option* option = find(letters[0]);
  if (option == nullptr) return Status::UnknownOption;
  if (letters.size() == 1) return take(*option, std::nullopt);
  letters.erase(0, 1);
  const bool equals = letters[0] == '=';
  if (option->argument != Argument::None) return take(*option, letters.substr(equals ? 1 : 0));
  if (equals) return Status::UnwantedArgument;
  letters_ = letters;
  return take(*option, std::nullopt);
}

OptionReader::Status OptionReader::take(const Option& option, std::optional<std::string> attached) {
  tag_ = option.tag;
  if (option.argument == Argument::None) return attached ? Status::UnwantedArgument : Status::Option;
  if (attached) {
    argument_ = std::move(attached);
  } else if (next_ == args_.size()) {
    if (option.argument == Argument::Required) return Status::MissingArgument;
  } else if (option.argument == Argument::Required || args_[next_].empty() || args_[next_][0] != '-') {
    argument_ = args_[next_++];
  }
  return Status::Option;
}

std::string_view OptionReader::text(Status status) {
  switch (status) {
    case Status::MissingArgument:
      return "missing argument";
    case Status::UnknownOption:
      return "unknown option";
    case Status::UnwantedArgument:
      return "option does not take an argument";
    case Status::Option:
    case Status::End:
      break;
  }
  return "";
}

}  // namespace plenum::cli::ipvsadm
