// `plenum director setup|check|undo`.

#include <ostream>

#include "host/commands.h"
#include "host/director.h"
#include "host/session.h"
#include "host/who_has.h"
#include "rt/netlink.h"

namespace plenum::host {

namespace {

// How long everyone has to answer for one VIP.
constexpr Duration kWait = std::chrono::milliseconds(900);

class Command {
 public:
  Command(const Options& options, Session& session, Report& report)
      : options_(options), session_(session), report_(report) {}

  Result<> setup() {
    PLENUM_CHECK(decide(), "setup");
    PLENUM_TRY(const View view, look(), "setup");
    const Persistence persistence{kDirectorName, "Kernel settings of a Plenum director",
                                  command_again(options_, director_setup_words(spec_)), false};
    const auto actions = plan_director(spec_, view, options_.no_persist ? nullptr : &persistence);
    Record record = session_.record;
    record.interfaces = spec_.interfaces;
    record.nat = spec_.nat;
    record.persist = record.persist || !options_.no_persist;
    PLENUM_CHECK(carry_out(session_, std::move(record), actions, view, report_), "setup");
    PLENUM_TRY(const View after, look(), "setup");
    for (const Finding& one : check_director(spec_, after)) report_.wrong(one);
    return {};
  }

  Result<> check() {
    PLENUM_CHECK(decide(), "check");
    PLENUM_TRY(const View view, look(), "check");
    for (const Finding& one : check_director(spec_, view)) report_.wrong(one);
    std::vector<Answers> answers;
    for (const net::Address& vip : options_.vips) {
      PLENUM_TRY(Answers one, ask(vip, view), "check");
      answers.push_back(std::move(one));
    }
    for (const Finding& one : check_answers(answers, view)) report_.wrong(one);
    PLENUM_TRY(rt::Netlink netlink, rt::Netlink::open(), "check");
    std::vector<ServerRoute> routes;
    for (const net::Address& server : options_.servers) {
      PLENUM_TRY(const rt::Route route, netlink.route_get(server), "route to server " + server.text());
      routes.push_back({server, route});
    }
    const RouteCheck checked = check_routes(spec_, routes, options_.vips, view);
    for (const Finding& one : checked.findings) report_.wrong(one);
    for (const std::string& one : checked.notes) report_.note(one);
    if (options_.vips.empty()) report_.note("with --vip ADDRESS, also asks the network who answers for it");
    if (spec_.nat && options_.servers.empty())
      report_.note("with --server ADDRESS, also looks at the way to it and back");
    return {};
  }

  Result<> undo() { return undo_all(session_, report_); }

 private:
  Result<> decide() {
    spec_.nat = options_.nat || session_.record.nat;
    spec_.interfaces = options_.interfaces.empty() ? session_.record.interfaces : options_.interfaces;
    PLENUM_TRY(const View view, observe(session_.places, {}), "look for the interfaces");
    if (spec_.interfaces.empty()) spec_.interfaces = view.carriers(options_.vips);
    if (spec_.interfaces.empty()) {
      return fail(std::errc::invalid_argument, "no interface is up and has an address: name one with --interface");
    }
    return need_interfaces(spec_.interfaces, view);
  }

  Result<View> look() const {
    return observe(session_.places,
                   {director_sysctls(spec_), persistent_files(kDirectorName), spec_.interfaces, false});
  }

  Result<Answers> ask(const net::Address& vip, const View& view) const {
    Answers out{vip, "", {}};
    // An --interface given once says where, whatever the subnets.
    const auto where = options_.interfaces.size() == 1 ? std::optional(*options_.interfaces.begin())
                                                       : interface_of(vip, spec_.interfaces, view);
    const rt::Link* link = where ? view.link(*where) : nullptr;
    if (!link || !link->ethernet) return out;
    out.interface = *where;
    std::optional<net::Address> source;
    for (const rt::InterfaceAddress& one : view.addresses) {
      const bool usable = !one.prefix.address.is_v4() && one.link_scope && !one.tentative;
      if (one.ifindex == link->ifindex && usable) source = one.prefix.address;
    }
    PLENUM_TRY(out.macs, who_has(vip, *link, source, kWait), "VIP " + vip.text());
    return out;
  }

  const Options& options_;
  Session& session_;
  Report& report_;
  DirectorSpec spec_;
};

const char* nothing_of(Verb verb) {
  if (verb == Verb::Setup) return "nothing to change: ready to direct";
  return verb == Verb::Check ? "nothing wrong" : "nothing was set up here";
}

}  // namespace

int director_command(std::span<const std::string> args, std::ostream& out, std::ostream& err) {
  const auto options = parse_options(Role::Director, args);
  if (!options) {
    err << "plenum director: " << options.error().what << "\nTry: plenum director --help\n";
    return kUsage;
  }
  if (options->help) {
    out << help_text(Role::Director);
    return kDone;
  }
  auto session = open_session(*options, "director");
  if (!session) {
    err << "plenum director: " << session.error().what << '\n';
    return kWrong;
  }
  Report report(out, options->json, "director " + args[0]);
  Command command(*options, *session, report);
  const auto done = options->verb == Verb::Setup   ? command.setup()
                    : options->verb == Verb::Check ? command.check()
                                                   : command.undo();
  if (!done) err << "plenum director: " << done.error().what << '\n';
  const bool ok = done && !report.found_wrong();
  report.finish(ok, nothing_of(options->verb));
  return ok ? kDone : kWrong;
}

}  // namespace plenum::host
