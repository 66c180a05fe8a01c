#pragma once
// A connection to a target over TCP, with TLS where it is asked for: opened, written, read. Knows no protocol above.

#include <span>
#include <string>
#include <string_view>

#include "health/connect.h"
#include "health/outcome.h"
#include "health/reactor.h"
#include "health/surroundings.h"
#include "health/target.h"
#include "health/tls.h"

namespace plenum::health {

class Stream final : private Reactor::Ready {
 public:
  // May close() the stream from within each.
  class User {
   public:
    virtual void on_open() = 0;
    virtual void on_bytes(std::string_view bytes) = 0;
    // The other end says no more. Nothing follows.
    virtual void on_end() = 0;
    // It was not opened or is broken. Nothing follows.
    virtual void on_broken(Outcome outcome) = 0;

   protected:
    ~User() = default;
  };

  Stream(const Target& target, Surroundings& around, User& user) : target_(target), around_(around), user_(user) {}
  // `tls` none: plain; with it we are the first to speak in any case. `name`: of the virtual host. Both outlive the
  // stream.
  void open(const conf::TlsOptions* tls, const std::string& name, First first);
  void send(std::string bytes);
  void close();

  // How far it came, for "... within 1 s".
  [[nodiscard]] const char* missing() const;

 private:
  enum class State : std::uint8_t { Closed, Connecting, ShakingHands, Open };
  void on_ready(std::uint32_t events) override;
  void shake_hands();
  void flush();
  void read(std::uint32_t events);
  void ended();
  void broken(Outcome outcome);

  const Target& target_;
  Surroundings& around_;
  User& user_;
  const conf::TlsOptions* tls_ = nullptr;
  const std::string* name_ = nullptr;
  State state_ = State::Closed;
  Ssl ssl_;
  Reactor::Socket socket_;
  std::string output_;
};

}  // namespace plenum::health
