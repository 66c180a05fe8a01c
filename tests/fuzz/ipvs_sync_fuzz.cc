// The reader of synchronisation datagrams: any bytes, and what was read and can be written
// must read the same again.

#include <cstdint>
#include <cstdlib>

#include "proto/ipvs_sync.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenum::proto;
  const auto first = read_sync({data, size});
  for (auto connection : first.connections) {
    // Data without an engine's name was skipped; a name without data is not written.
    if (connection.engine_data.empty()) connection.engine.clear();
    SyncWriter writer(first.syncid, 1472);
    (void)writer.add(connection);
    const auto bytes = writer.take();
    if (!bytes) std::abort();
    const auto second = read_sync(*bytes);
    if (!second.error.empty() || second.connections.size() != 1 || second.connections[0] != connection) std::abort();
  }
  return 0;
}
