#include "conf/write_parts.h"

#include <algorithm>

#include "conf/hex.h"

namespace plenum::conf {
namespace {

// What a scalar of the file can hold: UTF-8.
bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t more = c < 0x80             ? 0
                             : (c & 0xe0) == 0xc0 ? 1
                             : (c & 0xf0) == 0xe0 ? 2
                             : (c & 0xf8) == 0xf0 ? 3
                                                  : 9;
    if (more == 9 || i + more >= text.size() || c == 0xc0 || c == 0xc1) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

std::string interval_out(Duration value) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  if (ms == 0) return "0";
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

void KeysOut::text(std::string_view key, const std::string& value, std::string_view otherwise) {
  if (value == otherwise) return;
  if (!is_utf8(value)) return lose(std::string(key) + " is not text");
  map_.add(key, YamlOut::text(value));
}

void KeysOut::bytes(const std::string& key, const std::string& value) {
  if (value.empty()) return;
  const auto shows = [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (is_utf8(value) && std::all_of(value.begin(), value.end(), shows))
    map_.add(key, YamlOut::text(value));
  else
    map_.add(key + "_hex", YamlOut::text(hex_out(value)));
}

std::int64_t KeysOut::limited(std::string_view key, std::int64_t value, std::int64_t least, std::int64_t most) {
  const auto out = std::clamp(value, least, most);
  if (out != value)
    lose(std::string(key) + " can be " + std::to_string(least) + " to " + std::to_string(most) + ", not " +
         std::to_string(value));
  return out;
}

void KeysOut::interval(std::string_view key, Duration value, Duration otherwise, Duration least, Duration most) {
  if (value == otherwise) return;
  auto out = std::clamp(value, least, most);
  const auto rest = out % std::chrono::milliseconds(1);
  if (rest != Duration{}) out += std::chrono::milliseconds(1) - rest;
  if (out != value) lose(std::string(key) + " is " + interval_out(out) + ", the nearest it can be");
  map_.add(key, YamlOut::plain(interval_out(out)));
}

YamlOut texts_out(const std::vector<std::string>& texts) {
  auto out = YamlOut::list();
  for (const auto& text : texts) out.add(YamlOut::text(text));
  return out;
}

void KeysOut::command(std::string_view key, const Command& value) {
  if (value.empty()) return;
  if (!std::all_of(value.words.begin(), value.words.end(), is_utf8)) return lose(std::string(key) + " is not text");
  if (value.user.empty() && value.group.empty()) {
    map_.add(key, texts_out(value.words));
    return;
  }
  KeysOut out(where_, lost_);
  out.must("run", texts_out(value.words));
  out.text("user", value.user);
  out.text("group", value.group);
  map_.add(key, out.take());
}

}  // namespace plenum::conf
