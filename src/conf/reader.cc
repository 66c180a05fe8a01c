#include "conf/reader.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/fd.h"
#include "conf/assemble.h"
#include "conf/keepalived/read.h"
#include "conf/lvs_cf/read.h"
#include "conf/node_value.h"
#include "conf/schema.h"
#include "conf/validate.h"

namespace plenum::conf {
namespace {

constexpr std::size_t kLargest = 64u << 20;

Result<std::string> read_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno("cannot be opened");
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode)) return fail(std::errc::is_a_directory, "is a directory");
  std::string text;
  std::array<char, 65536> chunk{};
  for (;;) {
    const auto n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot be read");
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
    if (text.size() > kLargest) return fail(std::errc::file_too_large, "is larger than 64 MiB");
  }
}

std::vector<std::string> match_files(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

// Reads a file and those it includes into one tree, then the tree into a Config.
class Reader {
 public:
  Reader(const Environment& environment, const Files* files, Diagnostics* warnings)
      : environment_(environment), files_(files), warnings_(warnings) {}

  Reading from_path(const std::string& path) {
    const auto whole = std::make_shared<const Source>(path, "");
    auto text = files_->read(path);
    if (!text) {
      problems_.add({whole, 0, 0}, text.error().what);
      error_ = text.error().code;
      return tl::unexpected(std::move(problems_));
    }
    return from_text(*std::move(text), path);
  }

  Reading from_text(std::string text, const std::string& name) {
    switch (format_of(text)) {
      case Format::Keepalived: {
        const auto host = files_ ? keepalived::this_host() : keepalived::Host{};
        auto read = keepalived::read(std::move(text), name, host, files_);
        return foreign(std::move(read.config), read.findings);
      }
      case Format::Lvs: {
        auto read = lvs_cf::read(std::move(text), name, files_ ? lvs_cf::this_host() : lvs_cf::Host{});
        return foreign(std::move(read.config), read.findings);
      }
      case Format::Yaml:
        break;
    }
    auto root = tree(std::move(text), name);
    if (!root) return tl::unexpected(std::move(problems_));
    if (root->is_mapping()) include(*root, name);
    validate(*root, file_shape(), problems_);
    const auto node = node_name(*root, environment_);
    take_node_values(*root, file_shape(), node);
    Diagnostics warnings;
    auto config = assemble(*root, node, problems_, warnings);
    if (problems_.empty()) {
      if (warnings_) *warnings_ = std::move(warnings);
      return config;
    }
    problems_.sort();
    return tl::unexpected(std::move(problems_));
  }

  // Why the file itself could not be read; none when the trouble is in its text.
  [[nodiscard]] std::error_code error() const { return error_; }

 private:
  Reading foreign(Config config, const keepalived::Findings& findings) {
    if (findings.worst() == keepalived::Severity::Fatal)
      return tl::unexpected(keepalived::diagnostics(findings, keepalived::Severity::Fatal));
    if (warnings_) *warnings_ = keepalived::diagnostics(findings, keepalived::Severity::Lost);
    return config;
  }

  std::optional<Node> tree(std::string text, const std::string& name) {
    const auto source = std::make_shared<const Source>(name, std::move(text));
    auto root = parse_yaml(source, problems_);
    if (root) expand_variables(*root, environment_, problems_);
    return root;
  }

  void include(Node& root, const std::string& name) {
    const auto* list = root.find("include");
    if (!list || !list->is_sequence()) return;  // validate() tells
    const auto slash = name.rfind('/');
    const auto directory = slash == std::string::npos ? "" : name.substr(0, slash + 1);
    const auto patterns = list->items;  // root grows below
    for (const auto& pattern : patterns) {
      if (!pattern.is_scalar() || pattern.text.empty()) continue;
      if (!files_) {
        problems_.add(pattern.place, "include: there are no other files here");
        continue;
      }
      for (const auto& path : files_->match(pattern.text[0] == '/' ? pattern.text : directory + pattern.text)) {
        auto text = files_->read(path);
        if (!text) {
          problems_.add(pattern.place, "include: " + path + " " + text.error().what);
          continue;
        }
        auto part = tree(*std::move(text), path);
        if (part) merge(root, *std::move(part), 0);
      }
    }
  }

  // Two levels: sections, and what is named in them. A key in two files is an error that
  // names both; "version" may be repeated.
  void merge(Node& into, Node part, int level) {
    if (!part.is_mapping()) {
      problems_.add(part.place, "must be a mapping of keys, not " + part.shown());
      return;
    }
    for (std::size_t i = 0; i < part.keys.size(); ++i) {
      auto& key = part.keys[i];
      auto& value = part.items[i];
      if (level == 0 && key.text == "include") {
        problems_.add(key.place, "include: only the main file includes others");
        continue;
      }
      std::size_t at = 0;
      while (at < into.keys.size() && into.keys[at].text != key.text) ++at;
      if (at == into.keys.size()) {
        into.keys.push_back(std::move(key));
        into.items.push_back(std::move(value));
      } else if (level == 0 && into.items[at].is_mapping() && value.is_mapping()) {
        merge(into.items[at], std::move(value), level + 1);
      } else if (level == 0 && key.text == "version") {
        if (value.text != into.items[at].text) problems_.add(value.place, "version is another one in the main file");
      } else {
        problems_.add(key.place,
                      "key \"" + key.text + "\" stands in two files, first at " + into.keys[at].place.text());
      }
    }
  }

  const Environment& environment_;
  const Files* files_;
  Diagnostics* warnings_;
  Diagnostics problems_;
  std::error_code error_;
};

}  // namespace

const Files& real_files() {
  static const Files files{read_file, match_files};
  return files;
}

std::optional<std::string> process_environment(std::string_view name) {
  const auto* value = std::getenv(std::string(name).c_str());
  if (!value) return std::nullopt;
  return value;
}

Format format_of(std::string_view text) {
  if (lvs_cf::looks_like(text)) return Format::Lvs;
  return keepalived::looks_like(text) ? Format::Keepalived : Format::Yaml;
}

Reading read(const std::string& path, const Environment& environment, const Files& files, Diagnostics* warnings) {
  return Reader(environment, &files, warnings).from_path(path);
}

Result<Config> load(const std::string& path, const Environment& environment, Diagnostics* warnings) {
  Reader reader(environment, &real_files(), warnings);
  auto reading = reader.from_path(path);
  if (reading) return *std::move(reading);
  auto text = reading.error().render();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto code = reader.error() ? reader.error() : std::make_error_code(std::errc::invalid_argument);
  return tl::unexpected(Error{code, std::move(text)});
}

Reading parse(std::string text, const std::string& name, const Environment& environment, Diagnostics* warnings) {
  return Reader(environment, nullptr, warnings).from_text(std::move(text), name);
}

}  // namespace plenum::conf
