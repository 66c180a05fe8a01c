#include "host/session.h"

#include <algorithm>
#include <filesystem>

#include "rt/bpf_mount.h"

namespace plenum::host {

namespace {

bool needs_bpf_dir(const std::vector<Action>& actions) {
  return std::any_of(actions.begin(), actions.end(),
                     [](const Action& a) { return std::holds_alternative<SetDecapsulation>(a); });
}

Result<> do_one(const Action& action, const Places& places, Report& report) {
  PLENUM_TRY(const auto notes, apply(action, places), "failed");
  report.did(text(action));
  for (const std::string& note : notes) report.note(note);
  return {};
}

Result<> unmount(const Record& record, const Places& places, Report& report) {
  std::error_code error;
  std::filesystem::remove(places.bpf_dir, error);  // only if empty: others pin there too
  if (record.mounted_at.empty()) return {};
  PLENUM_TRY(const bool gone, rt::unmount_bpf(record.mounted_at), "failed");
  if (gone) {
    report.did("unmounted " + record.mounted_at);
  } else {
    report.note(record.mounted_at + " stays mounted: something else is pinned there");
  }
  return {};
}

}  // namespace

Result<Session> open_session(const Options& options, const std::string& name) {
  Session out;
  out.places.root = options.root;
  out.record_path = options.root + options.state_dir + "/" + name + ".json";
  PLENUM_TRY(auto record, load_record(out.record_path), "cannot tell what was set up before");
  out.recorded = record.has_value();
  if (record) out.record = seen_from(*record, here());
  if (options.bpf_dir) {
    out.places.bpf_dir = *options.bpf_dir;
  } else if (!out.record.bpf_dir.empty()) {
    out.places.bpf_dir = out.record.bpf_dir;
  }
  return out;
}

Result<> carry_out(Session& session, Record record, const std::vector<Action>& actions, const View& view,
                   Report& report) {
  record.bpf_dir = session.places.bpf_dir;
  record.where = here();
  record = remember(std::move(record), actions, view);
  if (!session.recorded || !(record == session.record)) {
    PLENUM_CHECK(save_record(session.record_path, record), "nothing was changed");
    session.recorded = true;
  }
  if (needs_bpf_dir(actions)) {
    PLENUM_TRY(const std::string mounted, rt::ensure_bpf_dir(session.places.bpf_dir), "failed");
    if (!mounted.empty()) {
      record.mounted_at = mounted;
      report.did("mounted a BPF file system at " + mounted);
      PLENUM_CHECK(save_record(session.record_path, record), "failed");
    }
  }
  session.record = record;
  for (const Action& action : actions) {
    if (auto done = do_one(action, session.places, report); !done) return done;
  }
  return {};
}

Result<> undo_all(Session& session, Report& report) {
  const Record& record = session.record;
  Look look;
  for (const auto& before : record.sysctls) look.sysctls.push_back(before.first);
  for (const auto& before : record.files) look.files.push_back(before.first);
  PLENUM_TRY(const auto links, observe(session.places, {}), "failed");
  for (const auto& before : record.offloads) {
    if (links.link(before.first)) look.interfaces.insert(before.first);
  }
  look.decapsulation = true;
  PLENUM_TRY(const View view, observe(session.places, look), "failed");
  Result<> first;
  for (const Action& action : undo(record, view)) {
    if (auto done = do_one(action, session.places, report); !done && first) first = std::move(done);
  }
  if (auto done = unmount(record, session.places, report); !done && first) first = std::move(done);
  if (!first) return first;
  return remove_record(session.record_path);
}

std::vector<std::string> command_again(const Options& options, std::vector<std::string> words) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  words.insert(words.begin(), error ? "plenum" : program.string());
  words.emplace_back("--no-persist");
  if (options.bpf_dir) words.insert(words.end(), {"--bpf-dir", *options.bpf_dir});
  if (options.state_dir != Options{}.state_dir) words.insert(words.end(), {"--state-dir", options.state_dir});
  return words;
}

Result<> need_interfaces(const std::set<std::string>& interfaces, const View& view) {
  for (const std::string& name : interfaces) {
    if (!view.link(name)) return fail(std::errc::no_such_device, "there is no interface " + name);
  }
  return {};
}

}  // namespace plenum::host
