// lblc and lblcr: where the destination was sent lately, and when that counts no more.

#include "bpf/locality.h"

#include <algorithm>

#include "lb/abi_values.h"
#include "lb/explain/schedulers.h"
#include "lb/explain/text.h"

namespace plenum::lb {

namespace {

// The maps in the form that what both sides compile takes them in; nothing there writes.
class Maps {
 public:
  explicit Maps(const Asked& asked) : loads_(asked.view.loads.begin(), asked.view.loads.end()) {
    const auto& view = asked.view;
    if (asked.ended < loads_.size()) loads_[asked.ended] = load_of(asked, asked.ended);
    maps_ = {const_cast<pl_row*>(view.members.data()),        loads_.data(),
             const_cast<pl_server*>(view.servers.data()),     const_cast<pl_service*>(view.services.data()),
             static_cast<std::uint32_t>(view.members.size()), static_cast<std::uint32_t>(view.servers.size()),
             static_cast<std::uint32_t>(view.services.size())};
  }
  [[nodiscard]] pl_view view() const { return &maps_; }

 private:
  std::vector<pl_load> loads_;
  pl_maps maps_{};
};

class Destination {
 public:
  Destination(const Asked& asked, Choice& out, std::uint32_t expiration)
      : asked_(asked), out_(out), service_(asked.view.services[asked.service]), maps_(asked) {
    const auto& to = asked.probe.destination.address;
    const auto known = asked.view.locality({abi_address(to), asked.service, service_.epoch});
    if (known) known_ = *known;
    // A packet may have come meanwhile.
    idle_ = static_cast<std::uint32_t>(std::max(static_cast<std::int32_t>(asked.now - known_.used), 0));
    if (known_.count == 0) {
      out.why = to.text() + " was not sent anywhere yet";
    } else if (idle_ >= expiration) {
      known_.count = 0;
      out.why = "where " + to.text() + " went was last asked " + time_text(idle_) + " ago, and is forgotten after " +
                time_text(expiration);
    } else {
      out.why = to.text() + " goes to " + names();
      ends_in_ = expiration - idle_;
    }
  }

  [[nodiscard]] const pl_locality& known() const { return known_; }
  [[nodiscard]] std::uint32_t idle_set(std::uint32_t now) const { return now - known_.changed; }
  // 0: none.
  std::uint32_t pick(bool most) { return pl_locality_pick(maps_.view(), &known_, most ? 1 : 0); }
  [[nodiscard]] bool is_there(std::uint32_t i) const {
    return pl_known_server(maps_.view(), &known_.server[i]) != nullptr;
  }
  [[nodiscard]] const pl_load* load(std::uint32_t server) const { return pl_load_at(maps_.view(), server); }
  [[nodiscard]] bool crowded(std::uint32_t server) const {
    return pl_locality_crowded(pl_load_at(maps_.view(), server), const_cast<pl_service*>(&service_)) != 0;
  }
  [[nodiscard]] std::string name(std::uint32_t server) const {
    return server_text(asked_.view, server, asked_.probe.destination.port);
  }

  std::uint32_t stay(std::uint32_t server) {
    out_.why += "; forgotten after " + time_text(ends_in_) + " without another connection";
    return server;
  }
  // To the least loaded of all, for this reason; empty: it was said.
  std::uint32_t leave(const std::string& reason) {
    out_.why += (reason.empty() ? "" : ", which " + reason) + std::string("; now to the least loaded of all");
    return choose_least(asked_, out_);
  }
  [[nodiscard]] std::string crowded_text(std::uint32_t server) const {
    const auto* l = load(server);
    return "has " + std::to_string(l->active) + " active connections with weight " + std::to_string(l->weight) +
           ", while " + std::to_string(service_.roomy) + " servers have less than half of theirs";
  }

 private:
  [[nodiscard]] std::string names() const {
    std::string out;
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(known_.count, PL_LOCALITY_SERVERS); ++i)
      out += (i != 0 ? ", " : "") + (is_there(i) ? name(known_.server[i].server) : std::string("one that was removed"));
    return out;
  }

  const Asked& asked_;
  Choice& out_;
  const pl_service& service_;
  Maps maps_;
  pl_locality known_{};
  std::uint32_t idle_ = 0, ends_in_ = 0;
};

}  // namespace

std::uint32_t choose_known(const Asked& asked, Choice& out) {
  Destination to(asked, out, asked.view.settings->lblc_expiration);
  if (to.known().count == 0) return to.leave("");
  const auto server = to.known().server[0].server;
  const auto* load = to.load(server);
  if (!to.is_there(0) || load == nullptr) return to.leave("is there no more");
  if (load->weight == 0) return to.leave("has weight 0");
  if (to.crowded(server)) return to.leave(to.crowded_text(server));
  // Thresholds do not count here, as in IPVS.
  (void)choose_least(asked, out);
  return to.stay(server);
}

std::uint32_t choose_among_known(const Asked& asked, Choice& out) {
  const auto expiration = asked.view.settings->lblcr_expiration;
  Destination to(asked, out, expiration);
  if (to.known().count == 0) return to.leave("");
  const auto server = to.pick(false);
  if (to.known().count > 1 && to.idle_set(asked.now) > expiration)
    if (const auto most = to.pick(true); most != 0)
      out.why += "; " + to.name(most) + " has most to do and leaves, since nothing changed in " + time_text(expiration);
  if (server == 0) return to.leave("take no more");
  if (to.crowded(server)) {
    out.why += "; of these " + to.name(server);
    return to.leave(to.crowded_text(server));
  }
  (void)choose_least(asked, out);
  return to.stay(server);
}

}  // namespace plenum::lb
