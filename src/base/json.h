#pragma once
// A text of JSON (RFC 8259) taken apart into one flat list of its values, which point into the
// text: no tree and no memory for each value, so that a listing of ten thousand servers is read
// in milliseconds. Knows the grammar; what a message means is decode.cc's business.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plenum {

class Json {
 public:
  enum class Kind : std::uint8_t { Null, False, True, Number, String, Array, Object };

  // Values in the order of the text. An array's items follow it; an object's members follow it,
  // a string that is its name before each value. `next` is the place behind a value and all in it.
  struct Value {
    std::uint32_t begin = 0, end = 0;  // where it stands; of a string: what is between the quotes
    std::uint32_t next = 0;
    Kind kind = Kind::Null;
    bool plain = false;  // a string without escapes; a number without fraction and exponent
  };

  // Errors (EINVAL), to be read behind the name of the text: "is not JSON", "nests too deeply"
  // (arrays and objects deeper than `most_depth`). Up to 4 GiB. `text` outlives the result.
  static Result<Json> parse(std::string_view text, std::uint32_t most_depth);

  // The outermost value is number 0.
  [[nodiscard]] const Value& operator[](std::uint32_t index) const { return values_[index]; }
  // A number as it is written, a string as it is between its quotes.
  [[nodiscard]] std::string_view raw(std::uint32_t index) const {
    const Value& value = values_[index];
    return text_.substr(value.begin, value.end - value.begin);
  }
  // A string's meaning.
  [[nodiscard]] std::string string(std::uint32_t index) const;
  [[nodiscard]] bool is_string(std::uint32_t index, std::string_view meaning) const;

 private:
  class Parser;

  std::string_view text_;
  std::vector<Value> values_;
};

}  // namespace plenum
