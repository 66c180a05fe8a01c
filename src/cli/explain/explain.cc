#include "cli/explain/explain.h"

#include "cli/plenum/text_table.h"

namespace plenum::cli {

namespace {

std::string line(const char* title, const std::string& text) {
  std::string out = title;
  out.resize(13, ' ');
  return text.empty() ? "" : out + text + "\n";
}

std::string candidates_text(const lb::Explanation& answer) {
  constexpr auto kRight = TextTable::Align::Right;
  TextTable table(
      {{""}, {"SERVER"}, {"WEIGHT", kRight}, {"ACTIVE", kRight}, {"INACTIVE", kRight}, {"LOAD", kRight}, {""}});
  for (const auto& c : answer.candidates)
    table.row({c.chosen ? "->" : "", c.server, std::to_string(c.weight), std::to_string(c.active),
               std::to_string(c.inactive), c.load, c.note});
  std::string out;
  const auto text = table.text();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out += std::string(13, ' ') + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

const char* kind_of_packet(const ctl::ExplainRequest& question) {
  if (question.protocol == conf::Protocol::Udp) return "";
  return question.later ? ", not the first of a connection" : ", the first of a connection";
}

}  // namespace

std::string read_packet(const std::string& source, const std::string& destination, ctl::ExplainRequest& out) {
  const auto from = net::Endpoint::parse(source);
  if (!from) return "no ADDRESS:PORT: " + source;
  const auto slash = destination.rfind('/');
  const auto to = net::Endpoint::parse(destination.substr(0, slash));
  if (!to) return "no ADDRESS:PORT/PROTOCOL: " + destination;
  if (from->address.family() != to->address.family()) return "both addresses must be of one family";
  const auto name = slash == std::string::npos ? "tcp" : destination.substr(slash + 1);
  for (const auto protocol : {conf::Protocol::Tcp, conf::Protocol::Udp, conf::Protocol::Sctp}) {
    if (name != conf::name_of(protocol)) continue;
    out.source = *from;
    out.destination = *to;
    out.protocol = protocol;
    return "";
  }
  return "the protocol is tcp, udp or sctp: " + name;
}

std::string explain_text(const ctl::ExplainRequest& question, const lb::Explanation& answer) {
  auto out = line("packet", std::string(conf::name_of(question.protocol)) + " " + question.source.text() + " > " +
                                question.destination.text() + kind_of_packet(question));
  out += line("connection", answer.connection.empty() ? "none" : answer.connection);
  if (answer.service.empty())
    out += line("service", answer.found_by);
  else
    out += line("service", answer.service + ", by " + answer.found_by);
  out += line("", answer.note);
  out += line("persistence", answer.persistence);
  out += line("scheduler", answer.rule);
  out += line("", answer.why);
  out += candidates_text(answer);
  out += line("server",
              answer.server.empty() ? "" : answer.server + (answer.forward.empty() ? "" : " by " + answer.forward));
  out += line("next hop",
              answer.next_hop + (answer.mtu ? ", packets up to " + std::to_string(*answer.mtu) + " bytes" : ""));
  return out + line("verdict", answer.kind + " " + answer.verdict + ": " + answer.text);
}

}  // namespace plenum::cli
