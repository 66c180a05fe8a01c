// The reader of DNS answers: any bytes. A question that was read can be asked, and is read as the same.

#include <cstdint>
#include <cstdlib>

#include "proto/dns.h"

using namespace plenum;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = proto::read_dns_answer({data, size});
  const auto* answer = std::get_if<proto::DnsAnswer>(&read);
  if (answer == nullptr) {
    if (proto::dns_fault_text(std::get<proto::DnsFault>(read)).empty()) std::abort();
    return 0;
  }
  if (proto::dns_rcode_text(answer->rcode).empty() || !answer->question) return 0;
  auto asked = proto::write_dns_query(answer->id, answer->question->name, answer->question->type);
  if (!asked) std::abort();
  (*asked)[2] |= 0x80;
  const auto again = proto::read_dns_answer(*asked);
  if (std::get<proto::DnsAnswer>(again).question != answer->question) std::abort();
  return 0;
}
