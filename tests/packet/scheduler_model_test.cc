// The program's choices against IPVS's own way of making them, over thousands of random
// connections and changes: connections that begin, close and end, weights, thresholds, servers
// that come and go. Every choice must be the same.

#include <linux/bpf.h>

#include <random>
#include <set>

#include "tests/packet/ipvs_model.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

constexpr std::pair<const char*, pl_scheduler> kSchedulers[] = {
    {"rr", PL_SCHED_RR},   {"wrr", PL_SCHED_WRR}, {"lc", PL_SCHED_LC}, {"wlc", PL_SCHED_WLC},
    {"sed", PL_SCHED_SED}, {"nq", PL_SCHED_NQ},   {"fo", PL_SCHED_FO}, {"ovf", PL_SCHED_OVF}};

class AgainstIpvs : public World {
 protected:
  // Servers exist in so many slots; fewer are in the service at a time.
  static constexpr std::uint32_t kMost = 60;

  void begin(pl_scheduler scheduler, unsigned seed) {
    director().reset();
    random_.seed(seed);
    model_ = std::make_unique<IpvsModel>(scheduler);
    way_ = hop();
    service_ = director().add(Service{kTcp, addresses(net::Family::V4).vip, kVport, scheduler});
    present_.clear();
    made_ = port_ = 0;
  }

  unsigned pick(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  std::uint32_t any_server() { return *std::next(present_.begin(), pick(static_cast<unsigned>(present_.size()))); }

  void add_server() {
    if (made_ == kMost) return;
    const std::uint32_t weight = pick(6) * (pick(3) ? 1 : 3);
    const auto id = director().add(
        service_, Server{.address = net::Address::v4(0x0a000100 + made_), .weight = weight, .next_hop = way_});
    ++made_;
    present_.insert(id);
    model_->add(id, weight);
  }

  void take_loads() {
    for (auto& s : model_->servers()) {
      const pl_load load = director().load(s.id);
      s.active = load.active;
      s.inactive = load.inactive;
      s.overloaded = load.flags & PL_LOAD_OVERLOADED;
    }
  }

  void connect() {
    take_loads();
    const auto expected = model_->choose();
    Frame frame = first(net::Family::V4, kTcp, static_cast<std::uint16_t>(1024 + port_++));
    director().run(frame);
    const auto entry = director().entry(frame.from, frame.sport);
    ASSERT_EQ(entry ? entry->conn.server : 0, expected) << "connection " << port_;
    if (entry) frames_.push_back(frame);
  }

  // An open connection becomes another: a FIN makes it inactive, a RST and a SYN a new one.
  void close() {
    if (frames_.empty()) return;
    const auto i = pick(static_cast<unsigned>(frames_.size()));
    frames_[i].flags = kFin | kAck;
    director().run(frames_[i]);
    frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  void step() {
    const auto dice = pick(100);
    if (dice < 3 || present_.empty()) return add_server();
    const auto id = any_server();
    if (dice < 4) {
      director().remove(id);
      model_->remove(id);
      present_.erase(id);
    } else if (dice < 8) {
      const auto weight = pick(5);
      director().set_weight(id, weight);
      model_->set_weight(id, weight);
    } else if (dice < 12) {
      const auto upper = pick(8);
      director().set_limits(id, upper, upper != 0 ? pick(upper) : 0);
      model_->changed();
    } else if (dice < 40) {
      close();
    } else {
      connect();
    }
  }

  std::unique_ptr<IpvsModel> model_;
  std::mt19937 random_;
  std::set<std::uint32_t> present_;
  std::vector<Frame> frames_;
  std::uint32_t way_ = 0, made_ = 0, port_ = 0;
};

TEST_F(AgainstIpvs, EveryChoiceIsTheSame) {
  for (const auto& [name, scheduler] : kSchedulers) {
    SCOPED_TRACE(name);
    for (unsigned seed : {1u, 2u, 3u}) {
      frames_.clear();
      begin(scheduler, seed);
      for (int i = 0; i < 20; ++i) add_server();
      for (int i = 0; i < 1200 && !HasFatalFailure(); ++i) step();
    }
  }
}

}  // namespace
}  // namespace plenum::packet
