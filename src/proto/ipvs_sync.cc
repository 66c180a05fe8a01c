#include "proto/ipvs_sync.h"

#include <algorithm>
#include <utility>

#include "net/wire.h"

namespace plenum::proto {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeader0 = 4, kConnection0 = 24, kSequencesSize = 24;
constexpr std::size_t kConnection4 = 36, kConnection6 = 72;

// Bits of a connection's type.
constexpr std::uint8_t kTypeV6 = 1;

// Options; one whose type has kOptional set may be skipped by who does not know it.
constexpr std::uint8_t kSequenceOption = 1, kEngineDataOption = 2, kEngineNameOption = 3, kOptional = 0x40;

// The version and the length of a connection share a word.
constexpr std::uint16_t kLength = 0x0fff;
constexpr int kVersionShift = 12;

std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

SyncSequence read_sequence(net::WireReader& in) {
  SyncSequence out;
  out.first = in.u32();
  out.delta = in.u32();
  out.previous_delta = in.u32();
  return out;
}

void write_sequence(net::WireWriter& out, const SyncSequence& sequence) {
  out.u32(sequence.first);
  out.u32(sequence.delta);
  out.u32(sequence.previous_delta);
}

void write_connection(net::WireWriter& out, const SyncConnection& c) {
  out.u8(c.client.is_v4() ? 0 : kTypeV6);
  out.u8(c.protocol);
  out.u16(static_cast<std::uint16_t>(sync_size(c)));
  out.u32(c.flags);
  out.u16(c.state);
  out.u16(c.client_port);
  out.u16(c.virtual_port);
  out.u16(c.server_port);
  out.u32(c.fwmark);
  out.u32(c.timeout);
  out.address(c.client);
  out.address(c.virtual_);
  out.address(c.server);
  if (c.sequences) {
    out.u8(kSequenceOption);
    out.u8(kSequencesSize);
    write_sequence(out, c.sequences->in);
    write_sequence(out, c.sequences->out);
  }
  if (c.engine_data.empty()) return;
  out.u8(kEngineDataOption);
  out.u8(static_cast<std::uint8_t>(c.engine_data.size()));
  out.text(c.engine_data);
  if (c.engine.empty()) return;
  out.u8(kEngineNameOption);
  out.u8(static_cast<std::uint8_t>(c.engine.size()));
  out.text(c.engine);
}

enum class Read { Taken, Skipped, Broken };

// The options behind a connection; `seen` has a bit for each that may stand once only.
Read read_options(net::WireReader in, SyncConnection& c) {
  bool data = false, name = false;
  while (in.left() > 0) {
    const auto type = in.u8();
    const auto length = in.u8();
    const auto value = in.bytes(length);
    if (in.ran_short() || length == 0) return Read::Broken;
    switch (type & ~kOptional) {
      case kSequenceOption: {
        if (length != kSequencesSize || c.sequences) return Read::Broken;
        net::WireReader sequences(value);
        c.sequences.emplace();
        c.sequences->in = read_sequence(sequences);
        c.sequences->out = read_sequence(sequences);
        break;
      }
      case kEngineDataOption:
        if (std::exchange(data, true)) return Read::Broken;
        c.engine_data = text_of(value);
        break;
      case kEngineNameOption:
        if (length > kSyncNameMost || std::exchange(name, true)) return Read::Broken;
        c.engine = text_of(value);
        break;
      default:
        if ((type & kOptional) == 0) return Read::Skipped;
    }
  }
  // Data of no engine is nobody's.
  return data && !name ? Read::Skipped : Read::Taken;
}

// `bytes`: one connection, options included.
Read read_connection(std::span<const std::uint8_t> bytes, SyncConnection& c) {
  net::WireReader in(bytes);
  const auto type = in.u8();
  if ((type & kTypeV6) == 0 && type != 0) return Read::Broken;
  const auto family = (type & kTypeV6) != 0 ? net::Family::V6 : net::Family::V4;
  c.protocol = in.u8();
  (void)in.u16();
  c.flags = in.u32() & kSyncTaken;
  c.state = in.u16();
  c.client_port = in.u16();
  c.virtual_port = in.u16();
  c.server_port = in.u16();
  c.fwmark = in.u32();
  c.timeout = in.u32();
  c.client = in.address(family);
  c.virtual_ = in.address(family);
  c.server = in.address(family);
  if (in.ran_short()) return Read::Broken;
  return read_options(in, c);
}

void read_version1(std::span<const std::uint8_t> bytes, std::size_t count, SyncDatagram& out) {
  auto rest = bytes.subspan(kSyncHeader);
  for (std::size_t i = 0; i < count; ++i) {
    if (rest.size() < kConnection4) {
      out.error = "fewer connections than announced";
      return;
    }
    net::WireReader head(rest.subspan(2));
    const auto word = head.u16();
    const std::size_t length = word & kLength;
    if (length > rest.size() || word >> kVersionShift != 0) {
      out.error = length > rest.size() ? "a connection longer than its datagram" : "a connection of another version";
      return;
    }
    SyncConnection connection;
    switch (read_connection(rest.first(length), connection)) {
      case Read::Taken:
        out.connections.push_back(std::move(connection));
        break;
      case Read::Skipped:
        ++out.skipped;
        break;
      case Read::Broken:
        out.error = "a connection that cannot be read";
        return;
    }
    rest = rest.subspan(std::min(rest.size(), length + padding(length)));
  }
}

// Sequence numbers of version 0 stand in the sender's own byte order: not to be relied on.
void read_version0(std::span<const std::uint8_t> bytes, std::size_t count, SyncDatagram& out) {
  net::WireReader in(bytes.subspan(kHeader0));
  for (std::size_t i = 0; i < count; ++i) {
    net::WireReader one(in.bytes(kConnection0));
    SyncConnection c;
    (void)one.u8();
    c.protocol = one.u8();
    c.client_port = one.u16();
    c.virtual_port = one.u16();
    c.server_port = one.u16();
    c.client = one.address(net::Family::V4);
    c.virtual_ = one.address(net::Family::V4);
    c.server = one.address(net::Family::V4);
    const auto flags = one.u16();
    c.state = one.u16();
    if ((flags & kSyncSequences) != 0) (void)in.bytes(kSequencesSize);
    if (in.ran_short()) {
      out.error = "fewer connections than announced";
      return;
    }
    c.flags = flags & kSyncTaken & ~kSyncSequences;
    out.connections.push_back(std::move(c));
  }
}

}  // namespace

std::size_t sync_size(const SyncConnection& c) {
  std::size_t size = c.client.is_v4() ? kConnection4 : kConnection6;
  if (c.sequences) size += 2 + kSequencesSize;
  if (c.engine_data.empty()) return size;
  size += 2 + c.engine_data.size();
  return c.engine.empty() ? size : size + 2 + c.engine.size();
}

std::optional<std::vector<std::uint8_t>> SyncWriter::add(const SyncConnection& connection) {
  std::optional<std::vector<std::uint8_t>> full;
  const auto pad = padding(bytes_.size());
  if (count_ == kSyncMostConnections || (count_ != 0 && bytes_.size() + pad + sync_size(connection) > most_))
    full = take();
  net::WireWriter out(bytes_);
  if (count_ == 0) {
    out.u8(0);
    out.u8(syncid_);
    out.u32(0);  // size and number: in take()
    bytes_[5] = kVersion;
    out.u16(0);
  } else {
    bytes_.resize(bytes_.size() + pad);
  }
  write_connection(out, connection);
  ++count_;
  return full;
}

std::optional<std::vector<std::uint8_t>> SyncWriter::take() {
  if (count_ == 0) return std::nullopt;
  bytes_[2] = static_cast<std::uint8_t>(bytes_.size() >> 8);
  bytes_[3] = static_cast<std::uint8_t>(bytes_.size());
  bytes_[4] = static_cast<std::uint8_t>(count_);
  count_ = 0;
  return std::exchange(bytes_, {});
}

SyncDatagram read_sync(std::span<const std::uint8_t> bytes) {
  SyncDatagram out;
  net::WireReader in(bytes);
  const auto first = in.u8();
  out.syncid = in.u8();
  const auto size = in.u16();
  if (in.ran_short() || size != bytes.size()) {
    out.error = "a size that is not the datagram's";
    return out;
  }
  const auto count = in.u8();
  const auto version = in.u8();
  const auto spare = in.u16();
  if (!in.ran_short() && first == 0 && version == kVersion && spare == 0) {
    read_version1(bytes, count, out);
  } else {
    out.version = 0;
    read_version0(bytes, first, out);
  }
  return out;
}

}  // namespace plenum::proto
