#pragma once
// A checker whose changes are noted, and servers of the test's own on loopback, each in threads that end with it.
// Only for *_test.cc.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "health/checker.h"

namespace plenum::health {

using namespace std::chrono_literals;

inline sockaddr_storage loopback(bool v6, std::uint16_t port, socklen_t& size) {
  sockaddr_storage out{};
  if (v6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    in6.sin6_addr = in6addr_loopback;
    size = sizeof in6;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof in;
  }
  return out;
}

// A socket of loopback, bound; a stream listens.
class LocalSocket {
 public:
  explicit LocalSocket(int type = SOCK_STREAM, std::uint16_t port = 0, bool v6 = false)
      : fd_(::socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0)), v6_(v6) {
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = 0;
    auto at = loopback(v6, port, size);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size), 0) << std::strerror(errno);
    EXPECT_EQ(type == SOCK_STREAM ? ::listen(fd_.get(), 128) : 0, 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(v6 ? reinterpret_cast<sockaddr_in6&>(at).sin6_port : reinterpret_cast<sockaddr_in&>(at).sin_port);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] net::Endpoint endpoint() const { return {*net::Address::parse(v6_ ? "::1" : "127.0.0.1"), port_}; }
  void close() { fd_.reset(); }

 private:
  Fd fd_;
  bool v6_;
  std::uint16_t port_ = 0;
};

inline bool readable(int fd, Duration most) {
  pollfd poll_fd{fd, POLLIN, 0};
  return ::poll(&poll_fd, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(most).count())) > 0;
}

// One client of a TcpServer.
class Client {
 public:
  Client(Fd fd, SSL_CTX* tls) : fd_(std::move(fd)) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), fd_.get());
    if (SSL_accept(ssl_.get()) != 1) broken_ = true;
  }
  // Until `end` was read; what came before it and itself. Empty when the client went.
  std::string read_to(const std::string& end) {
    while (!broken_ && unread_.find(end) == std::string::npos) {
      char block[4096];
      const auto n = ssl_ ? SSL_read(ssl_.get(), block, sizeof block) : ::recv(fd_.get(), block, sizeof block, 0);
      if (n <= 0) return {};
      unread_.append(block, static_cast<std::size_t>(n));
    }
    if (broken_) return {};
    auto out = unread_.substr(0, unread_.find(end) + end.size());
    unread_.erase(0, out.size());
    return out;
  }
  // False: the client went.
  bool write(const std::string& bytes) {
    if (broken_) return false;
    if (bytes.empty()) return true;
    return (ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                 : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)) > 0;
  }
  // Until the client goes.
  void wait() {
    while (!read_to("\n").empty()) {
    }
  }
  [[nodiscard]] std::string server_name() const {
    const char* name = ssl_ ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
    return name != nullptr ? name : "";
  }
  // Whether it showed a certificate.
  [[nodiscard]] bool certified() const { return ssl_ && SSL_get0_peer_certificate(ssl_.get()) != nullptr; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Fd fd_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string unread_;
  bool broken_ = false;
};

// One client after the other, in a thread.
class TcpServer {
 public:
  using Serve = std::function<void(Client&)>;
  explicit TcpServer(Serve serve, SSL_CTX* tls = nullptr, bool v6 = false) : socket_(SOCK_STREAM, 0, v6) {
    thread_ = std::thread([this, serve = std::move(serve), tls] {
      ::signal(SIGPIPE, SIG_IGN);
      while (!stop_) {
        if (!readable(socket_.fd(), 5ms)) continue;
        Fd fd(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!fd) continue;
        const timeval most{2, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
        Client client(std::move(fd), tls);
        serve(client);
      }
    });
  }
  ~TcpServer() {
    stop_ = true;
    thread_.join();
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;
  [[nodiscard]] net::Endpoint endpoint() const { return socket_.endpoint(); }

 private:
  LocalSocket socket_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Answers each datagram with what `answer` makes of it; nothing: not.
class UdpServer {
 public:
  explicit UdpServer(std::function<std::string(const std::string&)> answer) : socket_(SOCK_DGRAM) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      while (!stop_) {
        if (!readable(socket_.fd(), 5ms)) continue;
        char block[2048];
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const auto n = ::recvfrom(socket_.fd(), block, sizeof block, 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (n < 0) continue;
        const auto out = answer({block, static_cast<std::size_t>(n)});
        if (!out.empty()) ::sendto(socket_.fd(), out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
      }
    });
  }
  ~UdpServer() {
    stop_ = true;
    thread_.join();
  }
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;
  [[nodiscard]] net::Endpoint endpoint() const { return socket_.endpoint(); }

 private:
  LocalSocket socket_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct Rig {
  Rig() {
    auto started = Checker::start(
        loop, {[this](const Change& change) { changes.push_back(change); },
               [this](const std::string& id, const std::string& why) { failures.emplace_back(id, why); },
               [this](const std::string& id, const std::string& why) { hindrances.emplace_back(id, why); }});
    EXPECT_TRUE(started);
    checker = std::move(*started);
  }
  bool wait(const std::function<bool()>& so, Duration most = 10s) {
    const auto end = SteadyClock().now() + most;
    while (!so()) {
      if (SteadyClock().now() > end) return false;
      loop.run_for(2ms);
    }
    return true;
  }
  std::uint64_t probes(const std::string& id) {
    const auto status = checker->status(id);
    return status ? status->probes : 0;
  }
  Verdict verdict(const std::string& id) {
    const auto status = checker->status(id);
    return status ? status->verdict : Verdict::Unknown;
  }
  // What one probe of the target says: "ok", or why not; "hindered: ..." where it could not be begun.
  std::string ask(Target target) {
    target.id = "once" + std::to_string(++asked);
    target.check.interval = 1h;
    target.check.start_delay = 0ns;
    checker->set_targets({target});
    std::optional<TargetStatus> status;
    EXPECT_TRUE(wait([&] {
      status = checker->status(target.id);
      return status && (status->probes > 0 || status->hindered > 0);
    }));
    if (!status) return "nothing";
    last = *status;
    if (!status->last) return "hindered: " + status->hindrance;
    return status->last->passed ? "ok" : status->last->why;
  }

  rt::Loop loop;
  std::vector<Change> changes;
  std::vector<std::pair<std::string, std::string>> failures, hindrances;
  std::unique_ptr<Checker> checker;
  unsigned asked = 0;
  TargetStatus last;  // of ask()
};

inline Target target_of(conf::Probe probe, const net::Endpoint& server, Duration timeout = 2s) {
  Target target;
  target.id = "a";
  target.check.probe = std::move(probe);
  target.check.timeout = timeout;
  target.check.fall = target.check.rise = 1;
  target.server = server;
  target.damping.enabled = false;
  return target;
}

// A key and a certificate of its own, in a directory that goes with it.
class Certificate {
 public:
  explicit Certificate(const std::string& name) {
    char path[] = "/tmp/plenum-test-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    dir_ = path;
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    const auto names = (net::Address::parse(name) ? "IP:" : "DNS:") + name;
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    write(certificate_file(), [&](FILE* file) { PEM_write_X509(file, certificate); });
    write(key_file(), [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    SSL_CTX_free(context_);
    ::unlink(certificate_file().c_str());
    ::unlink(key_file().c_str());
    ::rmdir(dir_.c_str());
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  [[nodiscard]] std::string certificate_file() const { return dir_ + "/cert.pem"; }
  [[nodiscard]] std::string key_file() const { return dir_ + "/key.pem"; }
  // A server's.
  [[nodiscard]] SSL_CTX* context() const { return context_; }

 private:
  static void write(const std::string& path, const std::function<void(FILE*)>& fill) {
    FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fill(file);
    std::fclose(file);
  }
  std::string dir_;
  SSL_CTX* context_ = nullptr;
};

}  // namespace plenum::health
