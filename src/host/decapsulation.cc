#include "host/decapsulation.h"

#include "base/text.h"

namespace plenum::host {

namespace {

template <class T, class Text>
void compare(const std::set<T>& wished, const std::set<T>& active, const std::string& missing, const std::string& extra,
             Text text, std::vector<std::string>& out) {
  for (const T& one : wished) {
    if (!active.contains(one)) out.push_back(missing + text(one));
  }
  for (const T& one : active) {
    if (!wished.contains(one)) out.push_back(extra + text(one));
  }
}

}  // namespace

std::string Tunnels::text() const {
  std::string out;
  if (ipip) out = "ipip";
  if (gue) out += (out.empty() ? "gue:" : ",gue:") + std::to_string(*gue);
  if (gre) out += out.empty() ? "gre" : ",gre";
  return out.empty() ? "none" : out;
}

Result<Tunnels> Tunnels::parse(std::string_view text) {
  Tunnels out;
  if (text == "none") return out;
  for (const std::string_view word : split(text, ',')) {
    if (word == "ipip") {
      out.ipip = true;
    } else if (word == "gre") {
      out.gre = true;
    } else if (word == "gue") {
      out.gue = kGuePort;
    } else if (word.starts_with("gue:")) {
      const auto port = parse_number<std::uint16_t>(word.substr(4));
      if (!port || *port == 0) return fail(std::errc::invalid_argument, "the port of gue:PORT must be 1..65535");
      out.gue = port;
    } else {
      return fail(std::errc::invalid_argument,
                  "a tunnel is none, ipip, gue, gue:PORT or gre, not \"" + std::string(word) + "\"");
    }
  }
  return out;
}

std::vector<std::string> shortcomings(const Decapsulation& wished, const DecapsulationState& state) {
  std::vector<std::string> out;
  const Decapsulation& active = state.active;
  if (state.damaged) out.push_back("is damaged or of another version");
  const auto same = [](const std::string& name) { return name; };
  compare(wished.interfaces, active.interfaces, "does not run on ", "runs on ", same, out);
  if (active.interfaces.empty()) return out;  // the rest goes without saying
  if (wished.tunnels != active.tunnels) {
    out.push_back("takes off " + active.tunnels.text() + " instead of " + wished.tunnels.text());
  }
  const auto address = [](const net::Address& one) { return one.text(); };
  compare(wished.vips, active.vips, "does not know the VIP ", "takes as a VIP ", address, out);
  compare(wished.locals, active.locals, "does not know this server's address ", "takes for this server's address ",
          address, out);
  return out;
}

}  // namespace plenum::host
