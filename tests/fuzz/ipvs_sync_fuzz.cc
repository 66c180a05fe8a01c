// The reader of synchronisation datagrams: any bytes, and what was read and can be written
// must read the same again, one by one and many to a datagram, none longer than it may be.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "proto/ipvs_sync.h"

namespace {

using namespace plenum::proto;

constexpr std::uint8_t kSyncid = 7;

// Writes all of them and reads them again.
std::vector<SyncConnection> passed_on(const std::vector<SyncConnection>& connections, std::size_t most) {
  std::vector<SyncConnection> out;
  const auto read = [&](const std::vector<std::uint8_t>& bytes) {
    auto datagram = read_sync(bytes);
    const bool alone = datagram.connections.size() == 1;
    if (!datagram.error.empty() || datagram.skipped != 0 || datagram.syncid != kSyncid || datagram.version != 1)
      std::abort();
    if (bytes.size() > most && !alone) std::abort();
    for (auto& connection : datagram.connections) out.push_back(std::move(connection));
  };
  SyncWriter writer(kSyncid, most);
  for (const auto& connection : connections)
    if (const auto full = writer.add(connection)) read(*full);
  if (const auto rest = writer.take()) read(*rest);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto connections = read_sync({data, size}).connections;
  // Data without an engine's name was skipped; a name without data is not written.
  for (auto& connection : connections)
    if (connection.engine_data.empty()) connection.engine.clear();
  for (const std::size_t most : {1472, 200})
    if (passed_on(connections, most) != connections) std::abort();
  for (const auto& connection : connections)
    if (passed_on({connection}, 1472) != std::vector{connection}) std::abort();
  return 0;
}
