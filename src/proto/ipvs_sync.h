#pragma once
// IPVS's synchronisation protocol (Linux 6.1, net/netfilter/ipvs/ip_vs_sync.c): connections as
// values, datagrams of version 1 written, those of version 0 and 1 read. Any bytes may be
// read. Knows the layout; does not know what a receiver does with a connection.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"

namespace plenum::proto {

// IP_VS_CONN_F_* of uapi/linux/ip_vs.h, as far as they travel.
inline constexpr std::uint32_t kSyncForward = 0x0007;    // forwarding method, enum pl_forward
inline constexpr std::uint32_t kSyncSynced = 0x0020;     // known from another director
inline constexpr std::uint32_t kSyncHashed = 0x0040;     // never sent
inline constexpr std::uint32_t kSyncNoOutput = 0x0080;   // answers do not pass the director
inline constexpr std::uint32_t kSyncInactive = 0x0100;   // counts as inactive
inline constexpr std::uint32_t kSyncSequences = 0x0600;  // sequence numbers are shifted
inline constexpr std::uint32_t kSyncNoPort = 0x0800;     // the client's port is not known yet
inline constexpr std::uint32_t kSyncTemplate = 0x1000;   // a persistence template
inline constexpr std::uint32_t kSyncOnePacket = 0x2000;
// IP_VS_CONN_F_BACKUP_MASK: what a receiver takes over.
inline constexpr std::uint32_t kSyncTaken =
    kSyncForward | kSyncNoOutput | kSyncInactive | kSyncSequences | kSyncNoPort | kSyncTemplate;

inline constexpr std::size_t kSyncHeader = 8;
inline constexpr std::size_t kSyncMostConnections = 255;  // of one datagram: the count is a byte
inline constexpr std::size_t kSyncNameMost = 16;          // IP_VS_PENAME_MAXLEN

// struct ip_vs_seq.
struct SyncSequence {
  std::uint32_t first = 0, delta = 0, previous_delta = 0;
  bool operator==(const SyncSequence&) const = default;
};

struct SyncConnection {
  std::uint8_t protocol = 6;  // IPPROTO_*; 0 (IPPROTO_IP) for templates of marked services
  std::uint32_t flags = 0;
  std::uint16_t state = 0;
  std::uint16_t client_port = 0, virtual_port = 0, server_port = 0;
  std::uint32_t fwmark = 0;
  std::uint32_t timeout = 0;              // seconds; 0: the receiver's own for that state
  net::Address client, virtual_, server;  // of one family
  struct Sequences {
    SyncSequence in, out;
    bool operator==(const Sequences&) const = default;
  };
  std::optional<Sequences> sequences;  // there when kSyncSequences is set
  std::string engine, engine_data;     // of a persistence engine: at most 16 and 255 bytes
  bool operator==(const SyncConnection&) const = default;
};

// Bytes of one connection in a datagram, without the padding before the next.
std::size_t sync_size(const SyncConnection& connection);

// Packs connections into datagrams of at most `most` bytes, one after the other.
class SyncWriter {
 public:
  // `most`: bytes of UDP payload; a datagram holds one connection in any case.
  SyncWriter(std::uint8_t syncid, std::size_t most) : syncid_(syncid), most_(most) {}

  // The datagram that was full before this connection, if one was.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> add(const SyncConnection& connection);
  // What is begun; none when nothing is.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> take();
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  std::uint8_t syncid_;
  std::size_t most_;
  std::vector<std::uint8_t> bytes_;
  std::size_t count_ = 0;
};

struct SyncDatagram {
  std::uint8_t syncid = 0;
  std::uint8_t version = 1;
  std::vector<SyncConnection> connections;
  std::uint32_t skipped = 0;  // connections with a mandatory option nobody here knows
  // What ended the reading early; the connections before it hold. Empty: nothing did.
  std::string error;
};
SyncDatagram read_sync(std::span<const std::uint8_t> bytes);

}  // namespace plenum::proto
