// One page after the other, each over a connection of its own.
#include <fmt/format.h>

#include "health/connect.h"
#include "health/http_answer.h"
#include "health/probe.h"
#include "health/stream.h"

namespace plenum::health {

namespace {

constexpr std::size_t kUsualRequest = 256;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// "name:port", "[::1]:port" -> the name.
std::string without_port(const std::string& host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  const auto colon = host.find(':');
  return colon != std::string::npos && host.find(':', colon + 1) == std::string::npos ? host.substr(0, colon) : host;
}

class HttpPages final : public Probe, private Stream::User {
 public:
  HttpPages(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::HttpProbe>(target.check.probe)),
        target_(target),
        stream_(target, around, *this) {}

  void begin() override { ask(); }
  Outcome timed_out() override {
    return Outcome::failed(where() + late_text(answered_ ? "no whole answer" : stream_.missing(), target_));
  }

 private:
  [[nodiscard]] const conf::HttpPage& page() const {
    static const conf::HttpPage kRoot;
    return probe_.pages.empty() ? kRoot : probe_.pages[page_];
  }
  // Which page, where there are several.
  [[nodiscard]] std::string where() const { return probe_.pages.size() > 1 ? page().path + ": " : ""; }

  [[nodiscard]] std::string host() const {
    if (!page().host.empty()) return page().host;
    if (!probe_.host.empty()) return probe_.host;
    const auto to = target_.asked();
    const std::uint16_t usual = probe_.tls ? 443 : 80;
    return to.port == usual ? to.address.bracketed() : to.text();
  }

  void ask() {
    begin_step();
    std::optional<Pattern> regex;
    if (!page().regex.empty()) {
      auto compiled = Pattern::compile(page().regex, page().regex_ignore_case);
      if (!compiled) return end(Outcome::hindered("regex: " + compiled.error().what));
      regex = std::move(*compiled);
    }
    answer_.emplace(page(), std::move(regex), probe_.method == "HEAD");
    answered_ = false;
    if (probe_.tls) name_ = without_port(host());
    stream_.open(probe_.tls ? &*probe_.tls : nullptr, name_, First::Us);
  }

  void on_open() override {
    // Put together without a format's cost: there are ten thousand a second.
    std::string text;
    text.reserve(kUsualRequest);
    const auto put = [&](std::initializer_list<std::string_view> words) {
      for (const auto word : words) text += word;
    };
    put({probe_.method, " ", page().path, probe_.version == conf::HttpVersion::Http10 ? " HTTP/1.0" : " HTTP/1.1",
         "\r\n"});
    const auto add = [&](std::string_view name, std::string_view value) {
      for (const auto& [given, own] : probe_.headers)
        if (same_name(given, name)) return;
      put({name, ": ", value, "\r\n"});
    };
    add("Host", host());
    add("User-Agent", "plenum");
    add("Accept", "*/*");
    add("Connection", "close");
    for (const auto& [name, value] : probe_.headers) put({name, ": ", value, "\r\n"});
    text += "\r\n";
    stream_.send(std::move(text));
  }

  void on_bytes(std::string_view bytes) override {
    answered_ = true;
    if (auto judged = answer_->take(bytes)) finish(std::move(*judged));
  }
  void on_end() override { finish(answer_->end()); }
  void on_broken(Outcome outcome) override {
    outcome.why.insert(0, where());
    end(std::move(outcome));
  }

  void finish(std::string why) {
    stream_.close();
    if (!why.empty()) return end(Outcome::failed(where() + why));
    if (page_ + 1 >= probe_.pages.size()) return end(Outcome::passed());
    ++page_;
    ask();
  }

  const conf::HttpProbe& probe_;
  const Target& target_;
  Stream stream_;
  std::size_t page_ = 0;
  bool answered_ = false;  // something has come of this page
  std::string name_;
  std::optional<HttpAnswer> answer_;
};

}  // namespace

std::unique_ptr<Probe> make_http_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<HttpPages>(target, around, std::move(on_end));
}

}  // namespace plenum::health
