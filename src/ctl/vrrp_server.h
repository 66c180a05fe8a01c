#pragma once
// The answering side of plenum-vrrpd's control socket: one line of a client, carried out, answered on its
// connection; and the streams of those who watch. Loop thread only.

#include <map>
#include <memory>
#include <string_view>

#include "ctl/vrrp_messages.h"
#include "failover/failover.h"
#include "rt/unix_listener.h"

namespace plenum::ctl {

class VrrpServer {
 public:
  explicit VrrpServer(failover::Failover& failover) : failover_(failover) {}
  VrrpServer(const VrrpServer&) = delete;
  VrrpServer& operator=(const VrrpServer&) = delete;

  void serve(const rt::ConnectionPtr& client, std::string_view line);
  // To those who watch. One who does not read is cut off by the listener's limit.
  void tell(const failover::Happening& happening);

 private:
  std::string answer(const VrrpRequest& request);
  void watch(const rt::ConnectionPtr& client);

  failover::Failover& failover_;
  std::map<const rt::Connection*, std::weak_ptr<rt::Connection>> watchers_;
};

}  // namespace plenum::ctl
