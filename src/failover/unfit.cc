#include "failover/unfit.h"

#include <algorithm>

#include "base/duration_text.h"

namespace plenum::failover {

namespace {

// Between two times that main is told of one kind and source.
constexpr Duration kDistance = std::chrono::seconds(1);

bool same_addresses(const std::vector<net::Address>& a, const std::vector<net::Address>& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

}  // namespace

Unfit unfit_for(const Shape& shape, const proto::VrrpRead& read, const net::Address& source,
                const net::Address& destination, std::uint8_t ttl) {
  if (source == shape.source) return Unfit::OwnSource;
  if (read.advert.version != shape.version) return Unfit::Version;
  std::uint8_t least = proto::kVrrpTtl, most = proto::kVrrpTtl;
  if (shape.peers.empty()) {
    if (destination != shape.in->group) return Unfit::NotToGroup;
  } else {
    const auto peer = std::find_if(shape.peers.begin(), shape.peers.end(),
                                   [&](const Shape::Peer& one) { return one.address == source; });
    if (destination.is_multicast()) return Unfit::ToGroup;
    if (peer == shape.peers.end() && shape.check_source) return Unfit::Stranger;
    if (peer != shape.peers.end()) {
      least = peer->min_ttl;
      most = peer->max_ttl;
    }
  }
  if (ttl < least || ttl > most) return Unfit::Ttl;
  if (const auto& password = read.advert.password; password != shape.password) {
    if (!shape.password) return Unfit::APassword;
    return password ? Unfit::OtherPassword : Unfit::NoPassword;
  }
  if (shape.version == 2 && read.advert.interval != shape.interval) return Unfit::Interval;
  if (shape.check_addresses && !same_addresses(read.advert.addresses, shape.addresses)) return Unfit::Addresses;
  return Unfit::None;
}

Count unfit_count(Unfit why) {
  switch (why) {
    case Unfit::Version:
      return Count::VersionErrors;
    case Unfit::Ttl:
      return Count::TtlErrors;
    case Unfit::OtherPassword:
    case Unfit::NoPassword:
    case Unfit::APassword:
      return Count::AuthenticationErrors;
    case Unfit::Interval:
      return Count::IntervalErrors;
    case Unfit::Addresses:
      return Count::AddressListErrors;
    case Unfit::None:
    case Unfit::NotToGroup:
    case Unfit::ToGroup:
    case Unfit::Stranger:
    case Unfit::OwnSource:
      break;
  }
  return Count::SourceErrors;
}

UnfitLedger::Entry* UnfitLedger::add(const UnfitAdverts& one) {
  auto* entry = &entries_.front();
  for (auto& have : entries_) {
    const bool same = have.adverts.why == one.why && have.adverts.source == one.source;
    if (same || have.adverts.heard < entry->adverts.heard) entry = &have;
    if (same) break;
  }
  auto& adverts = entry->adverts;
  if (adverts.why != one.why || adverts.source != one.source) {
    if (adverts.why != Unfit::None && one.heard - adverts.heard < kUnfitQuiet) return nullptr;
    *entry = {};
  }
  const auto count = adverts.count + 1;
  adverts = one;
  adverts.count = count;
  return one.heard < entry->due ? nullptr : entry;
}

void UnfitLedger::told(Entry& entry) {
  entry.adverts.count = 0;
  entry.due = entry.adverts.heard + kDistance;
}

std::string unfit_text(const UnfitAdverts& adverts, const conf::VirtualRouter& conf) {
  switch (adverts.why) {
    case Unfit::None:
      break;
    case Unfit::Version:
      return "it speaks version " + std::to_string(adverts.theirs) + ", this one " + std::to_string(conf.version);
    case Unfit::NotToGroup:
      return "it sends to this host alone, and this one has no peers";
    case Unfit::ToGroup:
      return "it sends to the group, and this one has peers";
    case Unfit::Stranger:
      return "it is none of the peers";
    case Unfit::Ttl:
      return "they come with TTL " + std::to_string(adverts.theirs) + ", through a router";
    case Unfit::OtherPassword:
      return "it has another password";
    case Unfit::NoPassword:
      return "it has no password";
    case Unfit::APassword:
      return "it has a password, and this one has none";
    case Unfit::Interval:
      return "it advertises every " + milliseconds_text(adverts.interval) + ", this one every " +
             milliseconds_text(conf.advert);
    case Unfit::Addresses:
      return "it has other addresses";
    case Unfit::OwnSource:
      return "they bear this host's own address";
  }
  return "";
}

std::string unfit_mend(Unfit why) {
  switch (why) {
    case Unfit::None:
      break;
    case Unfit::Version:
      return "give all of them the same version";
    case Unfit::NotToGroup:
    case Unfit::ToGroup:
      return "give all of them peers, or none";
    case Unfit::Stranger:
      return "add it to the peers, or have it send from the address that is among them (source)";
    case Unfit::Ttl:
      return "have both on one link, or by peers allow for less (peer_ttl)";
    case Unfit::OtherPassword:
    case Unfit::NoPassword:
    case Unfit::APassword:
      return "give all of them the same password";
    case Unfit::Interval:
      return "version 2 wants the same interval (advert) of all of them";
    case Unfit::Addresses:
      return "give all of them the same addresses, or do not compare them (check_addresses)";
    case Unfit::OwnSource:
      return "give each host an address of its own; if it has, something on the link sends back what it gets";
  }
  return "";
}

}  // namespace plenum::failover
