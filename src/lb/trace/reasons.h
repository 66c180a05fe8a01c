#pragma once
// The data plane's reasons (PL_REASONS of bpf/abi.h) as a list of words.

#include <array>
#include <span>
#include <string_view>

#include "bpf/abi.h"

namespace plenum::lb {

struct ReasonName {
  std::string_view name, kind, text;
};

// In the order of enum pl_reason.
inline std::span<const ReasonName> reason_names() {
  static constexpr std::array<ReasonName, PL_REASON_COUNT> kReasons{{
#define PLENUM_REASON(NAME, name, kind, text) {#name, #kind, text},
      PL_REASONS(PLENUM_REASON)
#undef PLENUM_REASON
  }};
  return kReasons;
}

}  // namespace plenum::lb
