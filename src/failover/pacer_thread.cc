#include "failover/pacer_thread.h"

#include <poll.h>

#include "rt/chores.h"
#include "rt/realtime.h"

namespace plenum::failover {

namespace {

constexpr Duration kLate = std::chrono::milliseconds(5);
// A thread that was away so long, or for half of the shortest interval that it watches, looks once more for what came
// meanwhile, before it holds anybody for dead; and the time it was away is nobody's silence.
constexpr Duration kAway = std::chrono::milliseconds(10);
// Packets of a socket, and orders, between two looks at the clock.
constexpr int kBurst = 64, kOrders = 16;
constexpr std::size_t kPorts = 512;

timespec span_of(Duration d) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(d);
  return {.tv_sec = whole.count(), .tv_nsec = static_cast<long>((d - whole).count())};
}

// False: there is no more.
template <class Socket, class Take>
bool drain(Socket& socket, std::span<std::uint8_t> buffer, Take take) {
  for (int i = 0; i < kBurst; ++i) {
    const auto heard = socket.receive(buffer);
    if (!heard) return false;
    take(*heard);
  }
  return true;
}

}  // namespace

PacerThread::PacerThread(HostCounts& counts, rt::Bell bell, const rt::Bell& main, const rt::Bell& hands)
    : counts_(counts), main_(main), hands_(hands), orders_(std::move(bell), main), pacer_(*this, counts) {
  ports_.reserve(kPorts);
  bfd_ports_.reserve(kPorts);
}

Result<std::unique_ptr<PacerThread>> PacerThread::start(int priority, HostCounts& counts, const rt::Bell& main,
                                                        const rt::Bell& hands) {
  PLENUM_TRY(auto bell, rt::Bell::make(), "pacer");
  std::unique_ptr<PacerThread> out(new PacerThread(counts, std::move(bell), main, hands));
  PLENUM_TRY(out->thread_, rt::Thread::start("pacer", [raw = out.get(), priority] { raw->run(priority); }), "pacer");
  return out;
}

void PacerThread::halt() {
  ends_.store(true, std::memory_order_release);
  orders_.bell().ring();
  thread_.join();
}

void PacerThread::run(int priority) {
  if (priority > 0)
    if (const auto done = rt::run_in_real_time(priority); !done) complaint_ = done.error().what;
  rt::keep_off_chores_cpu();
  rt::touch_memory();
  std::vector<pollfd> waits;
  waits.reserve(2 * kPorts + 1);
  auto woke = now();
  own_ = rt::OwnTime();
  while (!ends_.load(std::memory_order_acquire)) {
    waits.clear();
    waits.push_back({orders_.bell().fd(), POLLIN, 0});
    for (const auto* port : ports_) waits.push_back({port->socket.fd(), POLLIN, 0});
    for (const auto* port : bfd_ports_) waits.push_back({port->receiver.fd(), POLLIN, 0});
    const auto before = now();
    const auto due = pacer_.due(before);
    const auto away = std::min(kAway, pacer_.least_interval() / 2);
    const auto left = due ? span_of(std::max(*due - before, Duration::zero())) : timespec{};
    // What is late already, as far as that was its own doing.
    const auto at_work = due && before > *due ? std::min(before - *due, own_.of(before - woke)) : Duration::zero();
    ::ppoll(waits.data(), waits.size(), due ? &left : nullptr, nullptr);
    // One time for all of this round: should the thread be kept waiting from here on, what falls due meanwhile is late
    // in the next round, which then reads before it believes it, and knows that it was away.
    woke = now();
    own_ = rt::OwnTime();
    const auto late = due ? woke - *due : Duration::zero();
    if (late > kLate) counts_.add(HostCount::LateWakes);
    if (late > away) pacer_.was_away(late, at_work, woke);
    if (waits.front().revents != 0) orders_.bell().hush();
    // What lies in the sockets came before whatever is due now.
    if (late > away)
      read_what_comes_late(std::span(waits).subspan(1), away);  // without the bell
    else
      (void)read();
    orders_.carry_out(*this, kOrders);
    pacer_.advance(woke);
  }
}

// All sockets, whatever poll() said of them: an error that waits there is taken off by this, too.
bool PacerThread::read() {
  bool more = false;
  for (auto* port : ports_)
    more |= drain(port->socket, buffer_, [&](const rt::Datagram& heard) {
      pacer_.heard_advert(*port, heard.payload, heard.source, heard.destination, heard.ttl, now());
    });
  for (auto* port : bfd_ports_)
    more |= drain(port->receiver, buffer_, [&](const rt::Datagram& heard) {
      pacer_.heard_bfd(port->ifindex, heard.payload, heard.source, heard.ttl, now());
    });
  return more;
}

// The kernel, too, only now gets to the packets that came while the machine stood still: they reach the sockets one by
// one, and the first of somebody's is not yet the one that is waited for.
void PacerThread::read_what_comes_late(std::span<pollfd> sockets, Duration away) {
  const auto from = now();
  const auto second_look = away / 5, longest_look = away / 2;
  for (;;) {
    const bool more = read();
    const auto spent = now() - from;
    // What always has more is a flood. (Less than `away`, or this itself would be taken for standing still.)
    if (spent >= (more ? longest_look : second_look)) return;
    if (more) continue;
    const auto left = span_of(second_look - spent);
    own_.aside([&] { ::ppoll(sockets.data(), sockets.size(), &left, nullptr); });
  }
}

int PacerThread::send_advert(Port& port, std::span<const std::uint8_t> payload, const net::Address& source,
                             const net::Address& destination, std::uint8_t ttl) {
  return static_cast<SocketPort&>(port).socket.send(payload, source, destination, ttl);
}

int PacerThread::send_bfd(PacedSession& session, std::span<const std::uint8_t> payload) {
  return static_cast<SocketSession&>(session).sender->send(payload);
}

bool PacerThread::tell(const Event& event) {
  const bool told = events_.push(event);
  main_.ring();
  return told;
}

}  // namespace plenum::failover
