#pragma once
// IPVS's schedulers as its source says them, scanning the whole list (net/netfilter/ipvs of
// Linux 6.1): what the program's choices are compared with. Slow and plain on purpose.

#include <cstdint>
#include <list>

#include "bpf/abi.h"

namespace plenum::packet {

class IpvsModel {
 public:
  struct Server {
    std::uint32_t id = 0;
    std::uint32_t weight = 0, active = 0, inactive = 0;
    bool overloaded = false;
  };

  explicit IpvsModel(pl_scheduler scheduler) : scheduler_(scheduler), rr_(list_.end()), wrr_(list_.end()) {}

  // Newest first. Loads and overload are the caller's to keep.
  std::list<Server>& servers() { return list_; }

  void add(std::uint32_t id, std::uint32_t weight);
  void remove(std::uint32_t id);
  void set_weight(std::uint32_t id, std::uint32_t weight);
  // Any edit of a server, be it of its thresholds.
  void changed();

  // The server a connection is given; 0: none.
  std::uint32_t choose();

 private:
  using At = std::list<Server>::iterator;  // end() is IPVS's list head
  At at(std::uint32_t id);
  std::uint32_t round_robin();
  std::uint32_t weighted_round_robin();
  std::uint32_t least();
  std::uint32_t heaviest();

  pl_scheduler scheduler_;
  std::list<Server> list_;
  At rr_, wrr_;  // the last choice
  std::int64_t threshold_ = 0, greatest_ = 0, step_ = 1;
};

}  // namespace plenum::packet
