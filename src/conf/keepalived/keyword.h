#pragma once
// keepalived.conf's keywords, one table: what each block knows, what becomes of it here, and the code that takes it.
// A keyword that works is a row with a handler in its block's file.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/keepalived/draft.h"
#include "conf/keepalived/findings.h"
#include "conf/keepalived/host.h"
#include "conf/keepalived/lines.h"
#include "conf/keepalived/words.h"

namespace plenum::conf::keepalived {

enum class Block : std::uint8_t {
  Top,
  GlobalDefs,
  VrrpScript,
  TrackProcess,
  TrackFile,
  TrackGroup,
  BfdInstance,
  SyncGroup,
  GarpGroup,
  VrrpInstance,
  Authentication,
  VirtualServer,
  RealServer,
  Ssl,
  TcpCheck,
  HttpGet,  // SSL_GET, too
  Url,
  SmtpCheck,
  SmtpHost,
  DnsCheck,
  MiscCheck,
  UdpCheck,
  PingCheck,
  FileCheck,
  BfdCheck,
  None  // opens no block of keywords
};
const char* name_of(Block block);

enum class Status : std::uint8_t {
  Works,
  Accepted,    // nothing needs to be done for it here
  Unsupported  // what it asks for is not done
};
const char* name_of(Status status);

// What a handler has before it. It notes what it takes in `draft`.
struct Context {
  Draft& draft;
  Findings& findings;
  const Host& host;
  Lines& lines;
  const Words& words;       // of the line; words[0] is the keyword
  const std::string& text;  // the line as it stands, for scripts
  Place place;
  bool skip = false;   // set by the handler of a block: read over it
  bool fatal = false;  // set where a parameter is missing without which keepalived does not start

  [[nodiscard]] std::size_t count() const { return words.size(); }
  // The parameter; where it is missing that is fatal, and "" the answer.
  const std::string& word(std::size_t at);
  void warn(std::string message, std::string hint = {}) const {
    findings.warn(place, std::move(message), std::move(hint));
  }
  // A whole number within a range, or nothing after a warning of how it is wrong.
  Maybe<std::int64_t> number(std::size_t at, std::int64_t least, std::int64_t most);
  // Seconds with a fraction, as millionths, in a range of these.
  Maybe<std::int64_t> decimal(std::size_t at, double least, double most);
  // The flag behind a keyword that stands for "on" alone; nothing where it is no flag.
  Maybe<bool> flag(std::size_t at);
  // A script: the line's second word, with a user and group behind it, unless its block has a keyword for them.
  enum class RunsAs : std::uint8_t { SaidHere, SaidElsewhere };
  Command script(RunsAs runs_as = RunsAs::SaidHere);
};

using Handler = void (*)(Context&);
using ItemHandler = void (*)(Context&);  // for each line of a block of values

struct Keyword {
  std::string_view name;
  Status status = Status::Works;
  std::string_view doc;  // one line: what it does; Accepted, Unsupported: why nothing
  Handler take = nullptr;
  Block opens = Block::None;
  ItemHandler item = nullptr;  // it opens a block of values, and this takes each line
  bool values = false;         // it opens a block of values
  Handler end = nullptr;       // at the end of the block it opens; of values: where there were none
  bool parameter = false;      // without one keepalived does not start, whatever becomes of it here
};

// Of one block, in the order of its file.
std::span<const Keyword> keywords_of(Block block);
const Keyword* find_keyword(Block block, std::string_view name);
// All of them as a Markdown table for people: block, keyword, status, doc.
std::string keywords_text();
// Every block that has keywords.
std::span<const Block> all_blocks();

// The rows of each block, where they are written.
std::vector<Keyword> top_keywords();
std::vector<Keyword> global_keywords();
std::vector<Keyword> script_keywords();
std::vector<Keyword> process_keywords();
std::vector<Keyword> file_keywords();
std::vector<Keyword> track_group_keywords();
std::vector<Keyword> bfd_keywords();
std::vector<Keyword> sync_group_keywords();
std::vector<Keyword> garp_group_keywords();
std::vector<Keyword> instance_keywords();
std::vector<Keyword> authentication_keywords();
std::vector<Keyword> virtual_server_keywords();
std::vector<Keyword> real_server_keywords();
std::vector<Keyword> ssl_keywords();
std::vector<Keyword> tcp_keywords();
std::vector<Keyword> http_keywords();
std::vector<Keyword> url_keywords();
std::vector<Keyword> smtp_keywords();
std::vector<Keyword> smtp_host_keywords();
std::vector<Keyword> dns_keywords();
std::vector<Keyword> misc_keywords();
std::vector<Keyword> udp_keywords();
std::vector<Keyword> ping_keywords();
std::vector<Keyword> file_check_keywords();
std::vector<Keyword> bfd_check_keywords();

}  // namespace plenum::conf::keepalived
