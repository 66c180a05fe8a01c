#include "host/persistence.h"

#include <algorithm>

namespace plenum::host {

namespace {

std::string sysctl_path(const std::string& name) { return "/etc/sysctl.d/90-" + name + ".conf"; }
std::string unit_path(const std::string& name) { return "/etc/systemd/system/" + name + ".service"; }
std::string wants_path(const std::string& name) {
  return "/etc/systemd/system/multi-user.target.wants/" + name + ".service";
}

// systemd.service(5), "Command lines": % and $ are specifiers, quotes group.
std::string quoted(const std::string& word) {
  std::string out;
  bool plain = !word.empty();
  for (const char c : word) {
    if (c == '%' || c == '$') out += c;
    if (c == '"' || c == '\\') out += '\\';
    if (c == ' ' || c == '"' || c == '\'' || c == '\\' || c == ';') plain = false;
    out += c;
  }
  return plain ? out : "\"" + out + "\"";
}

std::string sysctl_file(const Persistence& what, const std::vector<SysctlWish>& wishes, const View& view) {
  std::string out =
      "# Written by `plenum " + what.name.substr(what.name.find('-') + 1) + " setup`; `undo` removes it.\n";
  for (const SysctlWish& wish : wishes) {
    const auto now = view.sysctls.find(wish.path);
    if (now == view.sysctls.end()) continue;
    out += dotted(wish.path) + " = " + std::to_string(wish.holds(now->second) ? now->second : wish.value) + "\n";
  }
  return out;
}

std::string unit_file(const Persistence& what) {
  std::string command;
  for (const std::string& word : what.command) command += (command.empty() ? "" : " ") + quoted(word);
  std::string out = "[Unit]\nDescription=" + what.description + "\n";
  out += what.before_network ? "After=network.target systemd-sysctl.service\nBefore=network-online.target\n"
                             : "Wants=network-online.target\nAfter=network-online.target systemd-sysctl.service\n";
  return out + "\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=" + command +
         "\n\n[Install]\nWantedBy=multi-user.target\n";
}

bool is(const View& view, const std::string& path, const std::string& content) {
  const auto there = view.files.find(path);
  return there != view.files.end() && there->second == content;
}

}  // namespace

std::vector<std::string> persistent_files(const std::string& name) {
  return {sysctl_path(name), unit_path(name), wants_path(name)};
}

std::vector<Action> persist(const Persistence& what, const std::vector<SysctlWish>& wishes, const View& view) {
  std::vector<Action> out;
  const auto write = [&](const std::string& path, std::string content) {
    if (!is(view, path, content)) out.emplace_back(WriteFile{path, std::move(content)});
  };
  write(sysctl_path(what.name), sysctl_file(what, wishes, view));
  write(unit_path(what.name), unit_file(what));
  // What `systemctl enable` would do.
  const std::string target = unit_path(what.name);
  if (!is(view, wants_path(what.name), "-> " + target)) out.emplace_back(WriteSymlink{wants_path(what.name), target});
  return out;
}

}  // namespace plenum::host
