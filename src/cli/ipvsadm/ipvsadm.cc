#include "cli/ipvsadm/ipvsadm.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "cli/ipvsadm/command.h"
#include "cli/ipvsadm/connections.h"
#include "cli/ipvsadm/error_text.h"
#include "cli/ipvsadm/help.h"
#include "cli/ipvsadm/listing.h"
#include "cli/ipvsadm/rules.h"
#include "ctl/client.h"

namespace plenum::cli {

namespace {

using namespace ipvsadm;

constexpr int kListFailed = 1, kCannotStart = 2, kRefused = 255;

// How a command line ended. `exits`: so does the program, although rules follow in -R.
struct Outcome {
  int code = 0;
  bool exits = false;
};

std::string joined(const std::vector<std::string>& args) {
  std::string text = "ipvsadm";
  for (const auto& arg : args) text += ' ' + arg;
  return text;
}

// Rules of -R that are sent in one request.
constexpr std::size_t kRulesAtOnce = 4096;

class Session {
 public:
  Session(std::string_view program, const IpvsadmWorld& world) : program_(program), world_(world) {}

  // Connects if that was not done, then carries out one command line.
  Outcome run(const std::vector<std::string>& args, bool from_rules = false);

 private:
  Outcome carry_out(const Command& command, const std::vector<std::string>& args, bool from_rules);
  Outcome list(const Command& command);
  Outcome list_connections(const Format& format);
  Outcome list_timeouts();
  Outcome list_daemons();
  Outcome change_daemon(const Command& command, const char* action);
  Outcome restore();
  // Rules that change the table, sent together; what became of the last one.
  Outcome send_waiting();
  Outcome set_timeouts(const Command& command);
  Outcome change(const Command& command, lb::Step step, const std::vector<std::string>& args, bool from_rules);
  Outcome refuse(int code, const std::string& line) {
    world_.err << line << '\n';
    return {code};
  }

  std::string program_;
  const IpvsadmWorld& world_;
  IpvsadmWorld::Call call_;
  ctl::ChangeRequest waiting_;
  std::vector<Verb> waiting_verbs_;  // of the steps that wait
};

Outcome Session::run(const std::vector<std::string>& args, bool from_rules) {
  const bool nothing = args.empty();
  Command command;
  std::optional<Refusal> refusal;
  if (!nothing) {
    auto parsed = parse_command(program_, args, world_.names);
    if (parsed)
      command = std::move(*parsed);
    else
      refusal = std::move(parsed).error();
  }
  // Help needs no daemon; anything else says first that there is none.
  const bool help = !refusal && (command.verb == Verb::Help || command.verb == Verb::Version);
  if (!call_ && !help) {
    auto call = world_.connect();
    if (!call) {
      world_.err << cannot_start(call.error());
      return {kCannotStart, true};
    }
    call_ = *std::move(call);
  }
  if (refusal) {
    (void)send_waiting();
    world_.err << refusal->text;
    return {refusal->code, refusal->exits};
  }
  return carry_out(command, args, from_rules);
}

// The change a command asks of the table; none for a command that changes no service.
std::optional<lb::Step> step_of(const Command& command) {
  const auto service = command.service.value_or(conf::Service{});
  switch (command.verb) {
    case Verb::AddService:
      return lb::AddService{service};
    case Verb::EditService:
      return lb::EditService{service};
    case Verb::DeleteService:
      return lb::RemoveService{service.key};
    case Verb::AddServer:
      return lb::AddServer{service.key, command.server};
    case Verb::EditServer:
      return lb::EditServer{service.key, command.server};
    case Verb::DeleteServer:
      return lb::RemoveServer{service.key, command.server.key};
    case Verb::Flush:
      return lb::Clear{};
    case Verb::Zero: {
      const conf::ServiceKey& key = service.key;
      // "-Z -t 0.0.0.0:0" zeroes all, as without an address.
      if (key.fwmark == 0 && key.port == 0 && key.address.is_unspecified()) return lb::Zero{};
      return lb::Zero{key};
    }
    default:
      return std::nullopt;
  }
}

Outcome Session::carry_out(const Command& command, const std::vector<std::string>& args, bool from_rules) {
  if (auto step = step_of(command)) return change(command, *std::move(step), args, from_rules);
  (void)send_waiting();
  switch (command.verb) {
    case Verb::Help:
      world_.out << help_text(program_);
      return {0, true};
    case Verb::Version:
      world_.out << version_text();
      return {0, true};
    case Verb::SetTimeouts:
      return set_timeouts(command);
    case Verb::StartDaemon:
      return change_daemon(command, "start");
    case Verb::StopDaemon:
      return change_daemon(command, "stop");
    case Verb::Restore:
      if (!from_rules) return restore();
      world_.err << try_help(program_).text;
      return {kRefused, true};
    default:
      return list(command);
  }
}

Outcome Session::change(const Command& command, lb::Step step, const std::vector<std::string>& args, bool from_rules) {
  // The kernel looks for an engine even where it will never be asked.
  if (!command.engine_without_persistence.empty() && command.engine_without_persistence != "sip") {
    const Error unknown{std::make_error_code(std::errc::no_such_file_or_directory), ""};
    (void)send_waiting();
    return refuse(kRefused, error_text(command.verb, unknown));
  }
  if (from_rules) {
    waiting_.steps.push_back(std::move(step));
    waiting_.reasons.push_back(joined(args));
    waiting_verbs_.push_back(command.verb);
    return waiting_.steps.size() < kRulesAtOnce ? Outcome{} : send_waiting();
  }
  ctl::ChangeRequest request{.steps = {}, .author = world_.author, .reason = joined(args)};
  request.steps.push_back(std::move(step));
  const auto reply = call_(std::move(request));
  if (!reply) return refuse(kRefused, error_text(command.verb, reply.error()));
  return {};
}

Outcome Session::set_timeouts(const Command& command) {
  const auto reply = call_(ctl::TimeoutsRequest{command.tcp, command.tcp_fin, command.udp});
  if (!reply) return refuse(kRefused, error_text(command.verb, reply.error()));
  return {};
}

Outcome Session::list(const Command& command) {
  if (command.connections) return list_connections(command.format);
  if (!command.service && command.timeouts) return list_timeouts();
  if (!command.service && command.daemon) return list_daemons();
  Format format = command.format;
  format.rule = command.verb == Verb::Save;
  ctl::ListRequest request;
  if (command.service) request.service = command.service->key;
  const auto reply = call_(request);
  if (!reply) {
    world_.err << error_text(Verb::List, reply.error()) << '\n';
    return {kListFailed, true};
  }
  world_.out << list_services(std::get<ctl::ListReply>(*reply), format, !command.service, world_.names);
  return {};
}

Outcome Session::list_connections(const Format& format) {
  ctl::ConnectionsRequest request;
  bool titled = false;
  for (;;) {
    const auto reply = call_(request);
    if (!reply) {
      world_.err << error_text(Verb::List, reply.error()) << '\n';
      return {kListFailed, true};
    }
    if (!std::exchange(titled, true)) world_.out << connection_titles(format);
    const auto& page = std::get<ctl::ConnectionsReply>(*reply);
    for (const auto& connection : page.connections) world_.out << connection_row(connection, format, world_.names);
    // A cursor that stands still would never end.
    if (!page.next || *page.next <= request.cursor) return {};
    request.cursor = *page.next;
  }
}

Outcome Session::list_timeouts() {
  const auto reply = call_(ctl::TimeoutsRequest{});
  if (!reply) {
    world_.err << error_text(Verb::List, reply.error()) << '\n';
    return {kListFailed, true};
  }
  const auto& timeouts = std::get<ctl::TimeoutsReply>(*reply);
  world_.out << "Timeout (tcp tcpfin udp): " << timeouts.tcp << ' ' << timeouts.tcp_fin << ' ' << timeouts.udp << '\n';
  return {};
}

Outcome Session::list_daemons() {
  const auto reply = call_(ctl::SyncRequest{});
  if (!reply) {
    world_.err << error_text(Verb::List, reply.error()) << '\n';
    return {kListFailed, true};
  }
  for (const auto& one : std::get<ctl::SyncReply>(*reply).daemons) world_.out << daemon_row(one);
  return {};
}

Outcome Session::change_daemon(const Command& command, const char* action) {
  ctl::SyncRequest request{action, command.sync_role, command.sync};
  if (request.daemon.interface.empty()) request.daemon.interface = "eth0";
  const auto reply = call_(request);
  if (!reply) return refuse(kRefused, error_text(command.verb, reply.error()));
  return {};
}

// Ends with what became of the last rule, as one after the other would. No rule waits for one
// that is not written yet.
Outcome Session::restore() {
  Outcome last;
  for (;;) {
    if (!waiting_.steps.empty() && world_.in.rdbuf()->in_avail() <= 0) last = send_waiting();
    const auto rule = next_rule(world_.in);
    if (!rule) break;
    last = run(*rule, true);
    if (last.exits) return last;
  }
  return waiting_.steps.empty() ? last : send_waiting();
}

Outcome Session::send_waiting() {
  if (waiting_.steps.empty()) return {};
  auto request = std::exchange(waiting_, {});
  const auto verbs = std::exchange(waiting_verbs_, {});
  request.author = world_.author;
  request.each = true;
  const auto reply = call_(request);
  if (!reply) return refuse(kRefused, error_text(verbs.back(), reply.error()));
  Outcome last;
  for (const auto& [step, code, what] : std::get<ctl::ChangeReply>(*reply).failures) {
    if (step >= verbs.size()) continue;
    const Outcome refused =
        refuse(kRefused, error_text(verbs[step], {std::error_code(code, std::generic_category()), what}));
    if (step + 1 == verbs.size()) last = refused;
  }
  return last;
}

// ipvsadm-save [-n]: any other option is answered with how it is used.
int save(const std::string& program, const std::vector<std::string>& args, const IpvsadmWorld& world) {
  std::vector<std::string> save_args{"-S"};
  for (const auto& arg : args) {
    if (arg == "-n") {
      save_args = {"-S", "-n"};
    } else if (!arg.empty() && arg[0] == '-') {
      world.err << program << ": Script to save the IPVS table to stdout.\n"
                << "   With the -n option, prints out the table in numeric format.\n";
      return 1;
    }
  }
  return Session("ipvsadm", world).run(save_args).code;
}

// ipvsadm-restore: the rules replace what is there. Lines that begin with "#" are comments
// here, and here only.
int restore(const IpvsadmWorld& world) {
  std::string line, rules;
  while (std::getline(world.in, line))
    if (line.empty() || line[0] != '#') rules += line + '\n';
  std::istringstream in(rules);
  const IpvsadmWorld inner{.connect = world.connect,
                           .names = world.names,
                           .in = in,
                           .out = world.out,
                           .err = world.err,
                           .author = world.author};
  Session session("ipvsadm", inner);
  if (const Outcome cleared = session.run({"-C"}); cleared.exits) return cleared.code;
  return session.run({"-R"}).code;
}

std::string base_name(std::string_view program) { return std::string(program.substr(program.rfind('/') + 1)); }

}  // namespace

bool is_ipvsadm(std::string_view program) {
  const std::string name = base_name(program);
  return name == "ipvsadm" || name == "ipvsadm-save" || name == "ipvsadm-restore";
}

int ipvsadm_main(std::string_view program, const std::vector<std::string>& args, const IpvsadmWorld& world) {
  const std::string name = base_name(program);
  int code = 0;
  if (name == "ipvsadm-save")
    code = save(name, args, world);
  else if (name == "ipvsadm-restore")
    code = restore(world);
  else
    code = Session(program, world).run(args).code;
  world.out.flush();
  world.err.flush();
  return code;
}

std::function<Result<IpvsadmWorld::Call>()> connect_to_lbd(std::string run_dir) {
  return [path = ctl::lbd_socket(run_dir)]() -> Result<IpvsadmWorld::Call> {
    auto client = ctl::Client::connect(path);
    if (!client) {
      Error error = std::move(client).error();
      if (error.code == std::errc::no_such_file_or_directory || error.code == std::errc::connection_refused)
        error.what = "plenum-lbd is not running (no answer on " + path + ")";
      return tl::unexpected(std::move(error));
    }
    // std::function wants to copy what it holds.
    auto shared = std::make_shared<ctl::Client>(*std::move(client));
    return IpvsadmWorld::Call([shared](const ctl::Request& request) { return shared->call(request); });
  };
}

std::string ipvsadm_author() {
  if (const char* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0' && ::getuid() == 0)
    return "ipvsadm by " + std::string(user);
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found != nullptr)
    return "ipvsadm by " + std::string(found->pw_name);
  return "ipvsadm by uid " + std::to_string(::getuid());
}

int ipvsadm_main(std::string_view program, const std::vector<std::string>& args, const std::string& run_dir) {
  // With buffers of their own: -R reads ahead, listings are long.
  std::ios::sync_with_stdio(false);
  const SystemNames names;
  const IpvsadmWorld world{.connect = connect_to_lbd(run_dir),
                           .names = names,
                           .in = std::cin,
                           .out = std::cout,
                           .err = std::cerr,
                           .author = ipvsadm_author()};
  return ipvsadm_main(program, args, world);
}

}  // namespace plenum::cli
