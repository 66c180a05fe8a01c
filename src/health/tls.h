#pragma once
// TLS as a client of targets: contexts, which read files and are kept, and what a handshake that failed says. OpenSSL
// stays in the .cc files.

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/result.h"
#include "conf/check.h"
#include "net/address.h"

struct ssl_st;
struct ssl_ctx_st;

namespace plenum::health {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
using Ssl = std::unique_ptr<ssl_st, FreeSsl>;

class TlsContexts {
 public:
  // A client's end for the connected socket `fd`, which stays the caller's. `name`: whose certificate is expected and
  // whom to name (SNI); an address is compared but not named.
  Result<Ssl> connect(const conf::TlsOptions& options, const std::string& name, int fd);
  // Files are read anew from here on.
  void forget() { contexts_.clear(); }

 private:
  using Key = std::tuple<bool, std::string, std::string, std::string>;
  Result<std::shared_ptr<ssl_ctx_st>> context(const conf::TlsOptions& options);
  std::map<Key, std::shared_ptr<ssl_ctx_st>> contexts_;
};

// What OpenSSL says of an operation that just failed.
std::string tls_error_text(ssl_st* ssl);

}  // namespace plenum::health
