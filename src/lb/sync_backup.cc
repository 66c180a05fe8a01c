#include "lb/sync_backup.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "lb/abi_values.h"
#include "lb/timeouts.h"
#include "rt/datagram.h"
#include "rt/sync_socket.h"

namespace plenum::lb {

namespace {

// Datagrams read before the loop goes on with other things.
constexpr int kDatagrams = 256;

// What a tick can tell at the longest, and what IPVS gives a template that comes without a time.
constexpr std::uint32_t kMostSeconds = 30u * 86400, kTemplateSeconds = 180;

bool is_known(const proto::SyncConnection& c) {
  const bool is_template = (c.flags & proto::kSyncTemplate) != 0;
  switch (static_cast<conf::Protocol>(c.protocol)) {
    case conf::Protocol::Tcp:
      return is_template || c.state < PL_TCP_STATES;
    case conf::Protocol::Sctp:
      return is_template || c.state < PL_SCTP_STATES;
    case conf::Protocol::Udp:
      return is_template || c.state == PL_UDP_NORMAL;
    case conf::Protocol::Ip:
      return is_template && c.fwmark != 0;
  }
  return false;
}

bool is_server(const net::Address& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
}

}  // namespace

SyncBackup::SyncBackup(const Clock& clock, XdpProgram& program, DataPlane& data_plane, conf::SyncDaemon daemon,
                       SyncTuning tuning, std::function<void()> held)
    : clock_(clock),
      settings_(program.settings[0]),
      data_plane_(data_plane),
      daemon_(std::move(daemon)),
      tuning_(tuning),
      held_(std::move(held)),
      buffer_(65536) {}

Result<std::unique_ptr<SyncBackup>> SyncBackup::open(rt::Loop& loop, const Clock& clock, XdpProgram& program,
                                                     DataPlane& data_plane, const conf::SyncDaemon& daemon,
                                                     const SyncTuning& tuning, std::function<void()> held) {
  std::unique_ptr<SyncBackup> out(new SyncBackup(clock, program, data_plane, daemon, tuning, std::move(held)));
  PLENUM_TRY(out->program_, SyncProgram::open(program), "backup");
  auto at = daemon.group;
  if (!daemon.peers.empty()) at = daemon.peers.front().is_v4() ? net::Address() : *net::Address::parse("::");
  for (std::uint32_t lane = 0; lane < std::max(tuning.ports, 1u); ++lane) {
    const auto port = static_cast<std::uint16_t>(daemon.port + lane);
    PLENUM_TRY(auto socket, rt::open_sync_receiver({daemon.interface, {at, port}, daemon.ttl, tuning.socket_size}),
               "backup");
    out->lanes_.push_back({std::move(socket), {}});
  }
  for (auto& lane : out->lanes_) {
    PLENUM_TRY(lane.watch,
               loop.on_readable(lane.socket.get(), [backup = out.get(), &lane] { backup->read(lane.socket); }),
               "backup");
  }
  return out;
}

bool SyncBackup::is_peer(const net::Address& address) const {
  return daemon_.peers.empty() || std::find(daemon_.peers.begin(), daemon_.peers.end(), address) != daemon_.peers.end();
}

void SyncBackup::read(const Fd& socket) {
  for (int n = 0; n < kDatagrams; ++n) {
    const auto heard = rt::receive_datagram(socket.get(), buffer_);
    if (!heard) break;
    ++heard_.datagrams;
    if (is_peer(heard->source))
      take(heard->payload);
    else
      ++heard_.foreign;
  }
  enter();
  if (data_plane_.take_held()) held_();
}

void SyncBackup::take(std::span<const std::uint8_t> bytes) {
  const auto datagram = proto::read_sync(bytes);
  if (!datagram.error.empty()) ++heard_.damaged;
  if (daemon_.syncid != 0 && datagram.syncid != daemon_.syncid) {
    ++heard_.foreign;
    return;
  }
  heard_.refused += datagram.skipped;
  for (const auto& connection : datagram.connections) take(connection);
}

void SyncBackup::take(const proto::SyncConnection& c) {
  ++heard_.connections;
  const auto forward = c.flags & proto::kSyncForward;
  const bool is_template = (c.flags & proto::kSyncTemplate) != 0;
  const bool is_call = is_template && !c.engine_data.empty();
  // What needs sequence numbers shifted is not taken over.
  if ((c.flags & (proto::kSyncNoPort | proto::kSyncSequences)) != 0 || (is_call && c.engine != kSipEngine) ||
      !is_known(c) || forward > PL_FWD_ROUTE || !is_server(c.server)) {
    ++heard_.refused;
    return;
  }
  const auto server = data_plane_.bind(c, clock_.now());
  if (!server) {
    ++heard_.no_room;
    return;
  }
  pl_sync_record record{};
  record.client = abi_address(c.client);
  record.vip = abi_address(c.virtual_);
  record.client_port = htons(c.client_port);
  record.vport = htons(c.virtual_port);
  record.proto = c.protocol;
  record.family = abi_family(c.client.family());
  record.server = *server;
  if (is_template) {
    record.flags = is_call ? PL_SYNC_TEMPLATE | PL_SYNC_CALL_ID : PL_SYNC_TEMPLATE;
    record.state = c.state & PL_TEMPLATE_ASSURED;
    record.timeout = ticks_of(c.timeout != 0 ? std::min(c.timeout, kMostSeconds) : kTemplateSeconds);
  } else {
    record.flags = (c.flags & proto::kSyncInactive) == 0 ? PL_SYNC_ACTIVE : 0;
    record.state = static_cast<std::uint8_t>(c.state);
    record.timeout =
        c.timeout != 0 ? ticks_of(std::min(c.timeout, kMostSeconds)) : timeout_of(settings_, c.protocol, c.state);
  }
  record.packets = tuning_.threshold;
  batch_.push_back(record);
  calls_.push_back(is_call ? c.engine_data : std::string());
  if (batch_.size() == PL_SYNC_INBOX) enter();
}

void SyncBackup::enter() {
  if (batch_.empty()) return;
  const bool entered = program_->enter(batch_, calls_).has_value();
  calls_.clear();
  if (!entered) {
    heard_.no_room += batch_.size();
    batch_.clear();
    return;
  }
  for (const auto& record : batch_) {
    switch (record.result) {
      case PL_SYNC_MADE:
        ++heard_.made;
        break;
      case PL_SYNC_UPDATED:
        ++heard_.updated;
        break;
      case PL_SYNC_MOVED:
        ++heard_.moved;
        break;
      case PL_SYNC_IGNORED:
        ++heard_.ignored;
        break;
      case PL_SYNC_REFUSED:
        ++heard_.refused;
        break;
      default:
        ++heard_.no_room;
    }
  }
  batch_.clear();
}

}  // namespace plenum::lb
