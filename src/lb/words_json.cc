#include "lb/words_json.h"

#include <map>

namespace plenum::lb {

namespace {

void write_word(JsonWriter& out, const conf::ServerKey& key, const ServerWord& word, const SavedClock& clock) {
  out.begin_object();
  out.member("address", key.address.text());
  out.member("port", key.port);
  out.member("down", word.down);
  if (word.down || word.effect != ServerWord{}.effect) out.member("effect", static_cast<int>(word.effect));
  if (word.down) {
    out.member("why", word.why);
    out.member("damped", word.damped);
    out.member("ago", clock.ago(word.since));
    if (word.cut_at) out.member("cut_in", clock.left(*word.cut_at));
    if (word.cut) out.member("cut", true);
  }
  if (word.weight) out.member("weight", *word.weight);
  if (word.more != 0) out.member("more", word.more);
  // A slow start is not gone on with: its time passes while nobody minds it.
  out.end_object();
}

ServerWord word_from(StateReader& in, const Json& json) {
  ServerWord out;
  in.get(json, "down", out.down);
  std::int64_t effect = 0, weight = 0;
  in.get_integer(json, "effect", effect, 0, static_cast<int>(conf::OnFailure::Inhibit));
  out.effect = static_cast<conf::OnFailure>(effect);
  in.get(json, "why", out.why);
  in.get(json, "damped", out.damped);
  if (out.down) out.since = in.past(json, "ago");
  out.cut_at = in.deadline(json, "cut_in");
  in.get(json, "cut", out.cut);
  if (json.contains("weight")) {
    in.get_integer(json, "weight", weight, 0, INT32_MAX);
    out.weight = static_cast<std::int32_t>(weight);
  }
  in.get(json, "more", out.more);
  return out;
}

}  // namespace

void write_words(JsonWriter& out, const HealthWords& words, const SavedClock& clock) {
  out.begin_array();
  // In an order, so that the same words are the same text.
  std::map<conf::ServiceKey, const ServiceWord*> services;
  for (const auto& [key, word] : words) services[key] = &word;
  for (const auto& [key, word] : services) {
    out.line();
    out.begin_object();
    conf::Service service;
    service.key = key;
    write_members(out, service);
    out.member("below_quorum", word->below_quorum);
    if (word->sorry) {
      out.key("sorry").begin_object();
      write_members(out, *word->sorry);
      out.end_object();
    }
    std::map<conf::ServerKey, const ServerWord*> servers;
    for (const auto& [server, its] : word->servers) servers[server] = &its;
    out.key("servers").begin_array();
    for (const auto& [server, its] : servers) write_word(out, server, *its, clock);
    out.end_array();
    out.end_object();
  }
  out.end_array();
}

HealthWords words_from(StateReader& in, const Json& json) {
  HealthWords out;
  for (const auto& one : in.array(json, "health")) {
    const auto key = in.service(one).key;
    ServiceWord word;
    if (!in.ok()) break;
    in.get(one, "below_quorum", word.below_quorum);
    if (const auto* sorry = in.object(one, "sorry")) word.sorry = in.server(*sorry);
    for (const auto& row : in.array(one, "servers")) {
      const auto server = in.server(row).key;
      if (!in.ok()) return out;
      word.servers[server] = word_from(in, row);
    }
    out[key] = std::move(word);
  }
  return out;
}

}  // namespace plenum::lb
