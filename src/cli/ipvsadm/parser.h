#pragma once
// The grammar's memory while a command line is read: what was given, in the order of typing.
// Its options are taken in parser_options.cc, the whole is judged in parser.cc. Used by
// parse_command() alone.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/ipvsadm/command.h"
#include "cli/ipvsadm/draft.h"
#include "cli/ipvsadm/legality.h"
#include "cli/ipvsadm/options.h"

namespace plenum::cli::ipvsadm {

// A usage error's text without its newline; none when all is well.
using Complaint = std::optional<std::string>;

class Parser {
 public:
  explicit Parser(const Names& names) : names_(names) {}

  // The command, from the first option. False when it is none.
  bool start(Tag tag);
  // start()'s argument and every later option.
  Complaint start_argument(Tag tag, const std::string& argument);
  Complaint option(Tag tag, const std::optional<std::string>& argument, const std::string& word);
  // What only the whole command line tells.
  Complaint leftovers(const std::vector<std::string>& words);
  Complaint check();
  [[nodiscard]] Command command() const;

 private:
  Complaint add(Column column);
  Complaint service_option(Tag tag, const std::optional<std::string>& argument);
  Complaint server_option(Tag tag, const std::string& argument);
  Complaint listing_option(Tag tag);
  Complaint daemon_option(Tag tag, const std::string& argument);
  Complaint tunnel_option(Tag tag, const std::string& argument);

  Complaint virtual_server(conf::Protocol protocol, const std::string& text);
  Complaint mark(const std::string& text);
  Complaint netmask(const std::string& text);
  Complaint real_server(const std::string& text);
  Complaint forward(conf::Forward method);
  Complaint threshold(Column column, const std::string& text, std::uint32_t& field);
  Complaint timeout(const std::string& text, long min, std::uint32_t& field);
  Complaint number(Column column, const std::string& text, long min, long max, const char* what);
  Complaint check_service();
  Complaint check_server();

  const Names& names_;
  Command command_;
  Given given_;
  ServiceDraft service_;
  ServiceDraft server_;  // -r is read like a service's address; family, address and port count
  std::string flag_names_;
};

}  // namespace plenum::cli::ipvsadm
