// Boost.Regex rather than the standard library's: that recurses once a character, and tries for ever.
#include "base/pattern.h"

// Steps of one search: some tens of milliseconds. The same in every file that includes the library, which is this one.
#define BOOST_REGEX_MAX_STATE_COUNT 1000000
#define BOOST_REGEX_STANDALONE
#include <boost/regex.hpp>

namespace plenum {

struct Pattern::Compiled {
  boost::regex regex;
};

Result<Pattern> Pattern::compile(const std::string& text, bool ignore_case) {
  try {
    boost::regex::flag_type flags = boost::regex::perl;
    if (ignore_case) flags |= boost::regex::icase;
    return Pattern(std::make_shared<const Compiled>(Compiled{boost::regex(text, flags)}));
  } catch (const std::exception& error) {
    return fail(std::errc::invalid_argument, error.what());
  }
}

Result<bool> Pattern::found_in(std::string_view text) const {
  try {
    return boost::regex_search(text.data(), text.data() + text.size(), compiled_->regex);
  } catch (const std::exception&) {
    return fail(std::errc::argument_list_too_long, "the expression takes too long for this text");
  }
}

}  // namespace plenum
