// The grammar of `plenum`: words and options, with the help texts.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <sstream>

#include "cli/explain/explain.h"
#include "cli/plenum/command.h"
#include "cli/trace/words.h"
#include "conf/schema.h"
#include "ctl/client.h"

namespace plenum::cli {
namespace {

constexpr const char* kConfigPath = "/etc/plenum/plenum.yaml";

// The daemon has another working directory.
std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

// "90s", "10m" as seconds, or what it must be.
auto read_duration(const std::string& text) {
  const conf::Key key{.name = "--for", .kind = conf::Kind::Duration, .min = 1, .max = 366 * 86400ll};
  return conf::read_value(key, key.kind, text);
}

std::string check_duration(const std::string& text) {
  const auto value = read_duration(text);
  return value ? "" : value.error().message;
}

// Declares every command on `app`; the one that is typed puts itself into `out`.
class Grammar {
 public:
  explicit Grammar(Invocation& out) : out_(out) {
    app_.name("plenum");
    app_.set_version_flag("--version", PLENUM_VERSION);
    app_.option_defaults()->always_capture_default(false);
    app_.add_option("--run-dir", out_.run_dir, "Directory of the control sockets ($PLENUM_RUN_DIR, /run/plenum)");
    app_.add_flag("--json", out_.json, "Answer as JSON, for programs");
    app_.require_subcommand(1);
    app_.fallthrough();
    files();
    listings();
    server_words();
    explain();
    trace();
    top();
    vrrp();
    host("realserver", "Prepare a real server: setup, check, undo", false);
    host("director", "Prepare a director: setup, check, undo", true);
  }

  CLI::App& app() { return app_; }

  // What the options mean, once all of them are read.
  void finish() {
    if (finish_) finish_();
  }

 private:
  CLI::App* word(const std::string& name, const std::string& help, std::function<void()> finish) {
    auto* sub = app_.add_subcommand(name, help);
    sub->callback([this, finish = std::move(finish)] { finish_ = finish; });
    return sub;
  }

  void files() {
    path_ = kConfigPath;
    auto* check = word("check", "Check a configuration file; exit code 0 or 1 and nothing else", [this] {
      out_.command = CheckCommand{path_, strict_, keepalived_};
    });
    check->add_option("FILE", path_, std::string("default ") + kConfigPath);
    auto* strict = check->add_flag("--strict", strict_, "Warnings are errors; says how to mend them");
    check->add_flag("--keepalived", keepalived_, "Of a keepalived.conf: answer and exit as keepalived -t (0, 2, 5, 6)")
        ->excludes(strict);
    auto* convert =
        word("convert", "Write a keepalived.conf or lvs.cf as Plenum's own file, and tell what it could not", [this] {
          out_.command = ConvertCommand{convert_, output_};
        });
    convert->add_option("FILE", convert_, "keepalived.conf or lvs.cf")->required();
    convert->add_option("-o,--output", output_, "Where to; left out: standard output");
    word("diff", "Show what a reload would do", [this] {
      out_.command = DiffCommand{absolute(other_path_)};
    })->add_option("FILE", other_path_, "Compare with this file instead of the daemon's own");
    word("apply", "Carry the configuration file out; SIGHUP does the same", [this] {
      out_.command = ReloadCommand{absolute(other_path_)};
    })->add_option("FILE", other_path_, "Carry out this file instead of the daemon's own");
    word("reload", "Carry the daemon's own file out again", [this] { out_.command = ReloadCommand{}; });
    word("schema", "Print the JSON Schema of the configuration file", [this] {
      out_.command = SchemaCommand{schema_of_keepalived_};
    })->add_flag("--keepalived", schema_of_keepalived_, "Instead: keepalived.conf's keywords and what becomes of each");
  }

  void listings() {
    word("status", "The director at a glance", [this] {
      out_.command = status_;
    })->add_flag("--drops", status_.drops, "Every verdict of the data plane and how often it fell");
    word("health", "List servers' health checks: state, since when and why, last latency", [this] {
      out_.command = health_;
    })->add_option("SERVICE", health_.service, "Only of this service");
    word("services", "List services", [this] { out_.command = ServicesCommand{}; });
    word("servers", "List servers", [this] {
      out_.command = servers_;
    })->add_option("SERVICE", servers_.service, "Only of this service");
    auto* connections = word("connections", "List connections", [this] { out_.command = connections_; });
    connections->add_option("--service", connections_.service, "Only to this service: name, or 192.0.2.10:80");
    connections->add_option("--client", connections_.client, "Only from this address or prefix");
    connections->add_option("--server", connections_.server, "Only to this server: address, or address:port");
    connections->add_option("--state", connections_.state, "Only in this state: ESTABLISHED, FIN_WAIT, UDP ...");
    connections->add_option("--limit", connections_.limit, "At most this many");
  }

  void explain() {
    auto* sub = word("explain", "What would become of a packet now, and why", [this] {
      const auto wrong = read_packet(source_, destination_, explain_.request);
      if (!wrong.empty()) throw CLI::ValidationError("explain", wrong);
      out_.command = explain_;
    });
    sub->add_option("SOURCE", source_, "ADDRESS:PORT of the client")->required();
    sub->add_option("DESTINATION", destination_, "ADDRESS:PORT/tcp, /udp or /sctp")->required();
    sub->add_flag("--later", explain_.request.later, "Not the first packet of its connection: TCP without SYN");
    sub->add_option("--mark", explain_.request.mark, "It bears this firewall mark, whatever the mark rules say");
    sub->add_option("--interface", explain_.request.interface, "It comes in by this interface");
    sub->add_option("--length", explain_.request.length, "Bytes of the IP packet (default 60)")
        ->check(CLI::Range(20, 65535));
  }

  void trace() {
    auto* sub = word("trace", "Show what becomes of packets, live, until interrupted", [this] { finish_trace(); });
    sub->add_option("WORD", trace_words_,
                    "Only these packets: an address or prefix, :PORT, a protocol, and verdicts or kinds of them "
                    "(drop, pass, forward, reply; `plenum status --drops` names verdicts)");
    sub->add_option("--source", source_, "Only from this address or prefix");
    sub->add_option("--destination", destination_, "Only to this address or prefix");
    sub->add_option("--interface", trace_.filter.interface, "Only what comes in by this interface");
    sub->add_option("--count", trace_.count, "End after so many packets");
    sub->add_option("--rate", trace_.filter.rate, "Show at most so many a second (default 1000) and count the others")
        ->check(CLI::Range(1, 100000));
    sub->add_option("--pcap", trace_.pcap, "Write the packets' first bytes to a pcapng FILE, - for standard output");
  }

  void top() {
    auto* sub = word("top", "Live services and servers; keys: c p b w n a order, r reverse, s servers, q quit", [this] {
      if (const auto seconds = read_duration(interval_))
        top_.interval = std::chrono::seconds(std::get<std::int64_t>(*seconds));
      out_.command = top_;
    });
    sub->add_flag("--once", top_.once, "One listing, with the averages of the last seconds");
    sub->add_option("--interval", interval_, "Between two listings, like 2s (default 1s)")->check(check_duration);
  }

  void vrrp() {
    auto* sub = app_.add_subcommand("vrrp", "Failover between directors: what plenum-vrrpd does");
    sub->require_subcommand(1);
    const auto add = [this, sub](const std::string& name, const std::string& help, const std::string& op) {
      auto* one = sub->add_subcommand(name, help);
      one->callback([this, op] {
        finish_ = [this, op] {
          vrrp_.request.op = vrrp_.follow ? "watch" : op;
          vrrp_.request.path = absolute(vrrp_.request.path);
          out_.command = vrrp_;
        };
      });
      return one;
    };
    add("status", "Virtual routers and BFD sessions at a glance", "status");
    add("failover", "Have masters give up to whoever comes next; they do not preempt until failback", "failover")
        ->add_option("NAME", vrrp_.request.name, "A router or a group; left out: all");
    add("failback", "Let those that were told to give up preempt again", "failback")
        ->add_option("NAME", vrrp_.request.name, "A router or a group; left out: all");
    add("events", "What happened, oldest first", "events")
        ->add_flag("--follow", vrrp_.follow, "Go on with what happens, until interrupted");
    add("reload", "Carry plenum-vrrpd's file out again", "reload")
        ->add_option("FILE", vrrp_.request.path, "Another one");
    add("diff", "Show what that would do", "diff")->add_option("FILE", vrrp_.request.path, "Another one");
  }

  void finish_trace() {
    const auto refuse = [](const std::string& option, const std::string& wrong) {
      if (!wrong.empty()) throw CLI::ValidationError(option, wrong);
    };
    for (const auto& one : trace_words_) refuse("trace", add_trace_word(trace_.filter, one));
    if (!source_.empty()) refuse("--source", read_prefix(source_, trace_.filter.source));
    if (!destination_.empty()) refuse("--destination", read_prefix(destination_, trace_.filter.destination));
    out_.command = trace_;
  }

  CLI::App* server_word(const std::string& action, const std::string& help) {
    auto* sub = word(action, help, [this, action] {
      request_.action = action;
      if (const auto seconds = read_duration(for_)) {
        request_.seconds = static_cast<std::uint64_t>(std::get<std::int64_t>(*seconds));
      }
      if (action == "weight") request_.weight = weight_;
      out_.command = ServerCommand{request_};
    });
    sub->add_option("SERVICE", request_.service, "Name, or 192.0.2.10:80")->required();
    sub->add_option("SERVER", request_.server, "Name, or 192.0.2.21:80")->required();
    return sub;
  }

  void server_words() {
    auto* drain = server_word("drain", "Give a server no new connections; those it has go on");
    auto* enable = server_word("enable", "End a drain or a forced weight");
    auto* weight = server_word("weight", "Force a server's weight over the file's");
    weight->add_option("WEIGHT", weight_, "0..2147483647")->required()->check(CLI::Range(0, 2147483647));
    for (auto* sub : {drain, enable, weight}) sub->add_option("--reason", request_.reason, "Why, for the record");
    for (auto* sub : {drain, weight}) {
      sub->add_option("--for", for_, "How long it holds, like 10m; left out: for good")
          ->check(check_duration, "DURATION");
    }
  }

  void host(const std::string& name, const std::string& help, bool director) {
    auto* sub = app_.add_subcommand(name, help);
    sub->fallthrough(false);
    sub->set_help_flag();
    sub->prefix_command();
    sub->callback([this, sub, director] {
      finish_ = [this, sub, director] {
        HostCommand command{director, sub->remaining()};
        if (out_.json) command.args.emplace_back("--json");
        out_.command = std::move(command);
      };
    });
  }

  Invocation& out_;
  CLI::App app_{"Plenum: one service out of many machines"};
  std::function<void()> finish_;
  bool strict_ = false, keepalived_ = false, schema_of_keepalived_ = false;
  std::string convert_, output_;
  std::string path_, other_path_, for_;
  StatusCommand status_;
  HealthCommand health_;
  ServersCommand servers_;
  ConnectionsCommand connections_;
  ctl::ServerRequest request_;
  TraceCommand trace_;
  ExplainCommand explain_;
  TopCommand top_;
  VrrpCommand vrrp_;
  std::string interval_ = "1s";
  std::vector<std::string> trace_words_;
  std::string source_, destination_;
  std::int32_t weight_ = 0;
};

// The first word is the command, after options and the directory that follows one.
bool is_check(const std::vector<std::string>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--run-dir") {
      ++i;
    } else if (args[i].empty() || args[i][0] != '-') {
      return args[i] == "check";
    }
  }
  return false;
}

}  // namespace

std::variant<Invocation, int> parse_invocation(const std::vector<std::string>& args, std::ostream& out,
                                               std::ostream& err) {
  Invocation invocation;
  invocation.run_dir = ctl::default_run_dir();
  Grammar grammar(invocation);
  try {
    // CLI11 takes them last first.
    grammar.app().parse(std::vector<std::string>(args.rbegin(), args.rend()));
    grammar.finish();
  } catch (const CLI::ParseError& error) {
    if (grammar.app().exit(error, out, err) == 0) return kDone;
    return is_check(args) ? kFailed : kUsage;
  }
  return invocation;
}

}  // namespace plenum::cli
