#include "care/telling.h"

namespace plenum::care {

namespace {

bool same(const Said& a, const Said& b) { return a.state == b.state && a.notice.command == b.notice.command; }

}  // namespace

void Telling::add(const std::string& group, std::vector<Said> said) {
  // Services that saw the same saw it in the same order. What one of them has of its own comes behind, so that the last
  // that is told of anything is what was so last.
  std::map<std::string, std::size_t> heard;
  for (auto& one : said) {
    auto& places = about_[{group, one.of}];
    auto& next = heard[one.of];
    while (next < places.size() && !same(told_[places[next]].said, one)) ++next;
    if (next++ < places.size()) {
      ++told_[places[next - 1]].services;
      continue;
    }
    places.push_back(told_.size());
    told_.push_back({group, std::move(one)});
  }
}

std::vector<std::pair<std::string, Said>> Telling::take() {
  std::vector<std::pair<std::string, Said>> out;
  out.reserve(told_.size());
  for (auto& told : told_) {
    if (told.services > 1 && !told.said.line.empty())
      told.said.line += " (in " + std::to_string(told.services) + " services)";
    out.emplace_back(std::move(told.group), std::move(told.said));
  }
  told_.clear();
  about_.clear();
  return out;
}

}  // namespace plenum::care
