#include "host/record.h"

#include <algorithm>

namespace plenum::host {

namespace {

struct Remember {
  Record& record;
  const View& view;

  void operator()(const SetSysctl& a) const { record.sysctls.emplace(a.path, a.from); }
  void operator()(const SetLink& a) const {
    if (a.up) record.links.insert(a.interface);
  }
  void operator()(const AddAddress& a) const {
    if (std::find(record.addresses.begin(), record.addresses.end(), a) == record.addresses.end()) {
      record.addresses.push_back(a);
    }
  }
  void operator()(const RemoveAddress& a) const { std::erase(record.addresses, AddAddress{a.interface, a.prefix}); }
  void operator()(const WriteFile& a) const { note(a.path); }
  void operator()(const WriteSymlink& a) const { note(a.path); }
  void operator()(const RemoveFile&) const {}
  void operator()(const SetOffload& a) const { record.offloads[a.interface].emplace(a.feature, !a.on); }
  void operator()(const SetDecapsulation&) const {}
  void operator()(const RemoveDecapsulation&) const {}

  void note(const std::string& path) const {
    const auto there = view.files.find(path);
    record.files.emplace(path, there == view.files.end() ? std::nullopt : std::optional(there->second));
  }
};

void put_back_file(const std::string& path, const std::optional<std::string>& before, const View& view,
                   std::vector<Action>& out) {
  const auto now = view.files.find(path);
  if (!before) {
    if (now != view.files.end()) out.emplace_back(RemoveFile{path});
  } else if (now == view.files.end() || now->second != *before) {
    if (before->starts_with("-> ")) {
      out.emplace_back(WriteSymlink{path, before->substr(3)});
    } else {
      out.emplace_back(WriteFile{path, *before});
    }
  }
}

}  // namespace

Record remember(Record record, const std::vector<Action>& actions, const View& view) {
  for (const Action& action : actions) std::visit(Remember{record, view}, action);
  return record;
}

Record seen_from(const Record& record, const Where& where) {
  Record out = record;
  if (record.where == where) return out;
  out.mounted_at.clear();
  if (record.where.boot_id != where.boot_id) return out;
  Record other;
  other.files = record.files;
  other.persist = record.persist;
  return other;
}

std::vector<Action> undo(const Record& record, const View& view) {
  std::vector<Action> out;
  const DecapsulationState& decapsulation = view.decapsulation;
  if (decapsulation.damaged || !(decapsulation.active == Decapsulation{})) out.emplace_back(RemoveDecapsulation{});
  // The addresses go while ARP is still quiet about them.
  for (const AddAddress& added : record.addresses) {
    if (view.has(added.interface, added.prefix)) out.emplace_back(RemoveAddress{added.interface, added.prefix});
  }
  // ip_forward comes before conf/all/...: turning it off resets some of those.
  for (auto before = record.sysctls.rbegin(); before != record.sysctls.rend(); ++before) {
    const auto now = view.sysctls.find(before->first);
    if (now != view.sysctls.end() && now->second != before->second) {
      out.emplace_back(SetSysctl{before->first, now->second, before->second});
    }
  }
  for (const auto& [interface, features] : record.offloads) {
    const auto there = view.offloads.find(interface);
    if (there == view.offloads.end()) continue;
    for (const auto& [feature, before] : features) {
      const auto now = there->second.find(feature);
      if (now != there->second.end() && now->second.on != before)
        out.emplace_back(SetOffload{interface, feature, before});
    }
  }
  for (const std::string& name : record.links) {
    const rt::Link* link = view.link(name);
    if (link && link->up) out.emplace_back(SetLink{name, false});
  }
  for (const auto& [path, before] : record.files) put_back_file(path, before, view, out);
  return out;
}

}  // namespace plenum::host
