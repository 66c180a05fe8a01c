#pragma once
// Services, servers and what governs them as JSON and back; for the saved state only. The
// first thing wrong is kept, with the way to it, and everything after it is passed over.

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json_writer.h"
#include "conf/l4.h"
#include "lb/overrides.h"

namespace plenum::lb {

using Json = nlohmann::json;

// Relates the saved deadlines, seconds left, to the clock of this run.
struct SavedClock {
  TimePoint now;
  std::int64_t passed = 0;  // seconds since they were written

  [[nodiscard]] std::int64_t left(TimePoint deadline) const;
  [[nodiscard]] TimePoint deadline(std::int64_t seconds_left) const;
  [[nodiscard]] std::int64_t ago(TimePoint past) const;
};

// Members of the object that `out` has begun.
void write_members(JsonWriter& out, const conf::Server& server);
void write_members(JsonWriter& out, const conf::Service& service);  // without its servers
void write_service(JsonWriter& out, const conf::Service& service);  // an object, servers included
template <class Spec>
void write_governed(JsonWriter& out, const Governed<Spec>& governed, const SavedClock& clock);

class StateReader {
 public:
  explicit StateReader(SavedClock clock) : clock_(clock) {}

  [[nodiscard]] bool ok() const { return error_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  void fail(const std::string& where, const std::string& what) {
    if (error_.empty()) error_ = where + ": " + what;
  }

  // A member that is missing leaves `out` as it is; one of the wrong type or range fails.
  void get(const Json& object, const char* name, std::string& out);
  void get(const Json& object, const char* name, bool& out);
  template <std::integral T>
  void get(const Json& object, const char* name, T& out) {
    std::int64_t value = out;
    get_integer(object, name, value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    out = static_cast<T>(value);
  }
  void get_integer(const Json& object, const char* name, std::int64_t& out, std::int64_t min, std::int64_t max);
  // The member as an array or object; an empty one, and a failure, when it is another thing.
  const Json& array(const Json& object, const char* name);
  const Json* object(const Json& object, const char* name);  // nullptr when it is missing

  conf::Server server(const Json& json);
  conf::Service service(const Json& json);
  void governed(const Json& json, Governed<conf::Server>& out);
  void governed(const Json& json, Governed<conf::Service>& out);
  std::optional<TimePoint> deadline(const Json& json, const char* name);
  // What SavedClock::ago() was written of; now where it is missing.
  TimePoint past(const Json& json, const char* name);

 private:
  net::Address address(const Json& json);
  template <class Spec>
  void override_of(const Json& json, Governed<Spec>& out, Spec before);

  SavedClock clock_;
  std::string error_;
};

}  // namespace plenum::lb
