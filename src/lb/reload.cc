#include "lb/reload.h"

#include <unordered_map>

namespace plenum::lb {
namespace {

// Turns the plan between two files into steps that the running table takes.
class Reload {
 public:
  Reload(const Table& running, const std::vector<conf::Service>& next_file, TimePoint now)
      : out_{running, {}, {}}, now_(now) {
    for (const auto& service : next_file) next_.emplace(Table::normal(service.key), &service);
  }

  Result<> operator()(const AddService& s) {
    const auto* there = out_.table.find(s.service.key);
    return there ? take(EditService{s.service}) : take(s);
  }
  Result<> operator()(const EditService& s) {
    return out_.table.find(s.service.key) ? take(s) : bring_back(s.service.key);
  }
  Result<> operator()(const RemoveService& s) { return out_.table.find(s.key) ? take(s) : Result<>{}; }
  Result<> operator()(const AddServer& s) {
    if (!out_.table.find(s.service)) return bring_back(s.service);
    const auto* there = out_.table.find(s.service, s.server.key);
    return there && !there->draining() ? take(EditServer{s.service, s.server}) : take(s);
  }
  Result<> operator()(const EditServer& s) {
    if (!out_.table.find(s.service)) return bring_back(s.service);
    const auto* there = out_.table.find(s.service, s.server.key);
    return there && !there->draining() ? take(s) : take(AddServer{s.service, s.server});
  }
  Result<> operator()(const RemoveServer& s) {
    const auto* there = out_.table.find(s.service, s.server);
    return there && !there->draining() ? take(s) : Result<>{};
  }
  Result<> operator()(const Clear& s) { return take(s); }
  Result<> operator()(const Zero& s) { return take(s); }

  Reloaded finish() && { return std::move(out_); }

 private:
  // An operator had removed the service that the file now changes: as the file has it.
  Result<> bring_back(const conf::ServiceKey& key) {
    const auto& service = *next_.at(Table::normal(key));
    for (const auto& step : plan({}, {service})) PLENUM_CHECK(take(step), "service " + service.name);
    return {};
  }

  Result<> take(const Step& step) {
    auto outcome = outcome_of(step);
    auto line = outcome ? describe(*outcome, out_.table) : std::string();
    auto applied = out_.table.apply(step, Origin{now_});
    if (!applied) return tl::unexpected(std::move(applied).error().in(describe(step)));
    if (!outcome) return {};
    out_.steps.push_back(*std::move(outcome));
    out_.lines.push_back(std::move(line));
    return {};
  }

  // The step with the values that will be in force: an operator's override may go on in
  // fields the file left alone. None where nothing changes (but who said it).
  [[nodiscard]] std::optional<Step> outcome_of(const Step& step) const {
    if (const auto* s = std::get_if<EditService>(&step)) {
      Governed<conf::Service> entry = *out_.table.find(s->service.key);
      const auto before = entry.spec;
      file_says(entry, s->service);
      if (entry.spec == before) return std::nullopt;
      return EditService{entry.spec};
    }
    if (const auto* s = std::get_if<EditServer>(&step)) {
      Governed<conf::Server> entry = *out_.table.find(s->service, s->server.key);
      const auto before = entry.spec;
      file_says(entry, s->server);
      if (entry.spec == before) return std::nullopt;
      return EditServer{s->service, entry.spec};
    }
    return step;
  }

  Reloaded out_;
  TimePoint now_;
  std::unordered_map<conf::ServiceKey, const conf::Service*, KeyHash> next_;
};

// "weight 1 -> 3" for each field that differs.
class Changes {
 public:
  template <class T>
  Changes& field(const char* name, const T& from, const T& to) {
    if (from == to) return *this;
    text_ += text_.empty() ? " " : ", ";
    text_ += std::string(name) + " " + shown(from) + " -> " + shown(to);
    return *this;
  }
  [[nodiscard]] std::string text() const { return text_.empty() ? " unchanged" : text_; }

 private:
  static std::string shown(const std::string& value) { return value.empty() ? "(none)" : value; }
  static std::string shown(bool value) { return value ? "on" : "off"; }
  static std::string shown(conf::Forward value) { return conf::name_of(value); }
  static std::string shown(const conf::Tunnel& value) { return conf::text_of(value); }
  template <std::integral T>
  static std::string shown(T value) {
    return std::to_string(value);
  }

  std::string text_;
};

// "600 s mask 255.255.255.0 engine sip"
std::string persistence_of(const conf::Service& service) {
  if (!service.persistence) return "";
  const auto& p = *service.persistence;
  std::string out = std::to_string(p.timeout) + " s";
  if (service.key.family == net::Family::V6) {
    if (p.netmask != 128) out += " prefix " + std::to_string(p.netmask);
  } else if (p.netmask != 0xffffffff) {
    out += " mask " + net::Address::v4(p.netmask).text();
  }
  if (!p.engine.empty()) out += " engine " + p.engine;
  return out;
}

std::string called(const conf::Server& server) { return server.name.empty() ? server.key.text() : server.name; }

std::string called(const Table& table, const conf::ServiceKey& key) {
  const auto* entry = table.find(key);
  return entry && !entry->spec.name.empty() ? entry->spec.name : key.text();
}

}  // namespace

Result<Reloaded> reload(const Table& running, const std::vector<conf::Service>& last_file,
                        const std::vector<conf::Service>& next_file, TimePoint now) {
  Reload reload(running, next_file, now);
  for (const auto& step : plan(last_file, next_file)) {
    auto done = std::visit(reload, step);
    if (!done) return tl::unexpected(std::move(done).error());
  }
  return std::move(reload).finish();
}

std::string describe(const Step& step, const Table& before) {
  if (const auto* s = std::get_if<EditService>(&step)) {
    if (const auto* entry = before.find(s->service.key)) {
      const auto& a = entry->spec;
      const auto& b = s->service;
      return "service " + called(before, a.key) + ":" +
             Changes()
                 .field("name", a.name, b.name)
                 .field("scheduler", a.scheduler, b.scheduler)
                 .field("flags", a.scheduler_flags, b.scheduler_flags)
                 .field("persistence", persistence_of(a), persistence_of(b))
                 .field("one-packet", a.one_packet, b.one_packet)
                 .field("drain", a.drain, b.drain)
                 .text();
    }
  }
  if (const auto* s = std::get_if<EditServer>(&step)) {
    if (const auto* entry = before.find(s->service, s->server.key)) {
      const auto a = entry->effective();
      const auto& b = s->server;
      return called(before, s->service) + ": server " + called(a) + ":" +
             Changes()
                 .field("name", a.name, b.name)
                 .field("weight", a.weight, b.weight)
                 .field("forward", a.forward, b.forward)
                 .field("tunnel", a.tunnel, b.tunnel)
                 .field("upper", a.upper, b.upper)
                 .field("lower", a.lower, b.lower)
                 .text();
    }
  }
  // The other steps say it all themselves, but for the names only the table knows.
  auto line = describe(step);
  const auto key = service_of(step);
  if (!key) return line;
  const auto at = line.find(key->text());
  const auto name = called(before, *key);
  if (at == 0) return line.replace(0, key->text().size(), name);
  if (std::holds_alternative<RemoveService>(step) && name != key->text()) line.insert(at, name + " ");
  return line;
}

}  // namespace plenum::lb
