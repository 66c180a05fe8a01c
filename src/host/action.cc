#include "host/action.h"

#include "host/sysctl.h"

namespace plenum::host {

namespace {

struct Text {
  std::string operator()(const SetSysctl& a) const {
    return "set " + dotted(a.path) + " " + std::to_string(a.from) + " -> " + std::to_string(a.to);
  }
  std::string operator()(const SetLink& a) const { return "set " + a.interface + (a.up ? " up" : " down"); }
  std::string operator()(const AddAddress& a) const { return "added " + a.prefix.text() + " to " + a.interface; }
  std::string operator()(const RemoveAddress& a) const { return "removed " + a.prefix.text() + " from " + a.interface; }
  std::string operator()(const WriteFile& a) const { return "wrote " + a.path; }
  std::string operator()(const WriteSymlink& a) const { return "linked " + a.path + " to " + a.target; }
  std::string operator()(const RemoveFile& a) const { return "removed " + a.path; }
  std::string operator()(const SetOffload& a) const {
    return "turned " + a.feature + " of " + a.interface + (a.on ? " on" : " off");
  }
  std::string operator()(const SetDecapsulation& a) const {
    std::string out = "set up decapsulation of " + a.wished.tunnels.text() + " on";
    for (const std::string& interface : a.wished.interfaces) out += " " + interface;
    return out;
  }
  std::string operator()(const RemoveDecapsulation&) const { return "removed the decapsulation"; }
};

}  // namespace

std::string text(const Action& action) { return std::visit(Text{}, action); }

}  // namespace plenum::host
