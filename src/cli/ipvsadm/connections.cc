#include "cli/ipvsadm/connections.h"

#include "cli/ipvsadm/columns.h"

namespace plenum::cli::ipvsadm {

std::string connection_titles(const Format& format) {
  const std::string start = "IPVS connection entries\npro expire " + left("state", 11) + ' ' + left("source", 18) +
                            ' ' + left("virtual", 18) + ' ';
  if (!format.persistent_conn) return start + "destination\n";
  return start + left("destination", 18) + ' ' + left("pe name", 16) + " pe_data\n";
}

std::string connection_row(const lb::ConnectionStatus& connection, const Format& format, const Names& names) {
  const auto name = [&](const net::Endpoint& endpoint) {
    return endpoint_name(endpoint.address, endpoint.port, connection.protocol, format.numeric, names);
  };
  const auto two_digits = [](std::uint32_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  const std::string expire = two_digits(connection.expires_in / 60) + ':' + two_digits(connection.expires_in % 60);
  const std::string start = left(protocol_title(connection.protocol), 3) + ' ' + left(expire, 6) + ' ' +
                            left(connection.state, 11) + ' ' + left(name(connection.client), 18) + ' ' +
                            left(name(connection.virtual_), 18) + ' ';
  if (!format.persistent_conn || connection.engine.empty()) return start + name(connection.server) + '\n';
  return start + left(name(connection.server), 16) + ' ' + left(connection.engine, 18) + ' ' + connection.engine_data +
         '\n';
}

}  // namespace plenum::cli::ipvsadm
