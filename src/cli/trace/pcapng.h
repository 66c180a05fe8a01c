#pragma once
// Traced packets as a capture file that Wireshark and tcpdump read: pcapng, each packet with
// its verdict as its comment (draft-ietf-opsawg-pcapng). Pure: gives the bytes, writes nothing.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace plenum::cli {

class Pcapng {
 public:
  // What a file begins with.
  [[nodiscard]] static std::string header();
  // A packet's block, behind a block that describes its interface where that is the first of it.
  // `time`: ns since 1970; `length`: of the whole frame, of which `bytes` are the first.
  std::string packet(std::uint64_t time, const std::string& interface, std::string_view bytes, std::uint32_t length,
                     const std::string& comment);

 private:
  std::map<std::string, std::uint32_t> interfaces_;
};

// "02af" as its two bytes; what is no pair of hexadecimal digits ends it.
std::string from_hex(std::string_view digits);

}  // namespace plenum::cli
