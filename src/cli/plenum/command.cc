#include "cli/plenum/command.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/explain/explain.h"
#include "cli/plenum/listing.h"
#include "cli/top/top.h"
#include "cli/trace/trace.h"
#include "conf/keepalived/keyword.h"
#include "conf/keepalived/read.h"
#include "conf/reader.h"
#include "conf/schema.h"
#include "conf/write_yaml.h"
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
  // "message", "hint", "source"}], "warnings": [the same]}.
  int operator()(const CheckCommand& command) {
    if (command.keepalived) return check_as_keepalived(command.path);
    conf::Diagnostics warnings;
    const auto reading = conf::read(command.path, conf::process_environment, conf::real_files(), &warnings);
    if (!reading) return invalid(reading.error());
    const lb::Room room{.servers = reading->director.servers};
    const auto trial = lb::reload(lb::Table(room), {}, reading->services, TimePoint{});
    if (!trial) {
      conf::Diagnostics problems;
      problems.add({std::make_shared<const conf::Source>(command.path, ""), 0, 0}, trial.error().what);
      return invalid(problems);
    }
    if (command.strict && !warnings.empty()) return invalid(warnings);
    const auto services = reading->services.size(), servers = trial->table.server_count();
    const auto routers = reading->vrrp.routers.size();
    if (json_) {
      print({{"valid", true},
             {"services", services},
             {"servers", servers},
             {"routers", routers},
             {"problems", Json::array()},
             {"warnings", list_of(warnings)}});
      return kDone;
    }
    world_.err << warnings.render();
    world_.out << command.path << ": good, " << services << " services with " << servers << " servers";
    if (routers != 0) world_.out << ", " << routers << " virtual routers";
    if (!warnings.empty()) world_.out << "; " << warnings.list().size() << " warnings (--strict makes them errors)";
    world_.out << "\n";
    return kDone;
  }

  // The same configuration in the suite's own language. What it could not say stands on standard error, and in the
  // file's first lines. With --json: {"text": "...", "lost": [...], "warnings": [...]}.
  int operator()(const ConvertCommand& command) {
    conf::Diagnostics warnings;
    const auto reading = conf::read(command.path, conf::process_environment, conf::real_files(), &warnings);
    if (!reading) return invalid(reading.error());
    const auto written = conf::write_yaml(*reading);
    auto text = "# Made of " + command.path + " by `plenum convert`.\n";
    for (const auto& line : written.lost) text += "# Not carried over: " + line + "\n";
    text += written.text;
    // What it means here must be what it meant there.
    if (const auto back = conf::parse(written.text, command.output.empty() ? "converted" : command.output); !back) {
      world_.err << "plenum: " << command.path << " has values that this version's own file cannot have:\n";
      return invalid(back.error());
    }
    if (!command.output.empty()) {
      std::ofstream out(command.output);
      out << text;
      if (!out.flush()) return failed(command.output + ": cannot be written");
    }
    if (json_) {
      print({{"text", text}, {"lost", written.lost}, {"warnings", list_of(warnings)}});
      return kDone;
    }
    world_.err << warnings.render();
    for (const auto& line : written.lost) world_.err << command.path << ": not carried over: " << line << "\n";
    if (command.output.empty()) world_.out << text;
    return kDone;
  }

  int operator()(const SchemaCommand& command) {
    world_.out << (command.keepalived ? conf::keepalived::keywords_text() : conf::json_schema());
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

  // --json: {"status": {...}}, with --drops {"reasons": [...]} beside it, and "failover" where plenum-vrrpd runs, too.
  int operator()(const StatusCommand& command) {
    auto status = get<ctl::StatusReply>(ctl::StatusRequest{});
    if (!status) return failed(status.error());
    std::optional<ctl::DropsReply> drops;
    if (command.drops) {
      auto reply = get<ctl::DropsReply>(ctl::DropsRequest{});
      if (!reply) return failed(reply.error());
      drops = *std::move(reply);
    }
    const auto failover = world_.vrrp_status ? world_.vrrp_status() : std::nullopt;
    if (json_) {
      auto json = json_of(*status);
      if (drops) json.update(json_of(*drops));
      if (failover) json["failover"] = Json::parse(*failover)["status"];
      print(json);
      return kDone;
    }
    world_.out << status_text(status->status);
    if (failover) world_.out << "\n" << vrrp_status_text(*failover);
    if (drops) world_.out << "\n" << reasons_text(drops->reasons);
    return kDone;
  }

  int operator()(const HealthCommand& command) {
    auto reply = get<ctl::HealthReply>(ctl::HealthRequest{});
    if (!reply) return failed(reply.error());
    if (!command.service.empty()) {
      const auto& name = command.service;
      std::erase_if(reply->health, [&](const lb::HealthReport& r) {
        return r.service != name && r.listens_on != name && r.listens_on.substr(r.listens_on.find(' ') + 1) != name;
      });
      if (reply->health.empty()) return failed("no service " + name + " that is checked");
    }
    show(*reply, health_text(reply->health));
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

  int operator()(const VrrpCommand& command) { return world_.vrrp(command, json_); }

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
    print({{"valid", false}, {"problems", list_of(problems)}});
    return kFailed;
  }

  static Json list_of(const conf::Diagnostics& problems) {
    auto list = Json::array();
    for (const auto& p : problems.list()) {
      list.push_back({{"file", p.file},
                      {"line", p.line},
                      {"column", p.column},
                      {"message", p.message},
                      {"hint", p.hint},
                      {"source", p.source_line}});
    }
    return list;
  }

  // keepalived -t's words and exit status, but for a file that is not there: it takes that for an empty one.
  int check_as_keepalived(const std::string& path) {
    auto text = conf::real_files().read(path);
    if (!text) {
      world_.err << "Config files missing '" << path << "': " << text.error().what << "\n";
      return conf::keepalived::exit_class(conf::keepalived::Severity::Fatal);
    }
    const auto read =
        conf::keepalived::read(*std::move(text), path, conf::keepalived::this_host(), &conf::real_files());
    world_.err << conf::keepalived::keepalived_text(read.findings);
    return conf::keepalived::exit_class(read.findings.worst());
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

}  // namespace plenum::cli
