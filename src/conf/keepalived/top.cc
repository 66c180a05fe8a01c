// The outermost block.

#include <algorithm>

#include "conf/keepalived/addresses.h"
#include "conf/keepalived/begin.h"
#include "conf/keepalived/takes.h"

namespace plenum::conf::keepalived {
namespace {

constexpr auto kBlock = Status::Works;

void static_address(Context& c) {
  auto address = parse_virtual_address(c, c.draft.globals.default_interface);
  if (address) c.draft.static_addresses.emplace_back(*std::move(address), c.place);
}
void static_route(Context& c) {
  auto route = parse_virtual_route(c);
  if (route) c.draft.static_routes.emplace_back(*std::move(route), c.place);
}
void static_rule(Context& c) {
  auto rule = parse_virtual_rule(c);
  if (rule) c.draft.static_rules.emplace_back(*std::move(rule), c.place);
}

void debounced(Context& c) {
  if (c.count() < 2 || c.count() > 3) {
    c.warn("interface_up_down_delays " + c.words[0] + " needs one or two delays");
    return;
  }
  for (std::size_t i = 1; i < c.count(); ++i) c.decimal(i, 0, 255);
}
void polled(Context& c) {
  if (c.host.has_interface && !c.host.has_interface(c.words[0]))
    c.warn("unknown interface " + c.words[0] + " specified for linkbeat interface");
}

}  // namespace

std::vector<Keyword> top_keywords() {
  constexpr auto works = Status::Works, accepted = Status::Accepted, lost = Status::Unsupported;
  return {
      {"global_defs", kBlock, "what holds for the whole host", nullptr, Block::GlobalDefs},
      {"vrrp_script", kBlock, "a script that virtual routers track", begin_script, Block::VrrpScript, nullptr, false,
       end_script},
      {"vrrp_track_process", kBlock, "a process that virtual routers track", begin_process, Block::TrackProcess,
       nullptr, false, end_process},
      {"track_file", kBlock, "a file with a number that virtual routers and servers track", begin_file,
       Block::TrackFile, nullptr, false, end_file},
      {"vrrp_track_file", kBlock, "the former name of track_file", begin_file, Block::TrackFile, nullptr, false,
       end_file},
      {"track_group", lost, "static addresses do not put virtual routers into fault", wants_word, Block::TrackGroup},
      {"bfd_instance", kBlock, "a BFD session", begin_bfd, Block::BfdInstance, nullptr, false, end_bfd},
      {"vrrp_sync_group", kBlock, "virtual routers that change state together", begin_sync_group, Block::SyncGroup,
       nullptr, false, end_sync_group},
      {"garp_group", kBlock, "pace of gratuitous ARP on some interfaces", begin_garp_group, Block::GarpGroup, nullptr,
       false, end_garp_group},
      {"vrrp_instance", kBlock, "a virtual router", begin_instance, Block::VrrpInstance, nullptr, false, end_instance},
      {"virtual_server_group", kBlock, "addresses and marks of virtual servers alike", begin_server_group, Block::None,
       server_group_item, true, end_server_group, true},
      {"virtual_server", kBlock, "a service that is balanced", begin_virtual_server, Block::VirtualServer, nullptr,
       false, end_virtual_server},
      {"SSL", works, "certificates of SSL_GET", nullptr, Block::Ssl},
      {"static_ipaddress", works, "addresses that stay on this host whoever is master", nullptr, Block::None,
       static_address, true},
      {"static_routes", lost, "set them up where the host's network is set up", nullptr, Block::None, static_route,
       true},
      {"static_rules", lost, "set them up where the host's network is set up", nullptr, Block::None, static_rule, true},
      {"interface_up_down_delays", lost, "a link that went down counts at once", nullptr, Block::None, debounced, true},
      {"linkbeat_interfaces", accepted, "the kernel tells of links; nothing polls", nullptr, Block::None, polled, true},
      {"linkbeat_use_polling", accepted, "the kernel tells of links; nothing polls"},
      {"net_namespace", lost, "start the daemon in its namespace (ip netns exec)", wants_word},
      {"net_namespace_ipvs", lost, "the director balances in its own namespace"},
      {"namespace_with_ipsets", accepted, "no ipsets are used"},
      {"instance", accepted, "several daemons have several --run-dir", wants_word},
      {"use_pid_dir", accepted, "there are no files of process ids"},
      {"child_wait_time", accepted, "there are no child processes", takes_number<0, 4294967295>},
  };
}

std::vector<Keyword> track_group_keywords() {
  return {{"group", Status::Unsupported, "static addresses do not put virtual routers into fault", nullptr, Block::None,
           nullptr, true, [](Context& c) { c.warn("Warning - track group has empty group block"); }}};
}

std::vector<Keyword> ssl_keywords() {
  const auto ca = [](Context& c) {
    if (c.count() != 2) return c.warn("SSL ca missing");
    c.draft.tls.ca = c.words[1];
  };
  const auto certificate = [](Context& c) {
    if (c.count() != 2) return c.warn("SSL certificate missing");
    c.draft.tls.certificate = c.words[1];
  };
  const auto key = [](Context& c) {
    if (c.count() != 2) return c.warn("SSL key missing");
    c.draft.tls.key = c.words[1];
  };
  return {
      {"password", Status::Unsupported, "a key is read without a password", wants_word},
      {"ca", Status::Works, "certificates of authorities", ca},
      {"certificate", Status::Works, "the client's certificate", certificate},
      {"key", Status::Works, "its key", key},
  };
}

}  // namespace plenum::conf::keepalived
