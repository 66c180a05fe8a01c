// The blocks of checks but HTTP's.

#include <algorithm>

#include "base/text.h"
#include "conf/keepalived/check_common.h"

namespace plenum::conf::keepalived {
namespace {

template <class T>
T& probe(Context& c) {
  return std::get<T>(check_of(c).out.probe);
}

// Bytes of a hex text, and of each the bits that count.
struct Hex {
  std::string bytes, mask;
};

// Half bytes, blanks where one likes: a lone digit before a blank is a byte. With `wildcards` an 'X' stands for any
// half byte.
Maybe<Hex> parse_hex(const Words& words, bool wildcards) {
  Hex out;
  for (std::size_t i = 1; i < words.size(); ++i) {
    for (std::size_t at = 0; at < words[i].size(); at += 2) {
      unsigned value = 0, mask = 0;
      for (const char c : words[i].substr(at, 2)) {
        const char lower = static_cast<char>(c | 0x20);
        value <<= 4;
        mask = mask << 4 | 0xf;
        if (c >= '0' && c <= '9')
          value |= static_cast<unsigned>(c - '0');
        else if (lower >= 'a' && lower <= 'f')
          value |= static_cast<unsigned>(lower - 'a' + 10);
        else if (wildcards && lower == 'x')
          mask &= ~0xfU;
        else
          return std::nullopt;
      }
      // The upper half of a lone digit is a zero that counts.
      if (words[i].size() - at == 1) mask |= 0xf0;
      out.bytes += static_cast<char>(value);
      out.mask += static_cast<char>(mask);
    }
  }
  return out;
}

void payload(Context& c) {
  if (c.count() < 2) return c.warn("UDP_CHECK payload requires a payload");
  const auto hex = parse_hex(c.words, false);
  if (!hex) return c.warn("Invalid hex string for UDP_CHECK payload");
  probe<UdpProbe>(c).payload = hex->bytes;
}

void require_reply(Context& c) {
  auto& udp = probe<UdpProbe>(c);
  udp.require_answer = true;
  udp.max_answer = udp.max_answer == 65535 ? 255 : udp.max_answer;
  const auto hex = parse_hex(c.words, true);
  if (!hex) return c.warn("Invalid hex string for UDP_CHECK reply");
  udp.prefix = hex->bytes;
  const bool all_count = hex->mask.find_first_not_of('\xff') == std::string::npos;
  udp.prefix_mask = all_count ? "" : hex->mask;
}

void dns_type(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  static constexpr std::string_view known[] = {"A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"};
  const auto type = upper_case(word);
  if (std::find(std::begin(known), std::end(known), type) == std::end(known))
    return c.warn("Unknown DNS check type " + word + " - ignoring");
  if (type == "RRSIG" || type == "DNSKEY") return c.findings.lost(c.place, "DNS_CHECK asks for SOA instead of " + word);
  probe<DnsProbe>(c).type = type;
}

void dns_name(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal || name.empty() || name == ".") return;
  const auto whole = std::string_view(name).substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
  const auto labels = split(whole, '.');
  const auto is_empty = [](std::string_view label) { return label.empty(); };
  // A first label of one letter is none to keepalived, which asks for the root then.
  if (std::any_of(labels.begin(), labels.end(), is_empty) || (labels[0].size() == 1 && name.size() > 1))
    return c.warn("DNS_CHECK name '" + name + "' has empty label - ignoring", "write the name of a domain");
  const bool too_long = std::any_of(labels.begin(), labels.end(), [](std::string_view l) { return l.size() > 63; });
  if (too_long || whole.size() > 253)
    return c.findings.lost(c.place, "DNS_CHECK name '" + name + "' is too long for one; the root is asked for");
  probe<DnsProbe>(c).name = name;
}

void misc_path(Context& c) {
  if (c.count() < 2) return;
  auto command = c.script(Context::RunsAs::SaidElsewhere);
  if (command.empty()) return;
  auto& into = probe<ScriptProbe>(c).command;
  command.user = into.user;
  command.group = into.group;
  into = std::move(command);
}

void misc_user(Context& c) {
  if (c.count() < 2) return c.warn("No user specified for misc checker script");
  const bool user = !c.host.has_user || c.host.has_user(c.words[1]);
  const bool group = c.count() < 3 || !c.host.has_group || c.host.has_group(c.words[2]);
  if (!user || !group) {
    c.warn("Failed to set uid/gid for misc checker script - removing",
           "there is no " + std::string(user ? "group " + c.words[2] : "user " + c.words[1]));
    check_of(c).failed = true;
    return;
  }
  probe<ScriptProbe>(c).command.user = c.words[1];
  probe<ScriptProbe>(c).command.group = c.count() > 2 ? c.words[2] : "";
}

void file_name(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto& files = c.draft.files;
  const auto file = std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.out.name == word; });
  if (file == files.end()) return c.warn("track_file " + word + " not found", "track_file stands before its use");
  check_of(c).file = word;
}

void file_weight(Context& c) {
  if (c.count() < 2) return c.warn("track file weight missing");
  const auto n = c.number(1, -INT32_MAX, INT32_MAX);
  if (!n) return;
  check_of(c).file_weight = static_cast<std::int32_t>(*n);
  if (c.count() > 2) {
    if (c.words[2] == "reverse")
      probe<FileProbe>(c).reverse = true;
    else
      c.warn("unknown track file weight option " + c.words[2] + " - ignoring");
  }
}

void bfd_name(Context& c) {
  if (c.count() != 2) return c.warn("BFD_CHECK - No or too many names specified - skipping checker");
  const auto& all = c.draft.bfd;
  if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.out.name == c.words[1]; }))
    return c.warn("BFD_CHECK - BFD " + c.words[1] + " not configured", "bfd_instance stands before its use");
  probe<BfdProbe>(c).session = c.words[1];
}

}  // namespace

void begin_tcp(Context& c) { new_check(c, TcpProbe{}); }

void begin_smtp(Context& c) {
  SmtpProbe smtp;
  smtp.helo = "smtpchecker.keepalived.org";
  new_check(c, std::move(smtp));
}

void begin_dns(Context& c) { new_check(c, DnsProbe{}); }

void begin_misc(Context& c) { new_check(c, ScriptProbe{}); }
void end_misc(Context& c) {
  if (check_of(c).failed) {
    server_of(c).checks.pop_back();
  } else if (probe<ScriptProbe>(c).command.empty()) {
    c.warn("No script path has been specified for MISC_CHECKER - skipping");
    server_of(c).checks.pop_back();
  }
}

void begin_udp(Context& c) { new_check(c, UdpProbe{}); }
void begin_ping(Context& c) { new_check(c, PingProbe{}); }

void begin_file_check(Context& c) { new_check(c, FileProbe{}); }
void end_file_check(Context& c) {
  if (!check_of(c).file.empty()) return;
  c.warn("FILE_CHECK has no track_file specified - ignoring");
  server_of(c).checks.pop_back();
}

void begin_bfd_check(Context& c) { new_check(c, BfdProbe{}); }
void end_bfd_check(Context& c) {
  if (!probe<BfdProbe>(c).session.empty()) return;
  c.warn("No name has been specified for BFD_CHECKER - skipping");
  server_of(c).checks.pop_back();
}

std::vector<Keyword> tcp_keywords() { return connection_keywords(); }
std::vector<Keyword> ping_keywords() { return connection_keywords(); }

std::vector<Keyword> smtp_keywords() {
  const auto host = [](Context& c) {
    c.findings.note(c.place, "The SMTP_CHECK host block is deprecated. Please define additional checkers.",
                    "write connect_ip into SMTP_CHECK itself, and one SMTP_CHECK for each");
    if (check_of(c).host_given) {
      auto another = check_of(c);
      another.out.address.reset();
      another.out.port = 0;
      server_of(c).checks.push_back(std::move(another));
    }
    check_of(c).host_given = true;
  };
  return joined(connection_keywords(),
                {
                    {"helo_name", Status::Works, "what it says it is",
                     [](Context& c) {
                       if (c.count() < 2) return c.warn("SMTP_CHECK helo name missing");
                       probe<SmtpProbe>(c).helo = c.words[1];
                     }},
                    {"host", Status::Works, "whom it asks; several are several checks", host, Block::SmtpHost},
                });
}

std::vector<Keyword> smtp_host_keywords() { return connection_keywords(); }

std::vector<Keyword> dns_keywords() {
  return joined(connection_keywords(), {
                                           {"type", Status::Works, "what it asks for", dns_type},
                                           {"name", Status::Works, "the name it asks for", dns_name},
                                       });
}

std::vector<Keyword> misc_keywords() {
  constexpr auto works = Status::Works;
  auto common = common_check_keywords();
  // Its time is misc_timeout's.
  std::erase_if(common, [](const Keyword& row) { return row.name == "connect_timeout"; });
  return joined(std::move(common), {
                                       {"misc_path", works, "the program, in quotes with its arguments", misc_path},
                                       {"misc_timeout", works, "seconds after which it has failed",
                                        [](Context& c) {
                                          if (const auto n = c.decimal(1, 0, 4294))
                                            check_of(c).script_timeout = seconds_of(*n);
                                        }},
                                       {"misc_dynamic", works, "its exit status is a weight",
                                        [](Context& c) { probe<ScriptProbe>(c).weighted = true; }},
                                       {"user", works, "whom it runs as", misc_user},
                                   });
}

std::vector<Keyword> udp_keywords() {
  constexpr auto works = Status::Works;
  return joined(connection_keywords(),
                {
                    {"payload", works, "bytes to send, in hex", payload},
                    {"require_reply", works, "there must be an answer, which begins with these bytes", require_reply},
                    {"min_reply_length", works, "bytes it has at least",
                     [](Context& c) {
                       if (const auto n = c.number(1, 0, 65535))
                         probe<UdpProbe>(c).min_answer = static_cast<std::uint16_t>(*n);
                     }},
                    {"max_reply_length", works, "and at most",
                     [](Context& c) {
                       if (const auto n = c.number(1, 0, 65535))
                         probe<UdpProbe>(c).max_answer = static_cast<std::uint16_t>(*n);
                     }},
                });
}

std::vector<Keyword> file_check_keywords() {
  return {
      {"track_file", Status::Works, "which", file_name},
      {"weight", Status::Works, "what its number is multiplied with", file_weight},
  };
}

std::vector<Keyword> bfd_check_keywords() {
  return {
      {"name", Status::Works, "which session", bfd_name},
      {"alpha", Status::Works, "the server is down until it was up",
       [](Context& c) {
         if (const auto on = c.flag(1)) check_of(c).said.alpha = *on;
       }},
  };
}

}  // namespace plenum::conf::keepalived
