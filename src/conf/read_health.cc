#include "conf/read_health.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/pattern.h"
#include "base/text.h"
#include "conf/hex.h"
#include "conf/read_command.h"
#include "conf/schema.h"

namespace plenum::conf {

namespace {

using std::chrono::milliseconds;

// Keys that only some types have; all others every type has.
struct OfTypes {
  std::string_view key;
  std::vector<std::string_view> types;
};
const std::vector<OfTypes>& keys_of_types() {
  static const std::vector<OfTypes> rows{
      {"address", {"tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping"}},
      {"port", {"tcp", "http", "https", "expect", "smtp", "dns", "udp"}},
      {"source", {"tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping"}},
      {"mark", {"tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping"}},
      {"interface", {"tcp", "http", "https", "expect", "smtp", "dns", "udp", "ping"}},
      {"to_vip", {"tcp"}},
      {"path", {"http", "https", "file"}},
      {"pages", {"http", "https"}},
      {"expect", {"http", "https", "expect", "udp"}},
      {"text", {"http", "https"}},
      {"regex", {"http", "https", "expect"}},
      {"regex_negated", {"http", "https"}},
      {"regex_ignore_case", {"http", "https"}},
      {"digest", {"http", "https"}},
      {"host", {"http", "https"}},
      {"method", {"http", "https"}},
      {"version", {"http", "https"}},
      {"headers", {"http", "https"}},
      {"tls", {"https", "expect", "smtp"}},
      {"send", {"expect", "udp"}},
      {"send_hex", {"expect", "udp"}},
      {"expect_hex", {"expect", "udp"}},
      {"begins_hex", {"udp"}},
      {"require_answer", {"udp"}},
      {"min_answer", {"udp"}},
      {"max_answer", {"udp"}},
      {"helo", {"smtp"}},
      {"query", {"dns"}},
      {"record", {"dns"}},
      {"over", {"dns"}},
      {"size", {"ping"}},
      {"run", {"script"}},
      {"weighted", {"script"}},
      {"factor", {"file"}},
      {"reverse", {"file"}},
      {"session", {"bfd"}},
  };
  return rows;
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + std::string(words[i]);
  return out;
}

// The texts of a OneOrMore key, each with its node.
std::vector<const Node*> texts_of(const Node* node) {
  std::vector<const Node*> out;
  if (node == nullptr) return out;
  const auto take = [&](const Node& one) {
    if (one.is_scalar() && !one.is_null()) out.push_back(&one);
  };
  if (node->is_sequence())
    for (const auto& item : node->items) take(item);
  else
    take(*node);
  return out;
}

Duration interval(const Fields& fields, std::string_view name, Duration otherwise) {
  const auto ms = fields.integer(name);
  return ms ? Duration(milliseconds(*ms)) : otherwise;
}

class CheckReader {
 public:
  CheckReader(const Node& node, std::string where, Diagnostics& problems)
      : fields_(&node, check_shape()), where_(std::move(where) + ": check"), problems_(problems) {}

  std::optional<Check> read() {
    const auto type = fields_.text("type");
    if (!type) return std::nullopt;
    type_ = *type;
    refuse_foreign_keys();
    Check out;
    out.probe = probe();
    out.name = fields_.text("name").value_or("");
    timing(out);
    out.address = fields_.address("address");
    out.port = static_cast<std::uint16_t>(fields_.integer("port").value_or(0));
    if (const auto source = fields_.address("source")) {
      out.source = net::Endpoint{*source, 0};
      if (out.address && out.address->family() != source->family())
        wrong("source", "must be of the address's family, not " + source->text());
    }
    out.mark = static_cast<std::uint32_t>(fields_.integer("mark").value_or(0));
    out.interface = fields_.text("interface").value_or("");
    return out;
  }

 private:
  void wrong(std::string_view key, const std::string& what, std::string hint = {}) {
    problems_.add(fields_.place(key), where_ + ": " + std::string(key) + " " + what, std::move(hint));
  }

  void need(std::string_view key) {
    if (!fields_.has(key))
      problems_.add(fields_.place("type"), where_ + ": type " + type_ + " needs " + std::string(key),
                    std::string(check_shape().find(key)->doc));
  }

  void refuse_foreign_keys() {
    for (const auto& row : keys_of_types()) {
      if (!fields_.has(row.key) || std::ranges::find(row.types, type_) != row.types.end()) continue;
      wrong(row.key, "means nothing to type " + type_, "it is for " + listed(row.types));
    }
  }

  void timing(Check& out) {
    out.interval = interval(fields_, "interval", out.interval);
    out.timeout = interval(fields_, "timeout", out.timeout);
    if (fields_.has("interval_down")) out.interval_down = interval(fields_, "interval_down", out.interval);
    out.fall = static_cast<std::uint32_t>(fields_.integer("fall").value_or(out.fall));
    out.rise = static_cast<std::uint32_t>(fields_.integer("rise").value_or(out.rise));
    out.retry = static_cast<std::uint32_t>(fields_.integer("retry").value_or(out.retry));
    out.retry_delay = interval(fields_, "retry_delay", out.retry_delay);
    if (fields_.has("start_delay")) out.start_delay = interval(fields_, "start_delay", {});
    out.jitter = static_cast<double>(fields_.integer("jitter").value_or(10)) / 100;
    out.initially_down = fields_.text("initial") == "down";
    out.log_all_failures = fields_.flag("log_all_failures");
    if (fields_.has("retry_delay") && out.retry == 0) wrong("retry_delay", "is of no use without retry");
  }

  Probe probe() {
    if (type_ == "tcp") return TcpProbe{fields_.flag("to_vip")};
    if (type_ == "http" || type_ == "https") return http();
    if (type_ == "expect") return expect();
    if (type_ == "smtp") return SmtpProbe{fields_.text("helo").value_or(SmtpProbe{}.helo), tls()};
    if (type_ == "dns")
      return DnsProbe{fields_.text("query").value_or("."), fields_.text("record").value_or("SOA"),
                      fields_.text("over") == "tcp"};
    if (type_ == "udp") return udp();
    if (type_ == "ping") return PingProbe{static_cast<std::uint16_t>(fields_.integer("size").value_or(32))};
    if (type_ == "script") {
      need("run");
      return ScriptProbe{read_command(fields_.node("run")), fields_.flag("weighted")};
    }
    if (type_ == "file") {
      need("path");
      if (fields_.has("path") && fields_.text("path").value_or("/").front() != '/') wrong("path", "must begin with /");
      return FileProbe{fields_.text("path").value_or(""),
                       static_cast<std::int32_t>(fields_.integer("factor").value_or(1)), fields_.flag("reverse")};
    }
    need("session");
    return BfdProbe{fields_.text("session").value_or("")};
  }

  std::optional<TlsOptions> tls() {
    if (!fields_.has("tls") && type_ != "https") return std::nullopt;
    const Fields tls(fields_.node("tls"), tls_shape());
    TlsOptions out;
    out.server_name = tls.text("server_name").value_or("");
    out.send_server_name = !tls.has("send_server_name") || tls.flag("send_server_name");
    out.verify = tls.flag("verify");
    out.ca_file = tls.text("ca").value_or("");
    out.certificate_file = tls.text("certificate").value_or("");
    out.key_file = tls.text("key").value_or("");
    if (out.certificate_file.empty() && !out.key_file.empty())
      problems_.add(tls.place("key"), where_ + ": tls: key needs a certificate",
                    "certificate alone names a file with both");
    if (!out.send_server_name && !out.server_name.empty())
      problems_.add(tls.place("send_server_name"), where_ + ": tls: server_name is not sent then");
    return out;
  }

  HttpProbe http() {
    HttpProbe out;
    out.tls = tls();
    out.method = fields_.text("method").value_or("GET");
    out.host = fields_.text("host").value_or("");
    out.version = fields_.text("version") == "1.0" ? HttpVersion::Http10 : HttpVersion::Http11;
    for (const auto& [line, at] : fields_.list<std::string>("headers")) {
      const auto colon = line.find(':');
      const auto name = trim(std::string_view(line).substr(0, colon));
      if (colon == std::string::npos || name.empty() || line.find_first_of("\r\n") != std::string::npos) {
        problems_.add(at->place, where_ + ": headers must be lines like \"X-Check: plenum\"");
        continue;
      }
      out.headers.emplace_back(name, trim(std::string_view(line).substr(colon + 1)));
    }
    constexpr std::array<std::string_view, 6> of_a_page{"path", "expect", "text", "regex", "regex_negated", "digest"};
    const auto* pages = fields_.node("pages");
    if (pages != nullptr) {
      for (const auto key : of_a_page)
        if (fields_.has(key)) wrong(key, "goes to each page where there are pages");
      if (pages->is_sequence())
        for (const auto& one : pages->items)
          if (one.is_mapping()) out.pages.push_back(page(Fields(&one, page_shape()), ": pages"));
    } else {
      out.pages.push_back(page(fields_, ""));
      // A virtual host given beside the page is that of all.
      out.pages.back().host.clear();
    }
    if (out.method == "HEAD")
      for (const auto& page : out.pages)
        if (!page.text.empty() || !page.regex.empty() || !page.digest.empty())
          wrong("method", "HEAD brings no body to look at");
    return out;
  }

  HttpPage page(const Fields& fields, const std::string& where) {
    HttpPage out;
    const auto bad = [&](std::string_view key, const std::string& what) {
      problems_.add(fields.place(key), where_ + where + ": " + std::string(key) + " " + what);
    };
    out.path = fields.text("path").value_or("/");
    if (out.path.front() != '/') bad("path", "must begin with /");
    if (out.path.find_first_of(" \t\r\n") != std::string::npos) bad("path", "must have no blanks: %20 is one");
    out.host = fields.text("host").value_or("");
    for (const auto* node : texts_of(fields.node("expect"))) {
      const auto range = status_range(node->text);
      if (range)
        out.statuses.push_back(*range);
      else
        problems_.add(
            node->place,
            where_ + where + ": expect must be a status from 100 to 599 or a range like 200-399, not " + node->shown());
    }
    out.text = fields.text("text").value_or("");
    out.regex = fields.text("regex").value_or("");
    regex(out.regex, fields.place("regex"), where);
    out.regex_negated = fields.flag("regex_negated");
    out.regex_ignore_case = fields.flag("regex_ignore_case");
    if ((out.regex_negated || out.regex_ignore_case) && out.regex.empty())
      bad(out.regex_negated ? "regex_negated" : "regex_ignore_case", "is of no use without regex");
    out.digest = fields.text("digest").value_or("");
    std::ranges::transform(out.digest, out.digest.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    if (!out.digest.empty() && ((out.digest.size() != 32 && out.digest.size() != 64) ||
                                out.digest.find_first_not_of("0123456789abcdef") != std::string::npos))
      bad("digest", "must be 32 hex digits (MD5) or 64 (SHA-256)");
    return out;
  }

  static std::optional<StatusRange> status_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto from = parse_number<std::uint16_t>(trim(text.substr(0, dash)));
    const auto to = dash == std::string_view::npos ? from : parse_number<std::uint16_t>(trim(text.substr(dash + 1)));
    if (!from || !to || *from < 100 || *to > 599 || *from > *to) return std::nullopt;
    return StatusRange{*from, *to};
  }

  void regex(const std::string& text, const Place& place, const std::string& where) {
    if (text.empty()) return;
    if (const auto pattern = Pattern::compile(text); !pattern)
      problems_.add(place, where_ + where + ": regex cannot be read: " + pattern.error().what);
  }

  // expect, of types that know one text.
  std::string one_text() {
    const auto texts = texts_of(fields_.node("expect"));
    if (texts.size() > 1) wrong("expect", "is one text for type " + type_);
    return bytes("expect", "expect_hex", texts.empty() ? std::string() : texts.front()->text);
  }

  // A text, or what its key for hex digits says instead.
  std::string bytes(std::string_view key, std::string_view hex_key, std::string text) {
    const auto digits = fields_.text(hex_key);
    if (!digits) return text;
    if (fields_.has(key)) wrong(hex_key, "and " + std::string(key) + " are two ways to say it: one of them");
    auto out = read_hex(*digits);
    if (!out) wrong(hex_key, "must be bytes of two hex digits each, like \"24 01 ff\"");
    return std::move(out).value_or(std::string());
  }

  ExpectProbe expect() {
    ExpectProbe out;
    out.tls = tls();
    out.send = bytes("send", "send_hex", fields_.text("send").value_or(""));
    out.expect = one_text();
    if (const auto pattern = fields_.text("regex")) {
      if (!out.expect.empty()) wrong("regex", "and expect are two ways to say it: one of them");
      regex(*pattern, fields_.place("regex"), "");
      out.expect = *pattern;
      out.regex = true;
    }
    if (out.send.empty() && out.expect.empty())
      problems_.add(fields_.place("type"), where_ + ": type expect needs send, expect or regex",
                    "type tcp only makes the connection");
    return out;
  }

  UdpProbe udp() {
    UdpProbe out;
    out.payload = bytes("send", "send_hex", fields_.text("send").value_or(""));
    out.require_answer = fields_.flag("require_answer");
    out.expect = one_text();
    if (const auto digits = fields_.text("begins_hex")) {
      auto begins = read_masked_hex(*digits);
      if (!begins || begins->bytes.empty())
        wrong("begins_hex", "must be bytes of two hex digits each, X for any digit, like \"24 XX ff\"");
      else
        std::tie(out.prefix, out.prefix_mask) = std::tie(begins->bytes, begins->mask);
    }
    out.min_answer = static_cast<std::uint16_t>(fields_.integer("min_answer").value_or(0));
    out.max_answer = static_cast<std::uint16_t>(fields_.integer("max_answer").value_or(65535));
    if (out.min_answer > out.max_answer) wrong("min_answer", "is above max_answer");
    const bool of_answer = fields_.has("min_answer") || fields_.has("max_answer");
    if (!out.expect.empty() || !out.prefix.empty() || (of_answer && !fields_.has("require_answer")))
      out.require_answer = true;
    return out;
  }

  Fields fields_;
  std::string where_, type_;
  Diagnostics& problems_;
};

std::optional<OnFailure> on_failure(const Fields& fields) {
  const auto word = fields.text("on_failure");
  if (!word) return std::nullopt;
  return *word == "drain" ? OnFailure::Drain : *word == "inhibit" ? OnFailure::Inhibit : OnFailure::Remove;
}

}  // namespace

std::vector<Check> read_checks(const Fields& fields, const std::string& where, Diagnostics& problems) {
  std::vector<Check> out;
  const auto* node = fields.node("check");
  if (node == nullptr) return out;
  const auto take = [&](const Node& one) {
    if (!one.is_mapping()) return;
    if (auto check = CheckReader(one, where, problems).read()) out.push_back(*std::move(check));
  };
  if (node->is_sequence())
    for (const auto& one : node->items) take(one);
  else
    take(*node);
  return out;
}

ServerHealth read_server_health(const Fields& server, const std::string& where, Diagnostics& problems) {
  ServerHealth out;
  out.checks = read_checks(server, where, problems);
  out.on_failure = on_failure(server);
  const Fields notify(server.node("notify"), server_notify_shape());
  out.notify_up = read_command(notify.node("up"));
  out.notify_down = read_command(notify.node("down"));
  return out;
}

ServiceHealth read_service_health(const Fields& service, std::optional<Server> sorry, const std::string& where,
                                  Diagnostics& problems) {
  ServiceHealth out;
  out.group = service.text("group").value_or("");
  out.checks = read_checks(service, where, problems);
  out.on_failure = on_failure(service).value_or(OnFailure::Remove);
  out.slow_start = interval(service, "slow_start", {});
  out.quorum = static_cast<std::uint32_t>(service.integer("quorum").value_or(1));
  out.hysteresis = static_cast<std::uint32_t>(service.integer("hysteresis").value_or(0));
  if (out.hysteresis >= out.quorum && out.hysteresis != 0)
    problems.add(service.place("hysteresis"),
                 where + ": hysteresis must be below quorum, " + std::to_string(out.quorum),
                 "the service would only be down without any server at all");
  const Fields notify(service.node("notify"), service_notify_shape());
  out.notify_up = read_command(notify.node("up"));
  out.notify_down = read_command(notify.node("down"));
  out.quorum_up = read_command(notify.node("quorum_up"));
  out.quorum_down = read_command(notify.node("quorum_down"));
  out.omega = notify.flag("at_end");
  const Fields damping(service.node("damping"), damping_shape());
  auto& d = out.damping;
  d.enabled = !damping.has("enabled") || damping.flag("enabled");
  d.suppress = static_cast<double>(damping.integer("suppress").value_or(4));
  d.reuse = static_cast<double>(damping.integer("reuse").value_or(1));
  d.half_life = interval(damping, "half_life", d.half_life);
  d.longest = interval(damping, "longest", d.longest);
  if (d.reuse >= d.suppress)
    problems.add(damping.place(damping.has("reuse") ? "reuse" : "suppress"),
                 where + ": damping: reuse must be below suppress, " + std::to_string(static_cast<int>(d.suppress)));
  out.sorry = std::move(sorry);
  out.sorry_inhibit = Fields(service.node("sorry"), sorry_shape()).flag("inhibit");
  return out;
}

void check_health(const std::vector<Check>& checks, const Node& node, const Server& server, const ServiceKey& service,
                  const std::string& where, Diagnostics& problems) {
  for (const auto& check : checks) {
    if (needs_port(check.probe) && check.port == 0 && server.key.port == 0)
      problems.add(node.place, where + ": check: the server has no port of its own: the check needs one");
    const auto& address = check.address.value_or(server.key.address);
    if (check.source && check.source->address.family() != address.family())
      problems.add(node.place,
                   where + ": check: source must be of the server's family, not " + check.source->address.text());
    const auto* tcp = std::get_if<TcpProbe>(&check.probe);
    if (tcp == nullptr || !tcp->to_vip) continue;
    if (service.fwmark != 0 || service.protocol != Protocol::Tcp || service.port == 0)
      problems.add(node.place, where + ": check: to_vip needs a TCP service with an address and a port");
    else if (server.forward == Forward::Masq)
      problems.add(node.place, where + ": check: to_vip is for forward: dr and tun",
                   "a NAT server does not have the virtual address");
    else if (check.address || check.port != 0)
      problems.add(node.place, where + ": check: to_vip asks at the virtual address; address and port mean nothing");
  }
}

}  // namespace plenum::conf
