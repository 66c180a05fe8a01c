#include "health/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace plenum::health {

namespace {

std::string last_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

auto refused(const std::string& what) { return fail(std::errc::invalid_argument, what + ": " + last_error()); }

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Result<std::shared_ptr<ssl_ctx_st>> TlsContexts::context(const conf::TlsOptions& options) {
  auto& place = contexts_[{options.verify, options.ca_file, options.certificate_file, options.key_file}];
  if (place) return place;
  ERR_clear_error();
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return refused("TLS");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Each probe shakes hands in full: that is part of what is asked.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // An answer that is cut off without a farewell is judged by its content.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (options.verify) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (options.ca_file.empty()) {
      if (SSL_CTX_set_default_verify_paths(context.get()) != 1) return refused("the system's certificates");
    } else if (SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()) != 1) {
      return refused(options.ca_file);
    }
  } else {
    // Whether the server is there is asked, not how it keeps secrets: old ones are as well as others.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), 0);
  }
  if (!options.certificate_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1)
      return refused(options.certificate_file);
    const auto& key = options.key_file.empty() ? options.certificate_file : options.key_file;
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) return refused(key);
  }
  place = std::move(context);
  return place;
}

Result<Ssl> TlsContexts::connect(const conf::TlsOptions& options, const std::string& name, int fd) {
  PLENUM_TRY(const auto context, this->context(options), "TLS");
  Ssl ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return refused("TLS");
  SSL_set_connect_state(ssl.get());
  const auto& wanted = options.server_name.empty() ? name : options.server_name;
  const auto address = net::Address::parse(wanted);
  if (options.send_server_name && !address && !wanted.empty() &&
      SSL_set_tlsext_host_name(ssl.get(), wanted.c_str()) != 1)
    return refused("TLS server name " + wanted);
  if (options.verify) {
    auto* parameters = SSL_get0_param(ssl.get());
    const bool set = address ? X509_VERIFY_PARAM_set1_ip(parameters, address->data(), address->size()) == 1
                             : X509_VERIFY_PARAM_set1_host(parameters, wanted.c_str(), wanted.size()) == 1;
    if (!set) return refused("TLS server name " + wanted);
  }
  return ssl;
}

std::string tls_error_text(ssl_st* ssl) {
  if (const auto verified = SSL_get_verify_result(ssl); verified != X509_V_OK) {
    ERR_clear_error();
    return std::string("certificate: ") + X509_verify_cert_error_string(verified);
  }
  return last_error();
}

}  // namespace plenum::health
