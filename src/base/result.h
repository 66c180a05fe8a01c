#pragma once
// The one way a function says "this can fail": Result<T>. Over tl::expected, so that the
// day the compiler has std::expected only this file changes; [[nodiscard]], which
// tl::expected in Debian 12 is not. Exceptions are caught where a library throws them.

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace plenum {

struct Error {
  std::error_code code;
  std::string what;  // grows outward: "load plenum.yaml: service web: port must be 1..65535"

  Error in(std::string_view where) && {
    what.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }
};

template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(std::errc code, std::string what) {
  return tl::unexpected(Error{std::make_error_code(code), std::move(what)});
}

// For a failed system call: keeps errno and adds its text.
inline tl::unexpected<Error> fail_errno(std::string what, int error = errno) {
  const std::error_code code{error, std::system_category()};
  return tl::unexpected(Error{code, std::move(what) + ": " + code.message()});
}

}  // namespace plenum

#define PLENUM_CAT_(a, b) a##b
#define PLENUM_CAT(a, b) PLENUM_CAT_(a, b)

// PLENUM_TRY(auto fd, open_config(path), "load config");
#define PLENUM_TRY(decl, expr, where)                                                  \
  auto PLENUM_CAT(result_, __LINE__) = (expr);                                         \
  if (!PLENUM_CAT(result_, __LINE__))                                                  \
    return tl::unexpected(std::move(PLENUM_CAT(result_, __LINE__)).error().in(where)); \
  decl = *std::move(PLENUM_CAT(result_, __LINE__))

// The same for Result<void>: PLENUM_CHECK(write_all(fd, bytes), "save rules");
#define PLENUM_CHECK(expr, where)                                                                      \
  do {                                                                                                 \
    auto plenum_check_result = (expr);                                                                 \
    if (!plenum_check_result) return tl::unexpected(std::move(plenum_check_result).error().in(where)); \
  } while (false)
