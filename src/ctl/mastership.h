#pragma once
// Whether this host is master of a virtual router or a sync group, heard from plenum-vrrpd's event stream. Loop
// thread only. While plenum-vrrpd does not answer, what was so goes on being so.

#include <functional>
#include <string>
#include <string_view>

#include "rt/line_stream.h"
#include "rt/loop.h"

namespace plenum::ctl {

class Mastership {
 public:
  // Whom to follow at this moment; empty: nobody.
  using Whom = std::function<std::string()>;
  // Told of the first answer, and of each change; and again when somebody else is followed.
  using OnState = std::function<void(bool master)>;

  // `socket`: vrrpd_socket(). It is connected to as soon as it is there.
  Mastership(rt::Loop& loop, std::string socket, Whom whom, OnState on_state);
  Mastership(const Mastership&) = delete;
  Mastership& operator=(const Mastership&) = delete;

 private:
  void look();
  void take(std::string_view line);

  const Whom whom_;
  const OnState on_state_;
  std::string followed_;
  rt::LineStream stream_;
  rt::Timer timer_;
};

}  // namespace plenum::ctl
