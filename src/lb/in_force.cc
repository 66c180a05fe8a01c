#include "lb/in_force.h"

#include <algorithm>
#include <limits>

namespace plenum::lb {

namespace {

// IPVS's greatest weight.
constexpr std::int64_t kMostWeight = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::int32_t weight_in_force(std::int32_t wanted, bool by_hand, const ServerWord* word) {
  // Who forces a weight by hand means that one. The file's 0 is one to start from, as others are.
  if (word == nullptr || by_hand) return wanted;
  std::int64_t weight = word->weight.value_or(wanted);
  weight = std::clamp<std::int64_t>(weight + word->more, 0, kMostWeight);
  if (weight == 0 || word->share >= ServerWord::kWhole) return static_cast<std::int32_t>(weight);
  return static_cast<std::int32_t>(std::max<std::int64_t>(1, weight * word->share / ServerWord::kWhole));
}

bool weight_by_hand(const ServerEntry& entry) {
  if (entry.draining() || (entry.added && entry.spec.weight == 0)) return true;
  return entry.override_ && entry.override_->before.weight != entry.spec.weight;
}

conf::Server ServerInForce::server() const {
  auto out = *wanted;
  out.weight = weight;
  return out;
}

ServerInForce in_force(const ServerEntry& entry, const ServerWord* word, const ServiceWord* service) {
  ServerInForce out{&entry.spec, weight_in_force(entry.weight(), weight_by_hand(entry), word), Standing::In, false};
  if (entry.draining()) out.standing = Standing::Draining;
  if (word != nullptr && word->down) {
    out.weight = 0;
    if (word->effect == conf::OnFailure::Remove || word->cut)
      out.standing = Standing::Out;
    else if (word->effect == conf::OnFailure::Drain)
      out.standing = Standing::Draining;
    return out;
  }
  // Not one that is drained: it goes on until its end as it is.
  if (service == nullptr || !service->sorry_takes_all() || out.standing != Standing::In) return out;
  if (word != nullptr && word->effect == conf::OnFailure::Inhibit)
    out.weight = 0;
  else
    out.standing = Standing::Out;
  return out;
}

ServiceInForce in_force(const ServiceEntry& entry, const ServiceWord* word) {
  ServiceInForce out{&entry.spec, {}};
  out.servers.reserve(entry.servers.size() + 1);
  const auto* sorry = word != nullptr && word->sorry ? &*word->sorry : nullptr;
  const bool takes_all = sorry != nullptr && word->sorry_takes_all();
  for (const auto& server : entry.servers) {
    // A sorry server that is one of the servers, too, is there once.
    if (sorry != nullptr && sorry->key == server.spec.key) {
      if (takes_all) continue;
      sorry = nullptr;
    }
    const ServerWord* of_server = nullptr;
    if (word != nullptr)
      if (const auto at = word->servers.find(server.spec.key); at != word->servers.end()) of_server = &at->second;
    out.servers.push_back(in_force(server, of_server, word));
  }
  if (sorry != nullptr) out.servers.push_back({sorry, takes_all ? sorry->weight : 0, Standing::In, true});
  return out;
}

void take_in(ServiceWord& word, ServiceWord next, Duration drain, TimePoint now) {
  for (auto& [key, server] : next.servers) {
    if (!server.down || server.effect != conf::OnFailure::Drain) continue;
    const auto before = word.servers.find(key);
    if (before != word.servers.end() && before->second.down && before->second.cut_at) {
      server.cut_at = before->second.cut_at;
      server.cut = before->second.cut;
    } else {
      server.cut_at = now + drain;
    }
  }
  word = std::move(next);
}

bool cut_drains(ServiceWord& word, const conf::ServiceKey& service, TimePoint now,
                const Table::ConnectionsOf& connections_of) {
  bool any = false;
  for (auto& [key, server] : word.servers) {
    if (!server.cut_at || server.cut || (now < *server.cut_at && connections_of(service, key) != 0)) continue;
    server.cut = any = true;
  }
  return any;
}

}  // namespace plenum::lb
