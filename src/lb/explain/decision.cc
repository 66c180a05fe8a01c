#include "lb/explain/decision.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "lb/abi_values.h"

namespace plenum::lb {

namespace {

constexpr std::uint16_t kFtp = 21, kFtpData = 20, kFirstFreePort = 1024;
constexpr std::uint32_t kLinkHeader = 14;

bool is_over(std::uint8_t protocol, std::uint32_t state) {
  if (protocol == IPPROTO_TCP) return state == PL_TCP_TIME_WAIT || state == PL_TCP_CLOSE;
  return protocol == IPPROTO_SCTP && state == PL_SCTP_CLOSED;
}

bool in_prefix(const pl_addr& a, const pl_addr& prefix, const pl_addr& mask) {
  for (int i = 0; i < 4; ++i)
    if (((a.w[i] ^ prefix.w[i]) & mask.w[i]) != 0) return false;
  return true;
}

bool matches_but_interface(const pl_mark_rule& rule, const Probe& probe, const pl_addr& source,
                           const pl_addr& destination) {
  const auto port = probe.destination.port;
  return (rule.proto == 0 || rule.proto == probe.protocol) && port >= rule.first_port && port <= rule.last_port &&
         in_prefix(destination, rule.destination, rule.destination_mask) &&
         in_prefix(source, rule.source, rule.source_mask);
}

class Walk {
 public:
  Walk(const PlaneView& view, const Probe& probe, std::uint32_t now)
      : view_(view),
        probe_(probe),
        now_(now),
        source_(abi_address(probe.source.address)),
        destination_(abi_address(probe.destination.address)),
        family_(abi_family(probe.destination.address.family())) {}

  Decision run() {
    if (tuned(PL_TUNE_PASS)) return backup();
    if (connection()) return out_;
    find_service();
    if (out_.service == 0) return end(PL_NOT_OURS);
    begin();
    return out_;
  }

 private:
  Decision end(pl_reason verdict) {
    out_.verdict = verdict;
    return out_;
  }

  // bpf/takeover.h
  [[nodiscard]] bool taking_over() const {
    const auto until = view_.settings->takeover;
    return until != 0 && static_cast<std::int32_t>(until - now_) > 0;
  }
  [[nodiscard]] bool tuned(pl_tuning bit) const { return (view_.settings->tuning & bit) != 0; }

  // Only answers of its own servers are this director's business while it is the backup.
  Decision backup() {
    end(PL_BACKUP);
    answer();
    return out_;
  }

  // bpf/tuning.h: begins_another()
  [[nodiscard]] bool begins_another(const FoundEntry& entry) const {
    if (!first() || probe_.protocol == IPPROTO_UDP || !tuned(PL_TUNE_REUSE)) return false;
    if (tuned(PL_TUNE_EXPIRE_NODEST) && entry.conn.server < view_.servers.size() &&
        view_.servers[entry.conn.server].weight == 0)
      return true;
    if (entry.conn.control != 0) return false;
    return is_over(probe_.protocol, entry.state()) ||
           (tuned(PL_TUNE_REUSE_FIN) && probe_.protocol == IPPROTO_TCP && entry.state() == PL_TCP_FIN_WAIT &&
            entry.conn.forward != PL_FWD_MASQ);
  }

  [[nodiscard]] bool may_begin() const {
    if (first()) return true;
    return tuned(probe_.protocol == IPPROTO_TCP ? PL_TUNE_SLOPPY_TCP : PL_TUNE_SLOPPY_SCTP);
  }

  // drop_packet: of those that would begin a connection every so many-th is dropped.
  [[nodiscard]] bool defence_drops() const {
    const auto rate = view_.settings->drop_rate;
    return rate != 0 && (view_.settings->drop_counter + 1) % rate == 0;
  }

  [[nodiscard]] bool first() const { return probe_.first || probe_.protocol == IPPROTO_UDP; }

  // Whether a connection that is there says all.
  bool connection() {
    EntryKey key{
        source_, destination_, htons(probe_.source.port), htons(probe_.destination.port), probe_.protocol, family_,
        false,   false};
    if (const auto found = find_entry(view_, key, now_)) {
      out_.connection = found;
      out_.reused = begins_another(*found);
      if (out_.reused) return false;
      const auto server = server_of(view_, *found);
      out_.expired = server == 0 && tuned(PL_TUNE_EXPIRE_NODEST);
      if (out_.expired) return false;
      if (server == 0)
        end(PL_DROP_SERVER_GONE);
      else
        forward(server);
      return true;
    }
    return answer();
  }

  // Whether the packet is an answer of a NAT server.
  bool answer() {
    if (!may_be_nat_server(view_, source_)) return false;
    const EntryKey key{
        destination_, source_, htons(probe_.destination.port), htons(probe_.source.port), probe_.protocol, family_,
        true,         false};
    const auto found = find_entry(view_, key, now_);
    if (!found) return is_stray();
    out_.connection = found;
    out_.answer = true;
    out_.server = found->conn.server;
    // The way back to the client is the kernel's to say, packet by packet.
    end(probe_.ttl <= 1 ? PL_REPLY_TTL : PL_FORWARD_NAT_REPLY);
    return true;
  }

  // bpf/stray.h: what is of no connection, from where a NAT server sends its answers.
  bool is_stray() {
    if (tuned(PL_TUNE_PASS) || !(taking_over() || tuned(PL_TUNE_NAT_ICMP_SEND))) return false;
    pl_service_key key{source_, htons(probe_.source.port), probe_.protocol, family_};
    auto id = view_.real(key);
    key.proto = 0;
    if (id == 0) id = view_.real(key);
    if (id == 0 || id >= view_.servers.size()) return false;
    const auto& server = view_.servers[id];
    if ((server.flags & PL_SERVER_AVAILABLE) == 0 || server.port != key.port || server.next_hop == 0 ||
        !std::ranges::equal(server.addr.w, source_.w))
      return false;
    end(taking_over() ? PL_DROP_TAKEOVER : PL_REPLY_STRAY);
    return true;
  }

  void find_mark() {
    out_.mark = probe_.mark;
    if (out_.mark != 0 || (view_.settings->lookups & PL_LOOKUP_MARK) == 0) return;
    const auto first = static_cast<std::uint32_t>(view_.settings->mark_rules >> 32);
    const auto count = static_cast<std::uint32_t>(view_.settings->mark_rules);
    for (std::uint32_t i = 0; i < count && first + i < view_.marks.size(); ++i) {
      const auto& rule = view_.marks[first + i];
      if (!matches_but_interface(rule, probe_, source_, destination_)) continue;
      if (rule.ifindex != 0 && rule.ifindex != probe_.ifindex) {
        if (probe_.ifindex == 0 && out_.interface_rule == 0) out_.interface_rule = i + 1;
        continue;
      }
      out_.mark = rule.mark;
      out_.mark_rule = i + 1;
      return;
    }
  }

  bool found(const pl_service_key& key, FoundBy by) {
    out_.service = view_.service(key);
    if (out_.service >= view_.services.size()) out_.service = 0;
    if (out_.service != 0) out_.found_by = by;
    return out_.service != 0;
  }

  void find_service() {
    find_mark();
    pl_service_key key{};
    key.family = family_;
    if (out_.mark != 0) {
      pl_mark_addr(&key.addr, out_.mark, family_);
      if (found(key, FoundBy::Mark)) return;
    }
    key.addr = destination_;
    key.port = htons(probe_.destination.port);
    key.proto = probe_.protocol;
    if (found(key, FoundBy::Port)) return;
    const auto port = probe_.destination.port;
    key.port = htons(kFtp);
    const auto lookups = view_.settings->lookups;
    if ((lookups & PL_LOOKUP_FTP) != 0 && probe_.protocol == IPPROTO_TCP &&
        (port == kFtpData || port >= kFirstFreePort) && found(key, FoundBy::Ftp))
      return;
    key.port = 0;
    if ((lookups & PL_LOOKUP_ANY_PORT) != 0) found(key, FoundBy::AnyPort);
  }

  // bpf/begin.h: no_server()
  pl_reason nobody(const pl_service& service) {
    out_.bypassed = service.key.proto == 0 && tuned(PL_TUNE_CACHE_BYPASS);
    if (out_.bypassed) return PL_NOT_OURS;
    return service.key.port == htons(kFtp) && probe_.destination.port != kFtp ? PL_NOT_OURS : PL_REPLY_NO_SERVER;
  }

  void begin() {
    const auto& service = view_.services[out_.service];
    if (!may_begin()) return void(end(taking_over() ? PL_DROP_TAKEOVER : PL_NO_SYN));
    if (defence_drops()) return void(end(PL_DROP_DEFENCE));
    if (probe_.source.port == kFtpData) return void(end(PL_FTP_DATA));
    out_.one_packet = (service.flags & PL_SERVICE_ONE_PACKET) != 0 && probe_.protocol == IPPROTO_UDP;
    if (service.persist_ticks != 0) {
      find_affinity(service);
      if (out_.affinity == Affinity::CallIdWrong) return void(end(PL_DROP_NO_CALL_ID));
      if (out_.affinity == Affinity::Kept) return forward(out_.persistent->conn.server);
    } else if (service.key.proto != 0 && service.key.port != htons(probe_.destination.port)) {
      out_.other_port = true;
      return void(end(nobody(service)));
    }
    out_.choice = choose(asked());
    out_.foretold = out_.choice->foretold && out_.affinity != Affinity::CallId;
    if (!out_.choice->foretold) return any_of(service);
    if (out_.choice->server == 0) return void(end(nobody(service)));
    forward(out_.choice->server);
  }

  [[nodiscard]] Asked asked() const {
    const bool ended = out_.connection && (out_.reused || out_.expired);
    return {.view = view_,
            .probe = probe_,
            .service = out_.service,
            .now = now_,
            .ended = ended ? out_.connection->conn.server : 0,
            .ended_active = ended && (out_.connection->word & PL_WORD_ACTIVE) != 0};
  }

  // The verdict of the first candidate, where the one cannot be named.
  void any_of(const pl_service& service) {
    const auto& all = out_.choice->candidates;
    std::optional<pl_reason> first;
    for (const auto& c : all) {
      if (c.overloaded) continue;
      forward(c.server);
      if (first && *first != out_.verdict) out_.verdicts_differ = true;
      if (!first) first = out_.verdict;
    }
    end(first ? *first : nobody(service));
    out_.server = 0;
    out_.mtu = 0;
  }

  void find_affinity(const pl_service& service) {
    out_.client = source_;
    mask(out_.client, service.persist_mask);
    if ((service.flags & PL_SERVICE_SIP) != 0) {
      out_.affinity = probe_.protocol == IPPROTO_UDP ? Affinity::CallId : Affinity::CallIdWrong;
      return;
    }
    EntryKey key{.client = out_.client,
                 .other = service.key.proto != 0 ? destination_ : service.key.addr,
                 .other_port = service.key.port == htons(kFtp) ? std::uint16_t{0} : service.key.port,
                 .protocol = service.key.proto,
                 .family = family_,
                 .is_template = true};
    if (out_.connection && (out_.reused || out_.expired)) key.released = out_.connection->conn.control;
    out_.persistent = find_entry(view_, key, now_);
    if (!out_.persistent) {
      key.ended = true;
      out_.persistent = find_entry(view_, key, now_);
      out_.affinity = out_.persistent ? Affinity::Over : Affinity::New;
      return;
    }
    const auto server = server_of(view_, *out_.persistent);
    if (server == 0)
      out_.affinity = Affinity::ServerGone;
    else if (tuned(PL_TUNE_EXPIRE_QUIESCENT) && view_.servers[server].weight == 0)
      out_.affinity = Affinity::Quiescent;
    else
      out_.affinity = Affinity::Kept;
  }

  void mask(pl_addr& client, std::uint32_t bits) const {
    if (family_ != 6) {
      client.w[3] &= bits;
      return;
    }
    for (std::uint32_t i = 0; i < 4; ++i) {
      const auto kept = bits > i * 32 ? bits - i * 32 : 0;
      if (kept < 32) client.w[i] &= kept != 0 ? htonl(~0u << (32 - kept)) : 0;
    }
  }

  void forward(std::uint32_t id) {
    out_.server = id;
    const auto& server = view_.servers[id];
    const auto* hop = server.next_hop < view_.next_hops.size() ? &view_.next_hops[server.next_hop] : nullptr;
    if (hop != nullptr && hop->ifindex == 0) hop = nullptr;
    if ((server.flags & PL_SERVER_LOCAL) != 0 || server.forward == PL_FWD_LOCAL) return void(end(PL_LOCAL));
    const auto outer = tunnel_overhead(server);
    if (hop != nullptr) out_.mtu = hop->mtu > outer ? hop->mtu - outer : 0;
    const bool nat = server.forward == PL_FWD_MASQ, tunnel = server.forward == PL_FWD_TUNNEL;
    if (hop == nullptr && !nat) return void(end(PL_DROP_NO_NEXT_HOP));
    if (probe_.ttl <= 1) return void(end(PL_REPLY_TTL));
    const auto room = hop != nullptr ? hop->mtu : 0xffffu;
    if (probe_.length + outer > room) {
      const bool ignore_df = tunnel && (server.flags & PL_SERVER_IGNORE_DF) != 0;
      if (family_ == 6 || (!probe_.may_be_fragmented && !ignore_df)) return void(end(PL_REPLY_TOO_BIG));
      if (!nat && may_be_cut()) return void(end(PL_TOO_BIG_CUT));
      return void(end(nat || (tunnel && server.family != 6) ? PL_FORWARD_STACK : PL_DROP_TOO_BIG));
    }
    if (nat) return void(end(hop != nullptr ? PL_FORWARD_NAT : PL_FORWARD_STACK));
    end(tunnel ? PL_FORWARD_TUNNEL : PL_FORWARD_DR);
  }

  // Whether the program hands the packet, too large for its path, to the daemon (bpf/hand_over.h).
  [[nodiscard]] bool may_be_cut() const {
    return probe_.may_be_fragmented && kLinkHeader + probe_.length <= PL_FRAME_MOST && view_.frame_keeper != nullptr &&
           static_cast<std::int32_t>(view_.frame_keeper->until - now_) > 0;
  }

  const PlaneView& view_;
  const Probe& probe_;
  std::uint32_t now_;
  pl_addr source_, destination_;
  std::uint8_t family_;
  Decision out_;
};

}  // namespace

std::uint32_t tunnel_overhead(const pl_server& server) {
  if (server.forward != PL_FWD_TUNNEL) return 0;
  const std::uint32_t ip = server.family == 6 ? 40 : 20;
  switch (server.tunnel) {
    case PL_TUN_GUE:
      return ip + 12;
    case PL_TUN_GRE:
      return ip + ((server.tunnel_flags & PL_TUN_CSUM) != 0 ? 8 : 4);
    default:
      return ip;
  }
}

Decision decide(const PlaneView& view, const Probe& probe, std::uint32_t now) { return Walk(view, probe, now).run(); }

}  // namespace plenum::lb
