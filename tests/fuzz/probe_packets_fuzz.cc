// The readers of packets that probes see raw, ICMP's echoes and TCP's segments: any bytes. A segment that was read is
// read as the same when it is written.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "proto/icmp_echo.h"
#include "proto/tcp_segment.h"

namespace {

using namespace plenum;

void echo(net::Family family, std::span<const std::uint8_t> message) {
  const auto read = proto::read_echo_reply(family, message);
  if (!read) return;
  // As a request it has the same fields.
  auto written = proto::write_echo_request(family, *read);
  if (written.size() != message.size() || !std::equal(written.begin() + 4, written.end(), message.begin() + 4))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  for (const auto family : {net::Family::V4, net::Family::V6}) echo(family, bytes);
  echo(net::Family::V4, proto::behind_ipv4_header(bytes));
  if (const auto segment = proto::read_tcp(bytes)) {
    if (proto::read_tcp(proto::write_tcp(*segment)) != segment) std::abort();
  }
  return 0;
}
