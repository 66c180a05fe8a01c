#include "cli/trace/pcapng.h"

namespace plenum::cli {

namespace {

// Block types and option codes.
constexpr std::uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kEnhancedPacket = 6;
constexpr std::uint16_t kComment = 1, kName = 2, kTimeResolution = 9;
constexpr std::uint16_t kEthernet = 1;  // LINKTYPE_ETHERNET

// The reader tells the byte order from the section's magic.
template <class Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void pad(std::string& out) { out.append((4 - out.size() % 4) % 4, '\0'); }

void put_option(std::string& out, std::uint16_t code, std::string_view value) {
  value = value.substr(0, 0xffff);
  put(out, code);
  put(out, static_cast<std::uint16_t>(value.size()));
  out += value;
  pad(out);
}

std::string block(std::uint32_t type, const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  std::string out;
  put(out, type);
  put(out, length);
  out += body;
  put(out, length);
  return out;
}

}  // namespace

std::string Pcapng::header() {
  std::string body;
  put(body, std::uint32_t{0x1a2b3c4d});
  put(body, std::uint16_t{1});
  put(body, std::uint16_t{0});
  put(body, std::int64_t{-1});  // the section's length: not known yet
  return block(kSection, body);
}

std::string Pcapng::packet(std::uint64_t time, const std::string& interface, std::string_view bytes,
                           std::uint32_t length, const std::string& comment) {
  std::string out;
  const auto [at, fresh] = interfaces_.try_emplace(interface, static_cast<std::uint32_t>(interfaces_.size()));
  if (fresh) {
    std::string body;
    put(body, kEthernet);
    put(body, std::uint16_t{0});
    put(body, std::uint32_t{0});  // no limit of a packet's bytes is told
    put_option(body, kName, interface);
    put_option(body, kTimeResolution, "\x09");  // ns
    put(body, std::uint32_t{0});                // end of options
    out += block(kInterface, body);
  }
  std::string body;
  put(body, at->second);
  put(body, static_cast<std::uint32_t>(time >> 32));
  put(body, static_cast<std::uint32_t>(time));
  put(body, static_cast<std::uint32_t>(bytes.size()));
  put(body, length);
  body += bytes;
  pad(body);
  put_option(body, kComment, comment);
  put(body, std::uint32_t{0});
  return out + block(kEnhancedPacket, body);
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int high = value(digits[i]), low = value(digits[i + 1]);
    if (high < 0 || low < 0) break;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace plenum::cli
