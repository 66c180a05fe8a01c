#include "tests/fuzz/native/marked.h"

#include <algorithm>
#include <cstring>

namespace plenum::native {

namespace {

constexpr MacBytes kBrought = {0x02, 0x50, 0x4c, 0, 0, 1};
constexpr std::size_t kMark = 8, kType = 12, kIp = 14, kHeaderV4 = 20, kHeaderV6 = 40;
constexpr unsigned kReserved = 0x8000, kDf = 0x4000;

void set16(Bytes& frame, std::size_t at, unsigned value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

// Another word in an IPv4 header, the sum of which stays what it is.
void change(Bytes& frame, std::size_t at, unsigned value) {
  constexpr unsigned kOnes = 0xffff;
  const unsigned check = packet::get16(frame, kIp + 10), was = packet::get16(frame, at);
  set16(frame, at, value);
  set16(frame, kIp + 10, (check + was + kOnes - value) % kOnes);
}

void change_hops(Bytes& frame, int by) {
  const std::size_t at = frame[kIp] >> 4 == 4 ? kIp + 8 : kIp + 7;
  const auto hops = static_cast<std::uint8_t>(frame[at] + by);
  if (at == kIp + 8)
    change(frame, at, static_cast<unsigned>(hops << 8 | frame[at + 1]));
  else
    frame[at] = hops;
}

}  // namespace

Bytes brought(const Bytes& frame, std::uint32_t mark) {
  const auto offset = ip_offset(frame);
  const auto p = offset ? parse(View(frame).subspan(*offset)) : std::nullopt;
  if (!p) return {};
  Bytes out;
  packet::append(out, kBrought);
  packet::append(out, Bytes{0x02, 0x50, 0, 0, 0, 0});
  std::memcpy(&out[kMark], &mark, sizeof mark);
  packet::put16(out, p->version == 4 ? 0x0800 : 0x86dd);
  packet::append(out, p->packet);
  change_hops(out, -1);
  if (p->version == 6) return out;
  if (const unsigned field = packet::get16(out, kIp + 6); (field & kDf) != 0)
    change(out, kIp + 6, (field & ~kDf) | kReserved);
  return out;
}

bool is_brought(View frame) { return std::equal(kBrought.begin(), kBrought.end(), frame.begin()); }

std::uint32_t mark_in(View frame) {
  std::uint32_t mark = 0;
  std::memcpy(&mark, &frame[kMark], sizeof mark);
  return mark;
}

Bytes as_it_came(Bytes frame, const MacBytes& port) {
  std::copy(port.begin(), port.end(), frame.begin());
  const unsigned type = packet::get16(frame, kType);
  if (type == 0x86dd && frame.size() >= kIp + kHeaderV6) ++frame[kIp + 7];
  if (type != 0x0800 || frame.size() < kIp + kHeaderV4) return frame;
  change(frame, kIp + 8, (packet::get16(frame, kIp + 8) + 0x0100) & 0xffff);
  if (const unsigned field = packet::get16(frame, kIp + 6); (field & kReserved) != 0)
    change(frame, kIp + 6, (field & ~kReserved) | kDf);
  return frame;
}

}  // namespace plenum::native
