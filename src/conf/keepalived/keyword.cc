#include "conf/keepalived/keyword.h"

#include <array>
#include <map>

namespace plenum::conf::keepalived {
namespace {

struct Section {
  Block block;
  const char* name;
  std::vector<Keyword> (*rows)();
};

constexpr std::array kSections = {
    Section{Block::Top, "top", top_keywords},
    Section{Block::GlobalDefs, "global_defs", global_keywords},
    Section{Block::VrrpScript, "vrrp_script", script_keywords},
    Section{Block::TrackProcess, "vrrp_track_process", process_keywords},
    Section{Block::TrackFile, "track_file", file_keywords},
    Section{Block::TrackGroup, "track_group", track_group_keywords},
    Section{Block::BfdInstance, "bfd_instance", bfd_keywords},
    Section{Block::SyncGroup, "vrrp_sync_group", sync_group_keywords},
    Section{Block::GarpGroup, "garp_group", garp_group_keywords},
    Section{Block::VrrpInstance, "vrrp_instance", instance_keywords},
    Section{Block::Authentication, "authentication", authentication_keywords},
    Section{Block::VirtualServer, "virtual_server", virtual_server_keywords},
    Section{Block::RealServer, "real_server", real_server_keywords},
    Section{Block::Ssl, "SSL", ssl_keywords},
    Section{Block::TcpCheck, "TCP_CHECK", tcp_keywords},
    Section{Block::HttpGet, "HTTP_GET, SSL_GET", http_keywords},
    Section{Block::Url, "url", url_keywords},
    Section{Block::SmtpCheck, "SMTP_CHECK", smtp_keywords},
    Section{Block::SmtpHost, "SMTP_CHECK host", smtp_host_keywords},
    Section{Block::DnsCheck, "DNS_CHECK", dns_keywords},
    Section{Block::MiscCheck, "MISC_CHECK", misc_keywords},
    Section{Block::UdpCheck, "UDP_CHECK", udp_keywords},
    Section{Block::PingCheck, "PING_CHECK", ping_keywords},
    Section{Block::FileCheck, "FILE_CHECK", file_check_keywords},
    Section{Block::BfdCheck, "BFD_CHECK", bfd_check_keywords},
};

struct Table {
  std::array<std::vector<Keyword>, kSections.size()> rows;
  std::array<std::map<std::string_view, const Keyword*>, kSections.size()> by_name;
  std::vector<Block> blocks;

  Table() {
    for (std::size_t i = 0; i < kSections.size(); ++i) {
      rows[i] = kSections[i].rows();
      for (const auto& row : rows[i]) by_name[i].emplace(row.name, &row);
      blocks.push_back(kSections[i].block);
    }
  }
};

const Table& table() {
  static const Table the_table;
  return the_table;
}

}  // namespace

const char* name_of(Block block) {
  for (const auto& s : kSections)
    if (s.block == block) return s.name;
  return "";
}

const char* name_of(Status status) {
  switch (status) {
    case Status::Works:
      return "works";
    case Status::Accepted:
      return "accepted";
    case Status::Unsupported:
      return "unsupported";
  }
  return "";
}

std::span<const Keyword> keywords_of(Block block) { return table().rows[static_cast<std::size_t>(block)]; }

const Keyword* find_keyword(Block block, std::string_view name) {
  const auto& names = table().by_name[static_cast<std::size_t>(block)];
  const auto found = names.find(name);
  return found == names.end() ? nullptr : found->second;
}

std::string keywords_text() {
  std::string out = "| block | keyword | | |\n|---|---|---|---|\n";
  for (const auto block : table().blocks) {
    for (const auto& row : keywords_of(block))
      out += std::string("| ") + name_of(block) + " | `" + std::string(row.name) + "` | " + name_of(row.status) +
             " | " + std::string(row.doc) + " |\n";
  }
  return out;
}

std::span<const Block> all_blocks() { return table().blocks; }

}  // namespace plenum::conf::keepalived
