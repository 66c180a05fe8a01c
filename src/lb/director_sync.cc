// The director and its synchronisation daemons: whose word holds, and what is saved.

#include "lb/director.h"

namespace plenum::lb {

namespace {

SyncTuning sync_tuning(const conf::Tuning& tuning) {
  SyncTuning out;
  out.threshold = static_cast<std::uint32_t>(tuning.sync_threshold);
  out.period = static_cast<std::uint32_t>(tuning.sync_period);
  out.refresh = static_cast<std::uint32_t>(tuning.sync_refresh_period);
  out.retries = static_cast<std::uint32_t>(tuning.sync_retries);
  out.persist_mode = tuning.sync_persist_mode != 0;
  out.ports = static_cast<std::uint32_t>(tuning.sync_ports);
  out.queue = static_cast<std::uint32_t>(tuning.sync_qlen_max);
  out.socket_size = static_cast<int>(tuning.sync_sock_size);
  return out;
}

}  // namespace

// The file's daemons, unless operators said otherwise since it was read last.
void Director::begin_sync(const std::optional<RuntimeState>& state) {
  sync_ = std::make_unique<Sync>(
      loop_, clock_, *program_, *data_plane_, [this] { follow_servers(); }, log_);
  sync_->set(sync_tuning(config_.director.tuning));
  const bool file_is_as_before = state && state->director.sync == config_.director.sync;
  sync_->want(file_is_as_before ? state->sync : config_.director.sync);
  set_backup(sync_->daemons().backup.has_value());
}

// A file that says the same of them as the last one leaves them as they are.
void Director::reload_sync(const conf::Sync& before) {
  sync_->set(sync_tuning(config_.director.tuning));
  if (config_.director.sync != before) sync_->want(config_.director.sync);
  set_backup(sync_->daemons().backup.has_value());
}

void Director::lead(bool leads) {
  if (leads == leads_) return;
  leads_ = leads;
  log_(followed() + (leads ? " is master here" : " is not master here"));
  if (leads) taken_over();
  sync_->lead(leads);
}

Result<> Director::start_sync(SyncRole role, const conf::SyncDaemon& daemon) {
  PLENUM_CHECK(sync_->start(role, daemon), "sync daemon");
  set_backup(sync_->daemons().backup.has_value());
  changed();
  return {};
}

Result<> Director::stop_sync(SyncRole role) {
  PLENUM_CHECK(sync_->stop(role), "sync daemon");
  set_backup(sync_->daemons().backup.has_value());
  changed();
  return {};
}

}  // namespace plenum::lb
