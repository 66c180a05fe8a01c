#pragma once
// The thread that sends and times: the sockets of VRRP and BFD, the clock, and a Pacer between them. It
// shares no lock with anybody, writes no file and asks the kernel for nothing that may wait; main speaks to
// it by orders, and hears of it by events. Real-time where the host allows it.

#include <poll.h>

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bfd/socket.h"
#include "failover/orders.h"
#include "failover/pacer.h"
#include "rt/own_time.h"
#include "rt/thread.h"
#include "vrrp/socket.h"

namespace plenum::failover {

// Ports and sessions with their sockets, which main opens and closes.
struct SocketPort : Port {
  SocketPort(vrrp::Socket its_socket, const net::Address& its_group) : socket(std::move(its_socket)) {
    ifindex = socket.ifindex();
    family = socket.family();
    group = its_group;
  }
  vrrp::Socket socket;
};
struct BfdPort {
  std::uint32_t ifindex = 0;
  bfd::Receiver receiver;
};
struct SocketSession : PacedSession {
  using PacedSession::PacedSession;
  std::string interface;  // its present name; main's
  std::unique_ptr<bfd::Sender> sender;
};

class PacerThread final : public Wire {
 public:
  // `main` is rung when there are events or orders came back, `hands` when something is wanted of the boards.
  // Priority 0: not real-time.
  static Result<std::unique_ptr<PacerThread>> start(int priority, HostCounts& counts, const rt::Bell& main,
                                                    const rt::Bell& hands);
  PacerThread(const PacerThread&) = delete;
  PacerThread& operator=(const PacerThread&) = delete;
  ~PacerThread() override { halt(); }

  // Ends the thread; what it was given stays as it is.
  void halt();

  // Main's.
  Orders<PacerThread>& orders() { return orders_; }
  std::optional<Event> next_event() { return events_.pop(); }
  // Why it is not real-time; empty: it is, or was not to be. Known once the first order came back.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

  // For orders, in the thread.
  Pacer& pacer() { return pacer_; }
  static TimePoint now() { return std::chrono::steady_clock::now(); }
  void listen(SocketPort& port) { ports_.push_back(&port); }
  void ignore(SocketPort& port) { std::erase(ports_, &port); }
  void listen(BfdPort& port) { bfd_ports_.push_back(&port); }
  void ignore(BfdPort& port) { std::erase(bfd_ports_, &port); }

 private:
  PacerThread(HostCounts& counts, rt::Bell bell, const rt::Bell& main, const rt::Bell& hands);
  void run(int priority);
  // False: no socket has more.
  bool read();
  void read_what_comes_late(std::span<pollfd> sockets, Duration away);
  int send_advert(Port& port, std::span<const std::uint8_t> payload, const net::Address& source,
                  const net::Address& destination, std::uint8_t ttl) override;
  int send_bfd(PacedSession& session, std::span<const std::uint8_t> payload) override;
  bool tell(const Event& event) override;
  void wake_hands() override { hands_.ring(); }

  HostCounts& counts_;
  const rt::Bell& main_;
  const rt::Bell& hands_;
  Orders<PacerThread> orders_;
  rt::Ring<Event> events_{4096};
  Pacer pacer_;
  std::vector<SocketPort*> ports_;
  std::vector<BfdPort*> bfd_ports_;
  std::array<std::uint8_t, 9216> buffer_{};
  rt::OwnTime own_;  // of this round
  std::string complaint_;
  std::atomic<bool> ends_{false};
  rt::Thread thread_;
};

}  // namespace plenum::failover
