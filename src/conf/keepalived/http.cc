// HTTP_GET and SSL_GET.

#include <algorithm>

#include "base/pattern.h"
#include "base/text.h"
#include "conf/keepalived/check_common.h"

namespace plenum::conf::keepalived {
namespace {

HttpProbe& http(Context& c) { return std::get<HttpProbe>(check_of(c).out.probe); }
HttpPage& page(Context& c) { return http(c).pages.back(); }

void begin_url(Context& c) {
  http(c).pages.emplace_back();
  page(c).path.clear();
}

void end_url(Context& c) {
  if (page(c).path.empty()) {
    c.warn("HTTP/SSL_GET checker url has no path - ignoring");
    http(c).pages.pop_back();
    return;
  }
  if (page(c).statuses.empty()) page(c).statuses.push_back({200, 299});
}

void path(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  auto& path = page(c).path;
  path = word.starts_with('/') ? "" : "/";
  for (const char letter : word) {
    if (letter == ' ' || letter == '\t')
      path += letter == ' ' ? "%20" : "%09";
    else
      path += letter;
  }
  if (path.size() > word.size() + 1) c.findings.note(c.place, "blanks of a path are asked for as " + path);
}

void digest(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  if (word.size() != 32)
    return c.warn("digest '" + word + "' character length should be 32 rather than " + std::to_string(word.size()),
                  "it is an MD5 sum: keepalived's genhash tells it");
  if (word.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    return c.warn("digest '" + word + "' is not all hex digits");
  page(c).digest = word;
  for (auto& d : page(c).digest) d = static_cast<char>(d >= 'A' && d <= 'F' ? d | 0x20 : d);
}

void status(Context& c) {
  for (std::size_t i = 1; i < c.count(); ++i) {
    const auto dash = c.words[i].find('-');
    const auto from = parse_number<std::uint16_t>(c.words[i].substr(0, dash));
    const auto to = dash == std::string::npos ? from : parse_number<std::uint16_t>(c.words[i].substr(dash + 1));
    if (!from || !to || *from < 100 || *to > 599 || *from > *to) {
      c.warn("Invalid HTTP_GET status code '" + c.words[i] + "'", "write 200, or 200-299");
      continue;
    }
    page(c).statuses.push_back({*from, *to});
  }
}

void regex(Context& c) {
  const auto words = split_escaped(c.text);
  if (!words || words->size() != 2 || (*words)[1].empty()) {
    c.findings.lost(c.place, "regex missing or too many fields", "quote it");
    return;
  }
  if (const auto pattern = Pattern::compile((*words)[1]); !pattern) {
    c.findings.lost(c.place, "regex cannot be read: " + pattern.error().what + "; what the page says is not looked at",
                    "it is Perl's syntax");
    return;
  }
  page(c).regex = (*words)[1];
}

void regex_options(Context& c) {
  for (std::size_t i = 1; i < c.count(); ++i) {
    if (c.words[i] == "caseless")
      page(c).regex_ignore_case = true;
    else
      c.findings.lost(c.place, "regex_options " + c.words[i] + " is not carried out");
  }
}

void version(Context& c) {
  if (c.count() < 2) return c.warn("Missing http_protocol version");
  if (c.words[1] == "1.1")
    http(c).version = HttpVersion::Http11;
  else if (c.words[1] == "1.0" || upper_case(c.words[1]) == "1.0C")
    http(c).version = HttpVersion::Http10;
  else
    c.warn("Invalid http_protocol version " + c.words[1], "write 1.0, 1.0C or 1.1");
}

}  // namespace

void begin_http(Context& c) {
  HttpProbe probe;
  probe.version = HttpVersion::Http10;
  if (c.words[0] == "SSL_GET") {
    probe.tls.emplace();
    probe.tls->send_server_name = false;
  }
  new_check(c, std::move(probe));
}

void end_http(Context& c) {
  if (!http(c).pages.empty()) return;
  c.warn("HTTP/SSL_GET checker has no urls specified - ignoring", "add url { path / }");
  server_of(c).checks.pop_back();
}

std::vector<Keyword> http_keywords() {
  constexpr auto works = Status::Works;
  const auto host = [](Context& c) {
    if (c.count() < 2) return c.warn("HTTP_GET virtualhost name missing");
    http(c).host = c.words[1];
  };
  const auto old_retry = [](Context& c) {
    c.warn("nb_get_retry is deprecated - please use 'retry'", "write retry");
    if (const auto n = c.number(1, 0, 4294967295)) check_of(c).said.retry = static_cast<std::uint32_t>(*n);
  };
  return joined(connection_keywords(), {
                                           {"url", works, "a page", begin_url, Block::Url, nullptr, false, end_url},
                                           {"virtualhost", works, "host of all pages", host},
                                           {"http_protocol", works, "1.0, 1.0C or 1.1", version},
                                           {"enable_sni", works, "TLS tells the server's name",
                                            [](Context& c) {
                                              const auto on = c.flag(1);
                                              if (on && http(c).tls) http(c).tls->send_server_name = *on;
                                            }},
                                           {"fast_recovery", Status::Accepted,
                                            "pages are always asked for one behind the other at once", takes_flag},
                                           {"nb_get_retry", works, "a former name of retry", old_retry},
                                       });
}

std::vector<Keyword> url_keywords() {
  constexpr auto works = Status::Works, lost = Status::Unsupported;
  const auto host = [](Context& c) {
    if (c.count() < 2) return c.warn("Missing HTTP_GET virtualhost name");
    page(c).host = c.words[1];
  };
  return {
      {"path", works, "what is asked for", path},
      {"digest", works, "MD5 sum of the body", digest},
      {"status_code", works, "statuses that are well", status},
      {"virtualhost", works, "host of this page", host},
      {"regex", works, "what the body must match", regex},
      {"regex_no_match", works, "or must not", [](Context& c) { page(c).regex_negated = true; }},
      {"regex_options", works, "caseless", regex_options},
      {"regex_stack", Status::Accepted, "expressions need no stack of their own"},
      {"regex_min_offset", lost, "the body is looked at from its beginning"},
      {"regex_max_offset", lost, "the body is looked at as far as it is read"},
  };
}

}  // namespace plenum::conf::keepalived
