#include "cli/ipvsadm/parser.h"

#include <utility>

#include "cli/ipvsadm/scheduler_flags.h"

namespace plenum::cli::ipvsadm {

bool Parser::start(Tag tag) {
  constexpr std::pair<Tag, Verb> kVerbs[] = {
      {Tag::AddService, Verb::AddService},
      {Tag::EditService, Verb::EditService},
      {Tag::DeleteService, Verb::DeleteService},
      {Tag::AddServer, Verb::AddServer},
      {Tag::EditServer, Verb::EditServer},
      {Tag::DeleteServer, Verb::DeleteServer},
      {Tag::Clear, Verb::Flush},
      {Tag::List, Verb::List},
      {Tag::Zero, Verb::Zero},
      {Tag::Set, Verb::SetTimeouts},
      {Tag::Restore, Verb::Restore},
      {Tag::Save, Verb::Save},
      {Tag::StartDaemon, Verb::StartDaemon},
      {Tag::StopDaemon, Verb::StopDaemon},
      {Tag::Help, Verb::Help},
      {Tag::Version, Verb::Version},
  };
  for (const auto& [candidate, verb] : kVerbs) {
    if (candidate != tag) continue;
    command_.verb = verb;
    return true;
  }
  return false;
}

Complaint Parser::start_argument(Tag tag, const std::string& argument) {
  command_.sync_role = argument;
  if (argument == "master" || argument == "backup") return std::nullopt;
  if (tag == Tag::StartDaemon) return "illegal start-daemon parameter specified";
  return "illegal start_daemon specified";
}

Complaint Parser::leftovers(const std::vector<std::string>& words) {
  std::size_t used = 0;
  if (command_.verb == Verb::SetTimeouts) {
    if (words.size() < 3) return "--set option requires 3 timeout values";
    if (auto complaint = timeout(words[0], 0, command_.tcp)) return complaint;
    if (auto complaint = timeout(words[1], 0, command_.tcp_fin)) return complaint;
    if (auto complaint = timeout(words[2], 0, command_.udp)) return complaint;
    used = 3;
  }
  if (words.size() > used) return "unexpected argument " + words[used];
  return std::nullopt;
}

Complaint Parser::check() {
  const std::string scheduler = service_.scheduler.empty() ? "wlc" : service_.scheduler;
  auto flags = parse_scheduler_flags(scheduler, flag_names_);
  if (!flags) return std::move(flags).error();
  service_.scheduler_flags = *flags;
  if (auto complaint = check_command(command_.verb, given_)) return complaint;
  switch (command_.verb) {
    case Verb::AddService:
    case Verb::EditService:
      service_.scheduler = scheduler;
      return check_service();
    case Verb::AddServer:
    case Verb::EditServer:
      return check_server();
    case Verb::List:
      break;
    default:
      return std::nullopt;
  }
  const Format& format = command_.format;
  const bool other = command_.timeouts || command_.daemon;
  if (((command_.connections || other) && (format.stats || format.rate || format.thresholds)) ||
      (other && format.persistent_conn))
    return "options conflicts in the list command";
  return std::nullopt;
}

Complaint Parser::check_service() {
  if (service_.fwmark != 0) return std::nullopt;
  if (service_.port == 0 && !service_.persistent) return "Zero port specified for non-persistent service";
  if (service_.one_packet && service_.protocol != conf::Protocol::Udp)
    return "One-Packet Scheduling is only for UDP virtual services";
  return std::nullopt;
}

Complaint Parser::check_server() {
  const bool tunnel = command_.server.forward == conf::Forward::Tunnel;
  // DR and tunnels leave the packet's port as it is.
  if (service_.fwmark == 0 && command_.server.forward != conf::Forward::Masq) server_.port = service_.port;
  if (server_.family != service_.family && !tunnel)
    return "Different address family is allowed only for tunneling servers";
  for (const auto column : {Column::TunType, Column::TunPort, Column::TunNoCsum, Column::TunCsum, Column::TunRemCsum})
    if (given_.has(column) && !tunnel) return "Tunnel options conflict with forward method";
  return check_tunnel(command_.server.tunnel.type, given_);
}

Command Parser::command() const {
  Command command = command_;
  if (given_.has(Column::Service)) {
    command.service = service_.service();
    if (!service_.persistent) command.engine_without_persistence = service_.engine;
  }
  command.server.key = {server_.address, server_.port};
  return command;
}

}  // namespace plenum::cli::ipvsadm
