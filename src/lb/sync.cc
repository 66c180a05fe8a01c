#include "lb/sync.h"

#include <net/if.h>

#include <utility>

#include "rt/sync_socket.h"

namespace plenum::lb {

Sync::Sync(rt::Loop& loop, const Clock& clock, XdpProgram& program, DataPlane& data_plane, std::function<void()> held,
           Log log)
    : loop_(loop),
      clock_(clock),
      program_(program),
      data_plane_(data_plane),
      held_(std::move(held)),
      log_(std::move(log)) {
  // Whatever an earlier daemon sent: nobody reads the notes until a master runs.
  shared(program_.settings[0].sync).store(0);
}

Result<> Sync::run(SyncRole role) {
  const auto mtu = rt::mtu_of(wanted(role)->interface);
  // As the kernel's answer reaches ipvsadm.
  if (!mtu) return fail(std::errc::invalid_argument, mtu.error().what);
  PLENUM_TRY(const auto daemon, completed(role, *wanted(role), *mtu), name_of(role));
  wanted(role) = daemon;
  const auto ifindex = ::if_nametoindex(daemon.interface.c_str());
  if (role == SyncRole::Master) {
    PLENUM_TRY(master_.daemon, SyncMaster::open(loop_, program_, data_plane_, daemon, of_master()), daemon.interface);
    master_.ifindex = ifindex;
    master_.problem.clear();
  } else {
    PLENUM_TRY(backup_.daemon, SyncBackup::open(loop_, clock_, program_, data_plane_, daemon, tuning_, held_),
               daemon.interface);
    backup_.ifindex = ifindex;
    backup_.problem.clear();
  }
  log_("sync daemon started: " + std::string(name_of(role)) + " on " + daemon.interface + ", syncid " +
       std::to_string(daemon.syncid));
  return {};
}

Result<> Sync::start(SyncRole role, const conf::SyncDaemon& daemon) {
  if (wanted(role)) return fail(std::errc::file_exists, "a " + std::string(name_of(role)) + " is there already");
  wanted(role) = daemon;
  if (role == SyncRole::Master) wanted_.follow.clear();  // an operator's runs whoever is master
  if (auto done = run(role); !done) {
    wanted(role).reset();
    done.error().code = std::make_error_code(std::errc::invalid_argument);
    return done;
  }
  return {};
}

Result<> Sync::stop(SyncRole role) {
  if (!wanted(role)) return fail(std::errc::no_such_process, "there is no " + std::string(name_of(role)));
  wanted(role).reset();
  if (role == SyncRole::Master)
    master_ = {};
  else
    backup_ = {};
  log_("sync daemon stopped: " + std::string(name_of(role)));
  return {};
}

void Sync::lead(bool leads) {
  if (leads == leads_) return;
  leads_ = leads;
  if (wanted_.follow.empty()) return;
  if (leads) {
    // Anew, so that what is there is told first.
    last_word_.cancel();
    master_.daemon.reset();
    keep(SyncRole::Master, false);
  } else if (master_.daemon) {
    master_.daemon->last_word();
    last_word_ = loop_.every(std::chrono::milliseconds(5), [this] { end_last_word(); });
  }
}

void Sync::end_last_word() {
  if (master_.daemon && !master_.daemon->caught_up()) return;
  last_word_.cancel();
  master_.daemon.reset();
  log_("sync daemon stands by: " + wanted_.follow + " is not master here");
}

void Sync::want(const conf::Sync& daemons) {
  wanted_.follow = daemons.follow;
  last_word_.cancel();
  for (const auto role : {SyncRole::Master, SyncRole::Backup}) {
    const auto& next = role == SyncRole::Master ? daemons.master : daemons.backup;
    if (wanted(role)) (void)stop(role);
    if (!next) continue;
    wanted(role) = next;
    keep(role, false);
  }
}

// Starts it where it does not run; `again`: it was tried before.
void Sync::keep(SyncRole role, bool again) {
  if (!wanted(role) || stands_by(role)) return;
  auto& problem = role == SyncRole::Master ? master_.problem : backup_.problem;
  const auto ifindex = ::if_nametoindex(wanted(role)->interface.c_str());
  // An interface that went and came back has another number, and the sockets are of the old.
  if (role == SyncRole::Master && master_.daemon && master_.ifindex != ifindex) master_.daemon.reset();
  if (role == SyncRole::Backup && backup_.daemon && backup_.ifindex != ifindex) backup_.daemon.reset();
  if (role == SyncRole::Master ? master_.daemon != nullptr : backup_.daemon != nullptr) return;
  if (const auto done = run(role); !done) {
    if (!again || problem.empty()) log_("sync daemon: " + done.error().what);
    problem = done.error().what;
  }
}

void Sync::every_second() {
  keep(SyncRole::Master, true);
  keep(SyncRole::Backup, true);
}

void Sync::set(const SyncTuning& tuning) {
  if (tuning == tuning_) return;
  const bool sockets = tuning.ports != tuning_.ports || tuning.socket_size != tuning_.socket_size;
  tuning_ = tuning;
  if (sockets) {
    master_.daemon.reset();
    backup_.daemon.reset();
    every_second();
  }
  if (master_.daemon) master_.daemon->set(of_master());
  if (backup_.daemon) backup_.daemon->set(tuning);
}

std::vector<SyncStatus> Sync::status() const {
  std::vector<SyncStatus> out;
  if (wanted_.master) {
    SyncStatus status{"master", *wanted_.master, master_.daemon != nullptr, master_.problem, {}};
    if (stands_by(SyncRole::Master) && !master_.daemon) status.problem = wanted_.follow + " is not master here";
    const auto sent = master_.daemon ? master_.daemon->sent() : SyncSent{};
    status.counters = {{"connections", sent.connections},
                       {"datagrams", sent.datagrams},
                       {"queue_full", sent.queue_full},
                       {"failed", sent.failed},
                       {"overruns", sent.overruns}};
    out.push_back(std::move(status));
  }
  if (wanted_.backup) {
    SyncStatus status{"backup", *wanted_.backup, backup_.daemon != nullptr, backup_.problem, {}};
    const auto heard = backup_.daemon ? backup_.daemon->heard() : SyncHeard{};
    status.counters = {{"connections", heard.connections}, {"datagrams", heard.datagrams}, {"made", heard.made},
                       {"updated", heard.updated},         {"moved", heard.moved},         {"ignored", heard.ignored},
                       {"refused", heard.refused},         {"no_room", heard.no_room},     {"foreign", heard.foreign},
                       {"damaged", heard.damaged}};
    out.push_back(std::move(status));
  }
  return out;
}

std::vector<std::string> Sync::warnings() const {
  std::vector<std::string> out;
  for (const auto* problem : {&master_.problem, &backup_.problem})
    if (!problem->empty()) out.push_back("sync daemon does not run: " + *problem);
  return out;
}

}  // namespace plenum::lb
