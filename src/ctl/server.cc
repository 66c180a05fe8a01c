#include "ctl/server.h"

#include <utility>

#include "ctl/dispatch.h"

namespace plenum::ctl {

Server::Server(rt::Loop& loop, lb::Director& director)
    : director_(director), second_(loop.every(std::chrono::seconds(1), [this] { tell_counts(); })) {}

void Server::serve(const rt::ConnectionPtr& client, std::string_view line) {
  auto request = decode_request(line);
  if (!request) {
    client->send(encode(Result<Reply>(tl::unexpected(std::move(request).error()))) + "\n");
  } else if (const auto* wanted = std::get_if<TraceRequest>(&*request)) {
    trace(client, *wanted);
  } else {
    client->send(encode(dispatch(director_, *request)) + "\n");
  }
}

// The client's connection is not kept open by its stream: it ends when the client closes.
void Server::trace(const rt::ConnectionPtr& client, const TraceRequest& request) {
  const auto* key = client.get();
  const auto refuse = [&](Error error) {
    client->send(encode(Result<Reply>(tl::unexpected(std::move(error)))) + "\n");
  };
  if (streams_.contains(key))
    return refuse({std::make_error_code(std::errc::device_or_resource_busy), "this connection traces already"});
  const auto started = director_.tracer().start(request.filter, [this, key](const lb::TraceEvent& event) {
    const auto at = streams_.find(key);
    const auto open = at != streams_.end() ? at->second.client.lock() : nullptr;
    if (!open) return;
    // The daemon never waits for whoever reads: what does not fit is counted.
    if (open->paused())
      ++at->second.lost;
    else
      open->send(encode(TraceLine{event, {}}) + "\n");
  });
  if (!started) return refuse(started.error());
  streams_[key] = {client, *started, {}, 0};
  client->on_closed([this, key] {
    const auto at = streams_.find(key);
    if (at == streams_.end()) return;
    director_.tracer().stop(at->second.trace);
    streams_.erase(at);
  });
  client->send(encode(Result<Reply>(TraceReply{})) + "\n" + encode(TraceLine{{}, lb::TraceCounts{}}) + "\n");
}

lb::TraceCounts Server::counts(const Stream& stream) const {
  auto now = director_.tracer().counts(stream.trace);
  now.lost += stream.lost;
  return now;
}

void Server::tell_counts() {
  for (auto& [key, stream] : streams_) {
    const auto now = counts(stream);
    const auto open = stream.client.lock();
    if (now == stream.told || !open || open->paused()) continue;
    stream.told = now;
    // A send that fails closes later, from the loop: streams_ stays as it is here.
    open->send(encode(TraceLine{{}, now}) + "\n");
  }
}

}  // namespace plenum::ctl
