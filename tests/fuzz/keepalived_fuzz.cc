// Any bytes as a keepalived.conf: the reader goes through them whatever they are, comes to an end in bounded time, and
// what it made of them is a configuration that a table takes and that can be written as YAML. A second file, behind a
// line of "====", is what every include finds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "conf/keepalived/read.h"
#include "conf/write_yaml.h"
#include "lb/reload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenum;
  std::string text(reinterpret_cast<const char*>(data), size), included;
  if (const auto cut = text.find("\n====\n"); cut != std::string::npos) {
    included = text.substr(cut + 6);
    text.resize(cut + 1);
  }
  conf::Files files;
  files.read = [&](const std::string& path) -> Result<std::string> {
    if (path.size() % 3 == 0) return fail(std::errc::no_such_file_or_directory, "cannot be opened");
    return included;
  };
  files.match = [](const std::string& pattern) { return std::vector<std::string>{pattern}; };
  conf::keepalived::Host host;
  host.node = "node";
  host.has_interface = [](const std::string& name) { return name.size() == 4; };
  host.has_user = [](const std::string& name) { return name == "root"; };
  host.has_group = host.has_user;
  host.script = [](const std::string& program) {
    return static_cast<conf::keepalived::ScriptState>(program.size() % 3);
  };
  conf::keepalived::LineOptions options;
  options.most_lines = 3'000;
  options.most_bytes = 1u << 20;
  const auto read = conf::keepalived::read(text, "fuzz.conf", host, &files, &options);
  const auto status = conf::keepalived::exit_class(read.findings.worst());
  if (status != 0 && conf::keepalived::keepalived_text(read.findings).empty()) std::abort();
  if (conf::keepalived::diagnostics(read.findings, conf::keepalived::Severity::Note).list().size() >
      read.findings.list().size())
    std::abort();
  if (!lb::plan(read.config.services, read.config.services).empty()) std::abort();
  if (!lb::reload(lb::Table(), {}, read.config.services, TimePoint{})) std::abort();
  if (conf::write_yaml(read.config).text.empty()) std::abort();
  return 0;
}
