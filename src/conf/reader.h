#pragma once
// The configuration file: text in, an immutable Config or everything that is wrong with it
// out. Reads files; changes nothing.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "conf/config.h"
#include "conf/source.h"
#include "conf/yaml.h"

namespace plenum::conf {

using Reading = tl::expected<Config, Diagnostics>;

// Where files come from; a test hands in its own.
struct Files {
  std::function<Result<std::string>(const std::string& path)> read;
  // Paths that a pattern of * and ? matches, sorted. A pattern without these is itself.
  std::function<std::vector<std::string>(const std::string& pattern)> match;
};
const Files& real_files();

// The process's environment.
std::optional<std::string> process_environment(std::string_view name);

// Whose language a text is, told by the text itself.
enum class Format : std::uint8_t {
  Yaml,
  Keepalived,  // keepalived.conf
  Lvs          // Piranha's lvs.cf
};
Format format_of(std::string_view text);

// The file at `path` with those it includes, of any format. `path` stands in messages as it is given. What is no
// mistake in its own language, and yet not as it should be, is added to `warnings`.
Reading read(const std::string& path, const Environment& environment = process_environment,
             const Files& files = real_files(), Diagnostics* warnings = nullptr);

// As read(), with every problem rendered into the error's text (EINVAL, or the errno of a
// file that could not be read).
Result<Config> load(const std::string& path, const Environment& environment = process_environment,
                    Diagnostics* warnings = nullptr);

// One text as if it were the file `name`; it may not include others. Any bytes will do.
Reading parse(std::string text, const std::string& name, const Environment& environment = process_environment,
              Diagnostics* warnings = nullptr);

}  // namespace plenum::conf
