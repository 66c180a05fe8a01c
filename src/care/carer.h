#pragma once
// Joins health checks to the director: gives the checker its targets, the director health's words, and runs
// notifications. A thin driver; what verdicts mean is Ward's. Loop thread only.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "care/bfd_sessions.h"
#include "care/notices.h"
#include "care/telling.h"
#include "care/ward.h"
#include "health/checker.h"
#include "lb/director.h"
#include "rt/line_stream.h"
#include "rt/loop.h"
#include "rt/paced.h"

namespace plenum::care {

class Carer {
 public:
  using Log = std::function<void(const std::string&)>;

  // All outlive it.
  Carer(rt::Loop& loop, const Clock& clock, Log log);
  ~Carer();
  Carer(const Carer&) = delete;
  Carer& operator=(const Carer&) = delete;

  // lb::Director::Plan: the same director every time, which outlives the carer's last call.
  void plan(lb::Director& director);
  // lb::HealthSource.
  [[nodiscard]] lb::HealthPicture picture() const;
  // Where plenum-vrrpd answers, whose BFD sessions checks may name.
  void follow_vrrp(const std::string& socket);
  // The daemon ends: tells whom the file wants told.
  void end();

 private:
  void take_wards();
  void hear_vrrpd(std::string_view line);
  void tell(const std::string& session, const BfdSessions::State& state);
  void wait_for_sessions();
  [[nodiscard]] bool names_bfd() const;
  void watch();
  void heard(const health::Change& change);
  void settle();
  void say(const conf::ServiceKey& key, Ward& ward);
  void tell_all();
  void wake_when_due();
  void log(const std::string& line);

  rt::Loop& loop_;
  const Clock& clock_;
  Log log_;
  lb::Director* director_ = nullptr;
  Wards wards_;
  std::vector<health::Target> targets_;
  std::unordered_map<std::string, std::vector<conf::ServiceKey>> services_of_;  // by target
  BfdSessions bfd_;
  std::set<conf::ServiceKey> unsettled_;
  TimePoint logging_since_{};
  std::size_t logged_ = 0;
  bool planned_ = false;
  rt::Paced settling_;
  rt::Timer due_, coming_up_;
  Telling telling_;
  Notices notices_;
  std::unique_ptr<rt::LineStream> vrrpd_;
  std::unique_ptr<health::Checker> checker_;  // its events end first
};

}  // namespace plenum::care
