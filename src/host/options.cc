#include "host/options.h"

#include <functional>

#include "base/text.h"

namespace plenum::host {

namespace {

constexpr unsigned kSetup = 1, kCheck = 2, kUndo = 4, kEvery = 7;

unsigned bit_of(Verb verb) { return verb == Verb::Setup ? kSetup : verb == Verb::Check ? kCheck : kUndo; }

Result<> add_address(std::set<net::Address>& to, const std::string& text, const char* what) {
  const auto prefix = net::Prefix::parse(text);
  const std::string wrong = std::string(what) + " must be an address, not \"" + text + "\"";
  if (!prefix) return fail(std::errc::invalid_argument, wrong);
  const net::Address& address = prefix->address;
  if (prefix->length != address.bits()) {
    return fail(std::errc::invalid_argument,
                std::string(what) + " must be one address, without a subnet: " + address.text());
  }
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback()) {
    return fail(std::errc::invalid_argument, wrong + ", which is no host's");
  }
  to.insert(address);
  return {};
}

struct Row {
  std::string_view name;
  unsigned realserver, director;  // verbs that take it, of each role
  std::string_view value;         // what it is called in the help; "" for a flag
  std::string_view help;
  std::function<Result<>(Options&, const std::string&)> set;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {"--vip", kEvery, kCheck, "ADDRESS", "a virtual address; repeat for more",
       [](Options& o, const std::string& v) { return add_address(o.vips, v, "--vip"); }},
      {"--interface", kSetup | kCheck, kSetup | kCheck, "NAME",
       "an interface that its packets come by; repeat for more",
       [](Options& o, const std::string& v) -> Result<> {
         if (v.empty() || v.size() > 15 || v.find('/') != std::string::npos || v == "." || v == "..") {
           return fail(std::errc::invalid_argument, "--interface must be a name, not \"" + v + "\"");
         }
         o.interfaces.insert(v);
         return {};
       }},
      {"--tunnel", kSetup | kCheck, 0, "KIND", "none, ipip, gue[:PORT], gre, or several by comma (TUN)",
       [](Options& o, const std::string& v) -> Result<> {
         PLENUM_TRY(o.tunnels, Tunnels::parse(v), "--tunnel");
         return {};
       }},
      {"--nat", 0, kSetup | kCheck, "", "this director is the servers' gateway",
       [](Options& o, const std::string&) -> Result<> { return o.nat = true, Result<>{}; }},
      {"--server", 0, kCheck, "ADDRESS", "a real server, to look at the way to it; repeat for more",
       [](Options& o, const std::string& v) { return add_address(o.servers, v, "--server"); }},
      {"--no-persist", kSetup, kSetup, "", "only until the next boot: write no file in /etc",
       [](Options& o, const std::string&) -> Result<> { return o.no_persist = true, Result<>{}; }},
      {"--json", kEvery, kEvery, "", "one JSON object instead of text",
       [](Options& o, const std::string&) -> Result<> { return o.json = true, Result<>{}; }},
      {"--bpf-dir", kEvery, 0, "DIR", "where programs are pinned (/sys/fs/bpf/plenum)",
       [](Options& o, const std::string& v) -> Result<> { return o.bpf_dir = v, Result<>{}; }},
      {"--state-dir", kEvery, kEvery, "DIR", "where is recorded what was there before (/var/lib/plenum)",
       [](Options& o, const std::string& v) -> Result<> { return o.state_dir = v, Result<>{}; }},
      {"--root", kEvery, kEvery, "DIR", "put before the paths of files in /etc and of the state directory",
       [](Options& o, const std::string& v) -> Result<> { return o.root = v, Result<>{}; }},
  };
  return kRows;
}

unsigned verbs_of(const Row& row, Role role) { return role == Role::Realserver ? row.realserver : row.director; }

const Row* find_row(std::string_view name, Role role) {
  for (const Row& row : rows()) {
    if (row.name == name && verbs_of(row, role)) return &row;
  }
  return nullptr;
}

tl::unexpected<Error> unknown(std::string_view word, const std::vector<std::string_view>& known) {
  std::string text = "unknown: " + std::string(word);
  if (const auto near = nearest(word, known); !near.empty()) text += " (did you mean " + std::string(near) + "?)";
  return fail(std::errc::invalid_argument, std::move(text));
}

}  // namespace

Result<Options> parse_options(Role role, std::span<const std::string> args) {
  Options out;
  for (const std::string& arg : args) {
    if (arg == "--help" || arg == "-h") {
      out.help = true;
      return out;
    }
  }
  if (args.empty()) return fail(std::errc::invalid_argument, "say setup, check or undo");
  if (args[0] == "setup") {
    out.verb = Verb::Setup;
  } else if (args[0] == "undo") {
    out.verb = Verb::Undo;
  } else if (args[0] != "check") {
    return unknown(args[0], {"setup", "check", "undo"});
  }
  for (std::size_t i = 1; i < args.size(); ++i) {
    const auto equals = args[i].starts_with("--") ? args[i].find('=') : std::string::npos;
    const std::string name = args[i].substr(0, equals);
    const Row* row = find_row(name, role);
    if (!row) {
      std::vector<std::string_view> known;
      for (const Row& one : rows()) {
        if (verbs_of(one, role)) known.push_back(one.name);
      }
      return unknown(name, known);
    }
    if (!(verbs_of(*row, role) & bit_of(out.verb)))
      return fail(std::errc::invalid_argument, args[0] + " takes no " + name);
    std::string value;
    if (row->value.empty()) {
      if (equals != std::string::npos) return fail(std::errc::invalid_argument, name + " takes no value");
    } else if (equals != std::string::npos) {
      value = args[i].substr(equals + 1);
    } else if (++i == args.size()) {
      return fail(std::errc::invalid_argument, name + " needs a value: " + std::string(row->value));
    } else {
      value = args[i];
    }
    if (auto set = row->set(out, value); !set) return tl::unexpected(std::move(set).error());
  }
  return out;
}

std::string help_text(Role role) {
  std::string out;
  if (role == Role::Realserver) {
    out =
        "usage: plenum realserver setup --vip ADDRESS [--tunnel ipip|gue[:PORT]|gre] [OPTIONS]\n"
        "       plenum realserver check [--vip ADDRESS] [OPTIONS]\n"
        "       plenum realserver undo [--vip ADDRESS] [OPTIONS]\n\n"
        "Makes this host a real server behind a director in DR or TUN: the virtual address on lo,\n"
        "no ARP for it, tunnels taken off without a tunnel device. Set up again, it adds to what is\n"
        "there; undo puts back what was there before.\n\n";
  } else {
    out =
        "usage: plenum director setup [--nat] [--interface NAME] [OPTIONS]\n"
        "       plenum director check [--nat] [--vip ADDRESS] [--server ADDRESS] [OPTIONS]\n"
        "       plenum director undo [OPTIONS]\n\n"
        "Prepares this host's kernel for the data plane: forwarding, source filters, offloads that\n"
        "hide packets from XDP. check also asks the network who answers for each VIP.\n\n";
  }
  for (const Row& row : rows()) {
    if (!verbs_of(row, role)) continue;
    std::string left = "  " + std::string(row.name) + (row.value.empty() ? "" : " " + std::string(row.value));
    left.resize(std::max<std::size_t>(left.size() + 1, 24), ' ');
    out += left + std::string(row.help) + "\n";
  }
  return out + "\nExit: 0 done or nothing wrong, 1 something wrong or failed, 2 usage.\n";
}

}  // namespace plenum::host
