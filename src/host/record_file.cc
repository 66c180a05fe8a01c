// The record as JSON, and its file.

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/fd.h"
#include "host/record.h"

namespace plenum::host {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

Json json_of(const Record& r) {
  Json out;
  out["version"] = kVersion;
  out["vips"] = Json::array();
  for (const auto& vip : r.vips) out["vips"].push_back(vip.text());
  out["interfaces"] = r.interfaces;
  out["tunnels"] = r.tunnels.text();
  out["bpf_dir"] = r.bpf_dir;
  out["persist"] = r.persist;
  out["nat"] = r.nat;
  Json& before = out["before"];
  before["sysctls"] = r.sysctls;
  before["files"] = Json::object();
  for (const auto& [path, content] : r.files) before["files"][path] = content ? Json(*content) : Json(nullptr);
  before["offloads"] = r.offloads;
  before["links_down"] = r.links;
  out["addresses"] = Json::array();
  for (const AddAddress& a : r.addresses) {
    out["addresses"].push_back({{"interface", a.interface}, {"prefix", a.prefix.text()}});
  }
  out["mounted_at"] = r.mounted_at;
  out["where"] = {{"boot_id", r.where.boot_id}, {"netns", r.where.netns}};
  return out;
}

// Throws what the library throws, and std::invalid_argument.
Record record_of(const Json& in) {
  if (in.at("version") != kVersion) throw std::invalid_argument("its version is not " + std::to_string(kVersion));
  Record r;
  for (const auto& text : in.at("vips")) {
    const auto vip = net::Address::parse(text.get<std::string>());
    if (!vip) throw std::invalid_argument("not an address: " + text.dump());
    r.vips.insert(*vip);
  }
  r.interfaces = in.at("interfaces").get<std::set<std::string>>();
  auto tunnels = Tunnels::parse(in.at("tunnels").get<std::string>());
  if (!tunnels) throw std::invalid_argument(tunnels.error().what);
  r.tunnels = *tunnels;
  r.bpf_dir = in.at("bpf_dir").get<std::string>();
  r.persist = in.at("persist").get<bool>();
  r.nat = in.at("nat").get<bool>();
  const Json& before = in.at("before");
  r.sysctls = before.at("sysctls").get<Sysctls>();
  for (const auto& [path, content] : before.at("files").items()) {
    r.files[path] = content.is_null() ? std::nullopt : std::optional(content.get<std::string>());
  }
  r.offloads = before.at("offloads").get<decltype(r.offloads)>();
  r.links = before.at("links_down").get<std::set<std::string>>();
  for (const auto& one : in.at("addresses")) {
    const auto prefix = net::Prefix::parse(one.at("prefix").get<std::string>());
    if (!prefix) throw std::invalid_argument("not a prefix: " + one.dump());
    r.addresses.push_back({one.at("interface").get<std::string>(), *prefix});
  }
  r.mounted_at = in.at("mounted_at").get<std::string>();
  r.where = {in.at("where").at("boot_id").get<std::string>(), in.at("where").at("netns").get<std::uint64_t>()};
  return r;
}

Result<> write_synced(const std::string& path, const std::string& content) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("write " + path);
  if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::fsync(fd.get()) != 0) {
    return fail_errno("write " + path);
  }
  return {};
}

}  // namespace

std::string to_json(const Record& record) {
  return json_of(record).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Record> from_json(const std::string& text) {
  try {
    return record_of(Json::parse(text));
  } catch (const std::exception& error) {
    return fail(std::errc::invalid_argument, error.what());
  }
}

Result<std::optional<Record>> load_record(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Record>();
    return fail_errno("read " + path);
  }
  std::stringstream text;
  text << file.rdbuf();
  PLENUM_TRY(Record record, from_json(text.str()), "read " + path);
  return std::optional(std::move(record));
}

Result<> save_record(const std::string& path, const Record& record) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail_errno("make the directory of " + path, error.value());
  const std::string beside = path + ".new";
  PLENUM_CHECK(write_synced(beside, to_json(record)), "record what was there");
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno("write " + path);
  return {};
}

Result<> remove_record(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
  return {};
}

}  // namespace plenum::host
