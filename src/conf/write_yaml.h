#pragma once
// A Config as the YAML text that means it: parse(write_yaml(config)) is config, but for what is told in `lost`.

#include <string>
#include <vector>

#include "conf/config.h"

namespace plenum::conf {

struct Written {
  std::string text;
  std::vector<std::string> lost;  // "vip web: ...": what the language has no words for
};

Written write_yaml(const Config& config);

}  // namespace plenum::conf
