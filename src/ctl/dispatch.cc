#include "ctl/dispatch.h"

#include <utility>

namespace plenum::ctl {

namespace {

// Wraps a value of the director into the reply that carries it, errors passing through.
template <class T, class Wrap>
Result<Reply> wrapped(Result<T> value, Wrap wrap) {
  if (!value) return tl::unexpected(std::move(value).error());
  return Reply{wrap(*std::move(value))};
}

struct Carry {
  lb::Director& director;

  Result<Reply> each(const ChangeRequest& r) const {
    if (!r.reasons.empty() && r.reasons.size() != r.steps.size())
      return fail(std::errc::invalid_argument, "reasons: as many as steps, or none");
    ChangeReply reply;
    for (auto& [step, error] : director.change_each(r.steps, r.author, r.reasons))
      reply.failures.push_back({static_cast<std::uint32_t>(step), errno_of(error.code), std::move(error.what)});
    return Reply{std::move(reply)};
  }

  Result<Reply> operator()(const ChangeRequest& r) const {
    if (r.each) return each(r);
    if (auto done = director.change(r.steps, r.author, r.reason); !done) return tl::unexpected(std::move(done).error());
    return Reply{ChangeReply{}};
  }
  Result<Reply> operator()(const ListRequest& r) const {
    return wrapped(director.list(r.service), [this](std::vector<lb::ServiceStatus> services) {
      return ListReply{std::move(services), director.table_size()};
    });
  }
  Result<Reply> operator()(const ConnectionsRequest& r) const {
    auto page = director.connections(r.cursor, r.limit);
    return Reply{ConnectionsReply{std::move(page.connections), page.next}};
  }
  Result<Reply> operator()(const ServerRequest& r) const {
    return wrapped(director.act({r.service, r.server, r.action, r.weight, r.author, r.reason, r.seconds}),
                   [](lb::ServerStatus server) { return ServerReply{std::move(server)}; });
  }
  Result<Reply> operator()(const StatusRequest&) const { return Reply{StatusReply{director.status()}}; }
  Result<Reply> operator()(const HealthRequest&) const { return Reply{HealthReply{director.health_report()}}; }
  Result<Reply> operator()(const DropsRequest&) const { return Reply{DropsReply{director.reasons()}}; }
  Result<Reply> operator()(const DiffRequest& r) const {
    return wrapped(director.diff(r.path), [](std::vector<std::string> lines) { return DiffReply{std::move(lines)}; });
  }
  Result<Reply> operator()(const ReloadRequest& r) const {
    return wrapped(director.reload(r.path),
                   [](std::vector<std::string> lines) { return ReloadReply{std::move(lines)}; });
  }
  Result<Reply> operator()(const ExplainRequest& r) const {
    return wrapped(director.explain(
                       {r.source, r.destination, static_cast<std::uint8_t>(r.protocol), !r.later, r.mark, 0, r.length},
                       r.interface),
                   [](lb::Explanation explanation) { return ExplainReply{std::move(explanation)}; });
  }
  // A stream needs a connection: ctl/server.h.
  Result<Reply> operator()(const TraceRequest&) const {
    return fail(std::errc::operation_not_supported, "packets are traced over a connection of their own");
  }
  Result<Reply> operator()(const SyncRequest& r) const {
    const auto role = r.role == "backup" ? lb::SyncRole::Backup : lb::SyncRole::Master;
    if (r.action != "list" && r.role != lb::name_of(role))
      return fail(std::errc::invalid_argument, "role must be master or backup");
    Result<> done;
    if (r.action == "start")
      done = director.start_sync(role, r.daemon);
    else if (r.action == "stop")
      done = director.stop_sync(role);
    else if (r.action != "list")
      return fail(std::errc::invalid_argument, "a sync daemon can be listed, started or stopped");
    if (!done) return tl::unexpected(std::move(done).error());
    return Reply{SyncReply{director.sync_status()}};
  }
  Result<Reply> operator()(const TimeoutsRequest& r) const {
    const auto now = director.timeouts(r.tcp, r.tcp_fin, r.udp);
    return Reply{TimeoutsReply{now.tcp, now.tcp_fin, now.udp}};
  }
};

}  // namespace

Result<Reply> dispatch(lb::Director& director, const Request& request) { return std::visit(Carry{director}, request); }

}  // namespace plenum::ctl
