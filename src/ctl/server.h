#pragma once
// The answering side of plenum-lbd's control socket: one line of a client, carried out on the
// director, answered on its connection; and the streams of those who trace. Loop thread only.

#include <cstdint>
#include <map>
#include <string_view>

#include "ctl/messages.h"
#include "lb/director.h"
#include "rt/loop.h"
#include "rt/unix_listener.h"

namespace plenum::ctl {

class Server {
 public:
  // Both outlive the server, as does every connection that serve() was given.
  Server(rt::Loop& loop, lb::Director& director);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void serve(const rt::ConnectionPtr& client, std::string_view line);

 private:
  struct Stream {
    std::weak_ptr<rt::Connection> client;
    std::uint32_t trace = 0;
    lb::TraceCounts told;    // last
    std::uint64_t lost = 0;  // packets not sent since the client was slow to read
  };
  void trace(const rt::ConnectionPtr& client, const TraceRequest& request);
  void tell_counts();
  [[nodiscard]] lb::TraceCounts counts(const Stream& stream) const;

  lb::Director& director_;
  std::map<const rt::Connection*, Stream> streams_;
  rt::Timer second_;
};

}  // namespace plenum::ctl
