// `plenum realserver setup|check|undo`.

#include <algorithm>
#include <ostream>

#include "host/commands.h"
#include "host/decapsulation_program.h"
#include "host/realserver.h"
#include "host/session.h"
#include "rt/netlink.h"

namespace plenum::host {

namespace {

// The interface that leads out of the host, where it is clear which.
Result<std::set<std::string>> default_interfaces(const View& view, const std::set<net::Address>& vips) {
  const std::set<std::string> carriers = view.carriers(vips);
  if (carriers.size() == 1) return carriers;
  PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "look for the default route");
  // TEST-NET-3 and its IPv6 counterpart: addresses that only a default route leads to.
  for (const char* outside : {"203.0.113.1", "2001:db8:ffff:ffff::1"}) {
    const auto route = netlink.route_get(*net::Address::parse(outside));
    if (!route || route->type != rt::RouteType::Unicast) continue;
    const std::string name = view.name_of(route->ifindex);
    if (carriers.contains(name)) return std::set<std::string>{name};
  }
  std::string names;
  for (const std::string& name : carriers) names += " " + name;
  return fail(std::errc::invalid_argument, "say with --interface which interface the packets come by" +
                                               (names.empty() ? ": none is up and has an address" : ", of:" + names));
}

class Command {
 public:
  Command(const Options& options, Session& session, Report& report)
      : options_(options), session_(session), report_(report) {}

  Result<> setup() {
    PLENUM_CHECK(decide(), "setup");
    PLENUM_TRY(const View view, look(spec_), "setup");
    PLENUM_CHECK(need_interfaces(spec_.interfaces, view), "setup");
    const Persistence persistence = persistence_of(spec_);
    const auto actions = plan_realserver(spec_, view, options_.no_persist ? nullptr : &persistence);
    PLENUM_CHECK(carry_out(session_, asked(), actions, view, report_), "setup");
    PLENUM_TRY(const View after, look(spec_), "setup");
    for (const Finding& one : check_realserver(spec_, after)) report_.wrong(one);
    return {};
  }

  Result<> check() {
    PLENUM_CHECK(decide(), "check");
    PLENUM_TRY(const View view, look(spec_), "check");
    PLENUM_CHECK(need_interfaces(spec_.interfaces, view), "check");
    for (const Finding& one : check_realserver(spec_, view)) report_.wrong(one);
    if (session_.record.persist) {
      for (const std::string& path : persistent_files(kRealserverName)) {
        if (!view.files.contains(path))
          report_.wrong({path + " is gone: this does not survive a reboot", setup_again()});
      }
    }
    for (const std::string& name : view.decapsulation.generic) {
      report_.note("decapsulation on " + name + " uses generic XDP, which is slower");
    }
    report_.packets(DecapsulationProgram(session_.places.bpf_dir).verdicts());
    return {};
  }

  Result<> undo() {
    std::set<net::Address> rest = session_.record.vips;
    for (const net::Address& vip : options_.vips) {
      if (rest.erase(vip) == 0)
        return fail(std::errc::invalid_argument, "undo: VIP " + vip.text() + " was not set up here");
    }
    if (options_.vips.empty() || rest.empty()) return undo_all(session_, report_);
    spec_ = {rest, session_.record.interfaces, session_.record.tunnels};
    PLENUM_TRY(View view, look(spec_), "undo");
    std::vector<Action> actions;
    for (const AddAddress& added : session_.record.addresses) {
      if (!options_.vips.contains(added.prefix.address)) continue;
      if (view.has(added.interface, added.prefix)) actions.emplace_back(RemoveAddress{added.interface, added.prefix});
    }
    // Plan for the host without them, or they count as its own addresses.
    std::erase_if(view.addresses, [&](const auto& one) { return options_.vips.contains(one.prefix.address); });
    const Persistence persistence = persistence_of(spec_);
    for (Action& action : plan_realserver(spec_, view, session_.record.persist ? &persistence : nullptr)) {
      actions.push_back(std::move(action));
    }
    Record record = session_.record;
    record.vips = rest;
    return carry_out(session_, std::move(record), actions, view, report_);
  }

  [[nodiscard]] const RealserverSpec& spec() const { return spec_; }

 private:
  // What is asked for now, on top of what was before.
  Result<> decide() {
    const Record& record = session_.record;
    const bool setting_up = options_.verb == Verb::Setup;
    spec_.vips = options_.vips;
    auto& known = setting_up || spec_.vips.empty() ? spec_.vips : spec_.others;
    known.insert(record.vips.begin(), record.vips.end());
    if (spec_.vips.empty()) return fail(std::errc::invalid_argument, "no VIP was set up here: name one with --vip");
    spec_.tunnels = options_.tunnels.value_or(record.tunnels);
    spec_.interfaces = options_.interfaces.empty() ? record.interfaces : options_.interfaces;
    if (spec_.interfaces.empty()) {
      PLENUM_TRY(const View view, observe(session_.places, {}), "look for the interface");
      PLENUM_TRY(spec_.interfaces, default_interfaces(view, spec_.vips), "interface");
    }
    return {};
  }

  Result<View> look(const RealserverSpec& spec) const {
    return observe(session_.places, {realserver_sysctls(spec), persistent_files(kRealserverName), {}, true});
  }

  Persistence persistence_of(const RealserverSpec& spec) const {
    return {kRealserverName, "Virtual addresses of a Plenum real server",
            command_again(options_, realserver_setup_words(spec)), !spec.tunnels.any()};
  }

  Record asked() const {
    Record out = session_.record;
    out.vips = spec_.vips;
    out.interfaces = spec_.interfaces;
    out.tunnels = spec_.tunnels;
    out.persist = out.persist || !options_.no_persist;
    return out;
  }

  std::string setup_again() const {
    std::string out = "plenum";
    for (const std::string& word : realserver_setup_words(spec_)) out += " " + word;
    return out;
  }

  const Options& options_;
  Session& session_;
  Report& report_;
  RealserverSpec spec_;
};

std::string nothing_of(Verb verb, const RealserverSpec& spec) {
  if (verb == Verb::Undo) return "nothing was set up here";
  std::string vips;
  for (const net::Address& vip : spec.vips) vips += (vips.empty() ? "" : ", ") + vip.text();
  return verb == Verb::Setup ? "nothing to change: ready for " + vips : "nothing wrong: ready for " + vips;
}

}  // namespace

int realserver_command(std::span<const std::string> args, std::ostream& out, std::ostream& err) {
  const auto options = parse_options(Role::Realserver, args);
  if (!options) {
    err << "plenum realserver: " << options.error().what << "\nTry: plenum realserver --help\n";
    return kUsage;
  }
  if (options->help) {
    out << help_text(Role::Realserver);
    return kDone;
  }
  auto session = open_session(*options, "realserver");
  if (!session) {
    err << "plenum realserver: " << session.error().what << '\n';
    return kWrong;
  }
  if (options->verb != Verb::Undo && options->vips.empty() && session->record.vips.empty()) {
    err << "plenum realserver: no VIP was set up here: name one with --vip\n";
    return kUsage;
  }
  Report report(out, options->json, "realserver " + args[0]);
  Command command(*options, *session, report);
  const auto done = options->verb == Verb::Setup   ? command.setup()
                    : options->verb == Verb::Check ? command.check()
                                                   : command.undo();
  if (!done) err << "plenum realserver: " << done.error().what << '\n';
  const bool ok = done && !report.found_wrong();
  report.finish(ok, nothing_of(options->verb, command.spec()));
  return ok ? kDone : kWrong;
}

}  // namespace plenum::host
