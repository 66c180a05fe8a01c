// BFD: any bytes as packets of a neighbour, at times they choose, into one session. What is read is written
// as it came; what the session sends is a packet, of no more than it may; and its next time is never past.

#include <cstdint>
#include <cstdlib>

#include "bfd/session.h"
#include "net/wire.h"

namespace {

using namespace plenum;

constexpr std::size_t kPacket = 26;

void check_sent(const std::vector<proto::BfdPacket>& packets) {
  if (packets.size() > 2) std::abort();
  for (const auto& packet : packets) {
    const auto read = proto::read_bfd(proto::write_bfd(packet));
    // A neighbour that was forgotten has no discriminator.
    if (std::holds_alternative<proto::BfdFault>(read)) {
      if (std::get<proto::BfdFault>(read) != proto::BfdFault::YourDiscriminator) std::abort();
    } else if (std::get<proto::BfdPacket>(read) != packet) {
      std::abort();
    }
    if (packet.poll && packet.final) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TimePoint now{std::chrono::seconds(100)};
  bfd::Session session({.discriminator = 5}, now, [] { return 0.5; });
  net::WireReader in({data, size});
  while (in.left() >= 2) {
    const Duration wait = std::chrono::milliseconds(in.u8());
    const std::size_t length = in.u8();
    for (const auto end = now + wait;;) {
      const auto due = session.due();
      if (!due || *due > end) break;
      now = std::max(now, *due);
      check_sent(session.advance(now));
      if (const auto next = session.due(); next && *next < now) std::abort();
      // Nothing heard and a time that stands still would be a loop of its own.
      if (const auto next = session.due(); next && *next == *due && *next == now) {
        check_sent(session.advance(now));
        if (const auto third = session.due(); third && *third == now) std::abort();
      }
    }
    now += wait;
    const auto bytes = in.bytes(std::min({length, in.left(), kPacket}));
    const auto read = proto::read_bfd(bytes);
    const auto* packet = std::get_if<proto::BfdPacket>(&read);
    if (packet == nullptr) continue;
    auto plain = *packet;
    plain.authenticated = false;
    if (std::get<proto::BfdPacket>(proto::read_bfd(proto::write_bfd(plain))) != plain) std::abort();
    check_sent(session.receive(*packet, now));
    if (session.state() == proto::BfdState::Up && session.detection_time() == Duration::zero()) std::abort();
  }
  return 0;
}
