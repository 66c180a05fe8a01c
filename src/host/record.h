#pragma once
// What a setup changed and how it was before, so that it can be undone: kept as JSON below
// the state directory, one file for the real server and one for the director. What was
// recorded first stays: a second setup never takes its own work for the original.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/action.h"
#include "host/view.h"

namespace plenum::host {

// Where and when something was set up: settings and addresses belong to one network namespace
// (a container's is new each time it starts), mounts to one boot.
struct Where {
  std::string boot_id;
  std::uint64_t netns = 0;  // the kernel's cookie of it, unique within a boot
  bool operator==(const Where&) const = default;
};

struct Record {
  // What was asked for.
  std::set<net::Address> vips;
  std::set<std::string> interfaces;
  Tunnels tunnels;
  std::string bpf_dir;  // where the pins are
  bool persist = false;
  bool nat = false;  // director only

  // What was there before; only of what was changed.
  Sysctls sysctls;
  std::map<std::string, std::optional<std::string>> files;      // none: there was no such file
  std::map<std::string, std::map<std::string, bool>> offloads;  // by interface, then feature
  std::set<std::string> links;                                  // that were down
  std::vector<AddAddress> addresses;                            // that were added
  std::string mounted_at;                                       // of a BPF file system mounted for the pins; "" none
  Where where;

  bool operator==(const Record&) const = default;
};

// The record after `actions`, planned from `view`, are carried out.
Record remember(Record record, const std::vector<Action>& actions, const View& view);

// What `record` says about a host that is now at `where`: one made in another network
// namespace of this boot is about another host, and only the files it names are shared; one
// of an earlier boot is about this host.
Record seen_from(const Record& record, const Where& where);

// What puts everything back as it was, in an order in which a VIP is never announced: what
// is already so is left out.
std::vector<Action> undo(const Record& record, const View& view);

std::string to_json(const Record& record);
Result<Record> from_json(const std::string& text);

// None: nothing was ever set up (or all of it undone).
Result<std::optional<Record>> load_record(const std::string& path);
// Written beside and moved into place, its directory made.
Result<> save_record(const std::string& path, const Record& record);
Result<> remove_record(const std::string& path);

}  // namespace plenum::host
