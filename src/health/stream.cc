#include "health/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace plenum::health {

namespace {

constexpr std::size_t kMostAtOnce = std::size_t{256} << 10;  // read in one turn of the loop

}  // namespace

void Stream::open(const conf::TlsOptions* tls, const std::string& name, First first) {
  close();
  tls_ = tls;
  name_ = &name;
  auto begun = connect_stream(target_, tls != nullptr ? First::Us : first);
  if (auto* outcome = std::get_if<Outcome>(&begun)) return user_.on_broken(std::move(*outcome));
  auto socket = around_.reactor.add(std::move(std::get<Fd>(begun)), EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this);
  if (!socket) return user_.on_broken(Outcome::hindered(socket.error().what));
  socket_ = std::move(*socket);
  state_ = State::Connecting;
}

void Stream::close() {
  state_ = State::Closed;
  ssl_.reset();
  socket_.close();
  output_.clear();
}

const char* Stream::missing() const {
  if (state_ == State::Connecting) return "no connection";
  return state_ == State::ShakingHands ? "no TLS handshake" : "no answer";
}

void Stream::broken(Outcome outcome) {
  close();
  user_.on_broken(std::move(outcome));
}

void Stream::ended() {
  close();
  user_.on_end();
}

void Stream::on_ready(std::uint32_t events) {
  if (state_ == State::Connecting) {
    if ((events & EPOLLERR) != 0) {
      if (const int error = socket_error(socket_.fd()); error != 0) return broken(outcome_of_errno("connect", error));
    }
    if (tls_ != nullptr) {
      auto ssl = around_.tls.connect(*tls_, *name_, socket_.fd());
      if (!ssl) return broken(Outcome::hindered(ssl.error().what));
      ssl_ = std::move(*ssl);
      state_ = State::ShakingHands;
    } else {
      state_ = State::Open;
      user_.on_open();
    }
  }
  if (state_ == State::ShakingHands) shake_hands();
  if (state_ == State::Open && !output_.empty()) flush();
  // There is something only if the event says so: most of the time the first one is that writing is possible.
  if (state_ == State::Open && (ssl_ || (events & ~std::uint32_t{EPOLLOUT}) != 0)) read(events);
}

void Stream::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    state_ = State::Open;
    return user_.on_open();
  }
  const int why = SSL_get_error(ssl_.get(), done);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
  const int error = errno;
  if (why == SSL_ERROR_SYSCALL && ERR_peek_error() == 0)
    return broken(error != 0 ? outcome_of_errno("TLS handshake", error)
                             : Outcome::failed("TLS handshake: connection closed"));
  broken(Outcome::failed("TLS handshake: " + tls_error_text(ssl_.get())));
}

void Stream::send(std::string bytes) {
  if (output_.empty())
    output_ = std::move(bytes);
  else
    output_ += bytes;
  if (state_ == State::Open) flush();
}

void Stream::flush() {
  while (!output_.empty()) {
    ssize_t n = 0;
    if (ssl_) {
      ERR_clear_error();
      n = SSL_write(ssl_.get(), output_.data(), static_cast<int>(output_.size()));
      if (n <= 0) {
        const int why = SSL_get_error(ssl_.get(), static_cast<int>(n));
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
        return broken(Outcome::failed("send: " + tls_error_text(ssl_.get())));
      }
    } else {
      n = ::send(socket_.fd(), output_.data(), output_.size(), MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EAGAIN) return;
        // An answer may stand before the reset that says so: reading meets either.
        if (errno == EPIPE || errno == ECONNRESET) return;
        return broken(outcome_of_errno("send", errno));
      }
    }
    output_.erase(0, static_cast<std::size_t>(n));
  }
}

void Stream::read(std::uint32_t events) {
  const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  std::array<char, 16384> block;
  // Who sends faster than this reads has the next turn as everybody else.
  for (std::size_t room = kMostAtOnce; state_ == State::Open; room -= std::min(room, block.size())) {
    if (room == 0) return socket_.again(events);
    ssize_t n = 0;
    if (ssl_) {
      ERR_clear_error();
      n = SSL_read(ssl_.get(), block.data(), static_cast<int>(block.size()));
      if (n <= 0) {
        const int why = SSL_get_error(ssl_.get(), static_cast<int>(n));
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
        if (why == SSL_ERROR_ZERO_RETURN) return ended();
        const int error = errno;
        if (why == SSL_ERROR_SYSCALL && error != 0) return broken(outcome_of_errno("read", error));
        return broken(Outcome::failed("read: " + tls_error_text(ssl_.get())));
      }
    } else {
      n = ::recv(socket_.fd(), block.data(), block.size(), 0);
      if (n < 0) {
        if (errno == EAGAIN) return;
        return broken(outcome_of_errno("read", errno));
      }
      if (n == 0) return ended();
    }
    user_.on_bytes({block.data(), static_cast<std::size_t>(n)});
    // That was all: of more another event will tell.
    if (!ssl_ && static_cast<std::size_t>(n) < block.size() && !hung_up) return;
  }
}

}  // namespace plenum::health
