#include "cli/plenum/command.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/explain/explain.h"
#include "cli/plenum/interrupt.h"
#include "cli/plenum/listing.h"
#include "cli/top/top.h"
#include "cli/trace/trace.h"
#include "conf/reader.h"
#include "conf/schema.h"
#include "ctl/client.h"
#include "host/commands.h"
#include "lb/reload.h"

namespace plenum::cli {
namespace {

using Json = nlohmann::ordered_json;

// --json prints the control socket's own answer (ctl/messages.h names the keys), without the
// envelope: {"services": [...]}, {"status": {...}}, {"lines": [...]}.
Json json_of(const ctl::Reply& reply) {
  auto json = Json::parse(ctl::encode(Result<ctl::Reply>(reply)), nullptr, false);
  if (json.is_object()) json.erase("ok");
  return json;
}

class Runner {
 public:
  Runner(const World& world, bool json) : world_(world), json_(json) {}

  // Reads the file as the daemon would, then tries it on a table with the file's room: what it
  // does not take is found here and not at the reload. With --json:
  // {"valid": bool, "services": N, "servers": N, "problems": [{"file", "line", "column",
  // "message", "hint", "source"}]}.
  int operator()(const CheckCommand& command) {
    const auto reading = conf::read(command.path);
    if (!reading) return invalid(reading.error());
    const lb::Room room{.servers = reading->director.servers};
    const auto trial = lb::reload(lb::Table(room), {}, reading->services, TimePoint{});
    if (!trial) {
      conf::Diagnostics problems;
      problems.add({std::make_shared<const conf::Source>(command.path, ""), 0, 0}, trial.error().what);
      return invalid(problems);
    }
    const auto services = reading->services.size(), servers = trial->table.server_count();
    if (json_) {
      print({{"valid", true}, {"services", services}, {"servers", servers}, {"problems", Json::array()}});
    } else {
      world_.out << command.path << ": good, " << services << " services with " << servers << " servers\n";
    }
    return kDone;
  }

  int operator()(const SchemaCommand&) {
    world_.out << conf::json_schema();
    return kDone;
  }

  int operator()(const DiffCommand& command) {
    return ask<ctl::DiffReply>(ctl::DiffRequest{command.path},
                               [&](const ctl::DiffReply& reply) { return lines(reply.lines, "nothing would change"); });
  }

  int operator()(const ReloadCommand& command) {
    return ask<ctl::ReloadReply>(ctl::ReloadRequest{command.path},
                                 [&](const ctl::ReloadReply& reply) { return lines(reply.lines, "nothing changed"); });
  }

  // --json: {"status": {...}}, with --drops {"reasons": [...]} beside it.
  int operator()(const StatusCommand& command) {
    auto status = get<ctl::StatusReply>(ctl::StatusRequest{});
    if (!status) return failed(status.error());
    std::optional<ctl::DropsReply> drops;
    if (command.drops) {
      auto reply = get<ctl::DropsReply>(ctl::DropsRequest{});
      if (!reply) return failed(reply.error());
      drops = *std::move(reply);
    }
    if (json_) {
      auto json = json_of(*status);
      if (drops) json.update(json_of(*drops));
      print(json);
      return kDone;
    }
    world_.out << status_text(status->status);
    if (drops) world_.out << "\n" << reasons_text(drops->reasons);
    return kDone;
  }

  int operator()(const ServicesCommand&) {
    return ask<ctl::ListReply>(ctl::ListRequest{},
                               [](const ctl::ListReply& reply) { return services_text(reply.services); });
  }

  int operator()(const ServersCommand& command) {
    auto reply = get<ctl::ListReply>(ctl::ListRequest{});
    if (!reply) return failed(reply.error());
    if (!command.service.empty()) {
      std::erase_if(reply->services, [&](const auto& s) { return !is_called(s.service, command.service); });
      if (reply->services.empty()) return failed("no service " + command.service);
    }
    show(*reply, servers_text(reply->services));
    return kDone;
  }

  int operator()(const ConnectionsCommand& command) {
    auto wanted = filter(command);
    if (!wanted) return failed(wanted.error());
    ctl::ConnectionsReply found;
    ctl::ConnectionsRequest request;
    for (;;) {
      auto page = get<ctl::ConnectionsReply>(request);
      if (!page) return failed(page.error());
      for (auto& connection : page->connections) {
        if ((*wanted)(connection)) found.connections.push_back(std::move(connection));
        if (command.limit != 0 && found.connections.size() == command.limit) break;
      }
      const bool full = command.limit != 0 && found.connections.size() >= command.limit;
      if (full || !page->next || *page->next <= request.cursor) break;
      request.cursor = *page->next;
    }
    show(found, connections_text(found.connections));
    return kDone;
  }

  int operator()(const ServerCommand& command) {
    auto request = command.request;
    request.author = world_.author;
    return ask<ctl::ServerReply>(
        request, [&](const ctl::ServerReply& reply) { return request.service + ": " + server_line(reply.server); });
  }

  int operator()(const ExplainCommand& command) {
    return ask<ctl::ExplainReply>(command.request, [&](const ctl::ExplainReply& reply) {
      return explain_text(command.request, reply.explanation);
    });
  }
  int operator()(const TopCommand& command) { return run_top(command, json_, world_); }
  int operator()(const TraceCommand& command) { return run_trace(command, json_, world_); }

  int operator()(const HostCommand& command) {
    return command.director ? host::director_command(command.args, world_.out, world_.err)
                            : host::realserver_command(command.args, world_.out, world_.err);
  }

 private:
  using Wanted = std::function<bool(const lb::ConnectionStatus&)>;

  template <class Reply>
  Result<Reply> get(const ctl::Request& request) {
    auto reply = world_.call(request);
    if (!reply) return tl::unexpected(std::move(reply).error());
    if (auto* one = std::get_if<Reply>(&*reply)) return std::move(*one);
    return fail(std::errc::protocol_error, "plenum-lbd answered something else");
  }

  template <class Reply, class Text>
  int ask(const ctl::Request& request, Text text) {
    auto reply = get<Reply>(request);
    if (!reply) return failed(reply.error());
    show(*reply, text(*reply));
    return kDone;
  }

  void show(const ctl::Reply& reply, const std::string& text) {
    if (json_) {
      print(json_of(reply));
    } else {
      world_.out << text;
    }
  }

  void print(const Json& json) { world_.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n"; }

  int failed(const Error& error) { return failed(error.what); }
  int failed(const std::string& text) {
    world_.err << "plenum: " << text << (text.empty() || text.back() != '\n' ? "\n" : "");
    return kFailed;
  }

  int invalid(const conf::Diagnostics& problems) {
    if (!json_) {
      world_.err << problems.render();
      return kFailed;
    }
    auto list = Json::array();
    for (const auto& p : problems.list()) {
      list.push_back({{"file", p.file},
                      {"line", p.line},
                      {"column", p.column},
                      {"message", p.message},
                      {"hint", p.hint},
                      {"source", p.source_line}});
    }
    print({{"valid", false}, {"problems", std::move(list)}});
    return kFailed;
  }

  static std::string lines(const std::vector<std::string>& list, const char* none) {
    std::string text;
    for (const auto& line : list) text += line + "\n";
    return text.empty() ? std::string(none) + "\n" : text;
  }

  static bool is_called(const conf::Service& service, const std::string& name) {
    const auto key = service.key.text();
    return service.name == name || key == name || (service.key.fwmark == 0 && key.substr(key.find(' ') + 1) == name);
  }

  // The conditions as one predicate; an error where one cannot be understood.
  Result<Wanted> filter(const ConnectionsCommand& command) {
    std::vector<Wanted> all;
    if (!command.service.empty()) {
      auto list = get<ctl::ListReply>(ctl::ListRequest{});
      if (!list) return tl::unexpected(std::move(list).error());
      std::vector<conf::ServiceKey> keys;
      for (const auto& s : list->services) {
        if (is_called(s.service, command.service)) keys.push_back(s.service.key);
      }
      if (keys.empty()) return fail(std::errc::invalid_argument, "no service " + command.service);
      all.emplace_back([keys](const auto& c) {
        return std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
          return key.protocol == c.protocol && key.address == c.virtual_.address &&
                 (key.port == 0 || key.port == c.virtual_.port);
        });
      });
    }
    if (!command.client.empty()) {
      const auto prefix = net::Prefix::parse(command.client);
      if (!prefix) return fail(std::errc::invalid_argument, "--client: no address or prefix: " + command.client);
      all.emplace_back([prefix](const auto& c) { return prefix->contains(c.client.address); });
    }
    if (!command.server.empty()) {
      const auto endpoint = net::Endpoint::parse(command.server);
      const auto address = net::Address::parse(command.server);
      if (!endpoint && !address) return fail(std::errc::invalid_argument, "--server: no address: " + command.server);
      if (address) {
        all.emplace_back([address](const auto& c) { return c.server.address == *address; });
      } else {
        all.emplace_back([endpoint](const auto& c) { return c.server == *endpoint; });
      }
    }
    if (!command.state.empty()) all.emplace_back([state = command.state](const auto& c) { return c.state == state; });
    return Wanted([all = std::move(all)](const auto& c) {
      return std::all_of(all.begin(), all.end(), [&](const auto& one) { return one(c); });
    });
  }

  const World& world_;
  bool json_;
};

}  // namespace

int run(const Invocation& invocation, const World& world) {
  return std::visit(Runner(world, invocation.json), invocation.command);
}

std::string plenum_author() {
  for (const auto* name : {"SUDO_USER", "USER", "LOGNAME"}) {
    const auto* value = std::getenv(name);
    if (value && *value) return std::string(value) + " via plenum";
  }
  const auto* user = ::getpwuid(::getuid());  // cron and systemd set none of them
  return user ? std::string(user->pw_name) + " via plenum" : "plenum";
}

int plenum_main(const std::vector<std::string>& args) {
  auto parsed = parse_invocation(args, std::cout, std::cerr);
  if (const auto* code = std::get_if<int>(&parsed)) return *code;
  const auto& invocation = std::get<Invocation>(parsed);

  // Connected at the first question: check, schema and the host's commands need no daemon.
  std::optional<ctl::Client> client;
  const auto call = [&](const ctl::Request& request) -> Result<ctl::Reply> {
    if (!client) {
      const auto path = ctl::lbd_socket(invocation.run_dir);
      auto connected = ctl::Client::connect(path);
      if (!connected) {
        auto error = std::move(connected).error();
        error.what += " (is plenum-lbd running?)";
        return tl::unexpected(std::move(error));
      }
      client = *std::move(connected);
    }
    auto reply = client->call(request);
    // A connection that broke is of no more use; the next question may find the daemon again.
    if (!reply && (reply.error().code == std::errc::connection_reset || reply.error().code == std::errc::timed_out))
      client.reset();
    return reply;
  };
  const auto follow = [&](const ctl::Request& request, const std::function<bool(std::string_view)>& take) -> Result<> {
    PLENUM_CHECK(call(request), "start");
    PLENUM_TRY(const auto interrupt, Interrupt::open(), "signals");
    for (;;) {
      PLENUM_TRY(const auto line, client->next_line(interrupt.fd()), "stream");
      if (!line || !take(*line)) return {};
    }
  };
  const int code = run(invocation, World{call, std::cout, std::cerr, plenum_author(), follow});
  std::cout.flush();
  // A listing that could not be written whole must not look like one that was.
  return std::cout.good() || code != kDone ? code : kFailed;
}

}  // namespace plenum::cli
