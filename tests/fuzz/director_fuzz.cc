// The director's packet path, compiled for this machine, under a history: frames of any kind,
// answers and errors about what it sent, all of these in fragments, time, sweeps, changes of
// servers and settings, and what other directors tell. What must hold is in
// native/director_checks.cc.
//
// Input: records of one octet what, one octet how, two octets length (little-endian), and as
// many octets of a frame or of arguments.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/fuzz/native/director_world.h"
#include "tests/fuzz/native/marked.h"
#include "tests/fuzz/native/packets.h"
#include "tests/fuzz/records.h"

namespace {

using plenum::native::Bytes;
using plenum::native::DirectorWorld;
using enum plenum::native::What;

struct Record {
  std::uint8_t what = 0, how = 0;
  Bytes bytes;
};

bool next(std::span<const std::uint8_t>& input, Record& record) {
  if (input.size() < 4) return false;
  record.what = input[0] % kWhats;
  record.how = input[1];
  const auto length = std::min<std::size_t>(input[2] | input[3] << 8u, input.size() - 4);
  record.bytes.assign(input.begin() + 4, input.begin() + 4 + static_cast<std::ptrdiff_t>(length));
  input = input.subspan(4 + length);
  return true;
}

std::uint32_t ingress(std::uint8_t how) {
  if ((how & 0x40) != 0) return DirectorWorld::kMarkedPort;
  return (how & 1) != 0 ? DirectorWorld::kEgress : DirectorWorld::kIngress;
}

// The frame is taken for one that came to the director.
void address_to_us(Bytes& frame) {
  if (frame.size() >= 6) std::copy_n(DirectorWorld::kDirectorMac, 6, frame.begin());
}

// The last frame went up the stack and comes back with one of sixteen marks, few of which are services'.
void bring_back(DirectorWorld& world, const Record& record, const Bytes& sent, Bytes& left) {
  std::vector<Bytes> parts{sent};
  if (!record.bytes.empty()) parts = plenum::native::fragments_of(sent, record.how, record.bytes);
  for (const Bytes& part : parts)
    if (const Bytes frame = plenum::native::brought(part, record.how & 15u); !frame.empty())
      left = world.send(frame, DirectorWorld::kMarkedPort).frame;
}

void play(DirectorWorld& world, const Record& record, Bytes& sent, Bytes& left) {
  Bytes frame = record.bytes;
  switch (record.what) {
    case kRaw:
      break;
    case kRepaired:
      address_to_us(frame);
      plenum::native::repair(frame);
      break;
    case kTime:
      return world.pass_ticks(record.how * (record.bytes.empty() ? 1u : 1000u));
    case kChange:
      return world.change_server(record.how, record.bytes.empty() ? 0 : record.bytes[0]);
    case kAge:
      return world.age();
    case kTune:
      return world.tune(record.how | (record.bytes.empty() ? 0u : record.bytes[0]) << 8u |
                        (record.bytes.size() < 2 ? 0u : record.bytes[1]) << 16u);
    case kPieces:
      for (const auto& piece : plenum::native::fragments_of(sent, record.how, record.bytes))
        world.send(piece, DirectorWorld::kIngress);
      return;
    case kReturn:
      return world.send_held();
    case kMarked:
      return bring_back(world, record, sent, left);
    case kTold:
      return world.enter(record.bytes);
    case kAnswer:
      frame = plenum::native::answer_to(left, record.bytes);
      break;
    case kError:
      frame = plenum::native::error_about(left, record.how, record.bytes);
      break;
    case kAgain:
      frame = sent;
      break;
  }
  if (record.what >= kAnswer) address_to_us(frame);
  // No driver hands on less than an Ethernet header, or more than it has room for.
  if (frame.size() < 14 || frame.size() > plenum::native::Machine::kMost) return;
  left = world.send(frame, ingress(record.how)).frame;
  sent = frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static DirectorWorld world;
  world.reset();
  std::span<const std::uint8_t> input(data, size);
  Bytes sent, left;
  Record record;
  for (int i = 0; i < 64 && next(input, record); ++i) play(world, record, sent, left);
  return 0;
}
