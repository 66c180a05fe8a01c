#include "health/http_answer.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>

namespace plenum::health {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kMostHeader = 64 << 10;
constexpr unsigned kMostInterim = 8;

const EVP_MD* method_of(const std::string& digest) { return digest.size() == 32 ? EVP_md5() : EVP_sha256(); }

}  // namespace

// Hands the body on as it comes.
class HttpAnswer::Parser final : public http::basic_parser<false> {
 public:
  explicit Parser(bool head) {
    eager(true);
    skip(head);
    header_limit(kMostHeader);
    body_limit(boost::none);
  }
  int status = 0;
  std::string reason;
  std::string body;  // since it was taken away

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view text, int, error_code&) override {
    status = code;
    reason.assign(text.data(), text.size());
  }
  void on_field_impl(http::field, string_view, string_view, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

struct HttpAnswer::Digest {
  explicit Digest(const EVP_MD* method) : context(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context, method, nullptr); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { EVP_MD_CTX_free(context); }
  void add(std::string_view bytes) const { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }
  [[nodiscard]] std::string text() const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context, bytes.data(), &size);
    std::string out;
    for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
    return out;
  }
  EVP_MD_CTX* context;
};

HttpAnswer::HttpAnswer(const conf::HttpPage& page, std::optional<Pattern> regex, bool head)
    : page_(page), regex_(std::move(regex)), head_(head), parser_(std::make_unique<Parser>(head)) {
  if (!page_.digest.empty()) digest_ = std::make_unique<Digest>(method_of(page_.digest));
}

HttpAnswer::~HttpAnswer() = default;

std::optional<HttpAnswer::Judged> HttpAnswer::take(std::string_view bytes) {
  unread_ += bytes;
  return feed();
}

std::optional<HttpAnswer::Judged> HttpAnswer::feed() {
  while (true) {
    // The parser would wait for the end of a header that never comes.
    if (constexpr std::string_view kBegin = "HTTP/";
        !parser_->got_some() && kBegin.substr(0, unread_.size()) != unread_.substr(0, kBegin.size()))
      return "the answer is not HTTP";
    const bool had_header = parser_->is_header_done();
    error_code error;
    // Never more at once than a header may have: what makes nothing of so much is one that goes on and on, beside
    // chunks, too, where the parser itself knows no limit.
    const auto given = std::min<std::size_t>(unread_.size(), kMostHeader);
    const auto read = parser_->put(boost::asio::buffer(unread_.data(), given), error);
    unread_.erase(0, read);
    const bool broken = error && error != http::error::need_more;
    if (!parser_->is_header_done()) {
      if (broken) return "HTTP: " + error.message();
      if (unread_.empty() || read == 0) return std::nullopt;
      continue;
    }
    if (!had_header) {
      const bool interim = parser_->status >= 100 && parser_->status < 200 && parser_->status != 101;
      if (interim) {
        if (++interim_ > kMostInterim) return "HTTP: one interim answer after the other";
        parser_ = std::make_unique<Parser>(head_);
        if (unread_.empty()) return std::nullopt;
        continue;
      }
      if (auto judged = on_header()) return judged;
    }
    if (auto judged = on_body(std::exchange(parser_->body, {}))) return judged;
    // After what came before it: how the answer was cut into pieces must not matter.
    if (broken) return "HTTP: " + error.message();
    if (parser_->is_done()) return at_end();
    if (read == 0 && given == kMostHeader) return "HTTP: a chunk's header without an end";
    if (unread_.empty() || read == 0) return std::nullopt;
  }
}

std::optional<HttpAnswer::Judged> HttpAnswer::on_header() {
  const auto status = static_cast<std::uint16_t>(parser_->status);
  bool fits = page_.statuses.empty() && status >= 200 && status <= 299;
  for (const auto& range : page_.statuses) fits |= status >= range.from && status <= range.to;
  if (!fits) {
    const auto reason = parser_->reason.empty() ? std::string(http::obsolete_reason(http::int_to_status(status)))
                                                : parser_->reason.substr(0, 60);
    return fmt::format("status {} {}", status, reason);
  }
  if (page_.text.empty() && !regex_ && !digest_) return well();
  return std::nullopt;
}

std::optional<HttpAnswer::Judged> HttpAnswer::well() const {
  const bool says_its_end = parser_->content_length().has_value() || parser_->chunked();
  if (says_its_end && !parser_->is_done()) return std::nullopt;
  return Judged();
}

bool HttpAnswer::text_missing() const { return !page_.text.empty() && !text_found_; }

std::optional<HttpAnswer::Judged> HttpAnswer::on_body(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (digest_) digest_->add(bytes);
  if (body_.size() < conf::kMostSearched) {
    // What is looked for may have begun in what was there before.
    const auto from = body_.size() - std::min(body_.size(), page_.text.size());
    body_ += bytes.substr(0, conf::kMostSearched - body_.size());
    if (text_missing()) text_found_ = body_.find(page_.text, from) != std::string::npos;
  }
  if (digest_) return std::nullopt;
  if (!regex_ && !text_missing()) return well();
  if (body_.size() < conf::kMostSearched) return std::nullopt;
  if (!judged_) judged_ = at_end();
  return judged_->empty() ? well() : judged_;
}

HttpAnswer::Judged HttpAnswer::at_end() {
  if (judged_) return *judged_;
  if (text_missing()) return "the body lacks \"" + page_.text.substr(0, 60) + "\"";
  if (regex_) {
    const auto found = regex_->found_in(body_);
    if (!found) return "regex: " + found.error().what;
    if (*found == page_.regex_negated)
      return *found ? "the body matches the regex" : "the body does not match the regex";
  }
  if (digest_) {
    const auto digest = digest_->text();
    std::string wanted = page_.digest;
    for (char& c : wanted) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (digest != wanted) return "the body's digest is " + digest;
  }
  return {};
}

HttpAnswer::Judged HttpAnswer::end() {
  if (!parser_->got_some()) return "the connection ended without an answer";
  error_code error;
  parser_->put_eof(error);
  if (error || !parser_->is_done()) return "the answer ended early";
  return at_end();
}

}  // namespace plenum::health
