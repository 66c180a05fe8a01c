#include "recording.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace plenum::compat {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::vector<Run> read_recording(const std::string& file) {
  std::ifstream in(std::string(PLENUM_COMPAT_DATA) + "/" + file);
  EXPECT_TRUE(in) << file;
  std::vector<Run> runs;
  bool in_err = false;
  for (std::string line; std::getline(in, line);) {
    std::string_view rest = line;
    if (take_prefix(rest, "$ ")) {
      runs.push_back({.where = file, .command = std::string(rest)});
      in_err = false;
    } else if (runs.empty()) {
      ADD_FAILURE() << file << " does not begin with a command";
    } else if (line == "[stderr]") {
      runs.back().err_marked = in_err = true;
    } else if (take_prefix(rest, "[exit ")) {
      runs.back().exit = std::stoi(std::string(rest));
    } else if (take_prefix(rest, "[sent] ")) {
      runs.back().sent.emplace_back(rest);
    } else {
      (in_err ? runs.back().err : runs.back().out) += line + '\n';
    }
  }
  EXPECT_FALSE(runs.empty()) << file;
  return runs;
}

std::vector<Run> read_scenario(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PLENUM_COMPAT_DATA) + "/" + directory))
    files.push_back(directory + "/" + entry.path().filename().string());
  std::sort(files.begin(), files.end());
  std::vector<Run> runs;
  for (const auto& file : files)
    for (auto& run : read_recording(file)) runs.push_back(std::move(run));
  return runs;
}

std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : line) {
    if (quote == 0 && c == ' ') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace plenum::compat
