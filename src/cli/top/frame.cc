#include "cli/top/frame.h"

#include <algorithm>
#include <array>

namespace plenum::cli {

namespace {

constexpr std::size_t kNumber = 8, kNumbers = 8, kNarrowest = 12;

std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) text.resize(width);
  return text;
}

std::size_t name_width(std::size_t width) {
  const auto numbers = kNumber * kNumbers;
  return width > numbers + kNarrowest ? width - numbers : kNarrowest;
}

// A name that is too long keeps its end visible as such.
std::string name_cell(std::string name, std::size_t width) {
  for (auto& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  if (name.size() >= width) name = name.substr(0, width - 2) + "~";
  name.resize(width, ' ');
  return name;
}

std::string right(const std::string& text) {
  return text.size() < kNumber ? std::string(kNumber - text.size(), ' ') + text : " " + text;
}

std::string row(const std::string& name, const TopNumbers& n, std::size_t width) {
  auto line = name_cell(name, name_width(width)) + right(std::to_string(n.weight)) +
              right(short_number(static_cast<double>(n.active))) + right(short_number(static_cast<double>(n.inactive)));
  for (const double rate : {n.connections, n.in_packets, n.out_packets, n.in_bytes, n.out_bytes})
    line += right(short_number(rate));
  return cut(std::move(line), width);
}

const char* order_name(TopOrder order) {
  constexpr std::array kNames{"new connections", "packets", "bytes", "weight", "name", "active connections"};
  return kNames[static_cast<std::size_t>(order)];
}

}  // namespace

std::string top_title(std::size_t width) {
  std::string line = name_cell("SERVICE", name_width(width));
  for (const auto* name : {"WEIGHT", "ACTIVE", "INACT", "CONN/S", "IN P/S", "OUT P/S", "IN B/S", "OUT B/S"})
    line += right(name);
  return cut(std::move(line), width);
}

std::vector<std::string> top_rows(const TopModel& model, const TopView& view, std::size_t width) {
  std::vector<std::string> out;
  for (const auto& service : model.sorted(view.order, view.reverse)) {
    out.push_back(row(service.name, service.numbers, width));
    if (!view.servers) continue;
    for (const auto& server : service.servers) out.push_back(row("  -> " + server.name, server.numbers, width));
  }
  return out;
}

TopScreen top_screen(const TopModel& model, const TopView& view, const std::string& clock, const std::string& problem,
                     std::size_t width, std::size_t height) {
  TopScreen out;
  const auto sum = model.total();
  out.head = cut("plenum top  " + clock + "  " + std::to_string(model.services().size()) + " services, " +
                     std::to_string(model.servers()) + " servers  connections " +
                     short_number(static_cast<double>(sum.active)) + " active " +
                     short_number(static_cast<double>(sum.inactive)) + " inactive  " + short_number(sum.connections) +
                     "/s  in " + short_number(sum.in_packets) + " p/s " + short_number(sum.in_bytes) + "B/s  out " +
                     short_number(sum.out_packets) + " p/s " + short_number(sum.out_bytes) + "B/s",
                 width);
  out.title = top_title(width);
  const auto rows = top_rows(model, view, width);
  out.total = rows.size();
  out.page = height > 3 ? height - 3 : 0;
  const auto first = std::min(view.scroll, rows.size() > out.page ? rows.size() - out.page : 0);
  const auto last = std::min(rows.size(), first + out.page);
  out.rows.assign(rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(last));
  out.foot = problem.empty() ? std::string("by ") + order_name(view.order) + (view.reverse ? ", reversed" : "") +
                                   ", rows " + std::to_string(rows.empty() ? 0 : first + 1) + "-" +
                                   std::to_string(last) + " of " + std::to_string(rows.size()) +
                                   "  order: c)onn/s p)ackets b)ytes w)eight n)ame a)ctive  r)everse s)ervers q)uit"
                             : problem;
  std::replace(out.foot.begin(), out.foot.end(), '\n', ' ');
  out.foot = cut(std::move(out.foot), width);
  return out;
}

std::string top_bytes(const TopScreen& screen, std::size_t height) {
  // Cleared before it is written: behind a full line the cursor stands on its last character.
  constexpr const char *kFirst = "\x1b[H\x1b[K", *kNext = "\r\n\x1b[K";
  std::string out = kFirst + screen.head;
  if (height > 1) out += kNext + ("\x1b[7m" + screen.title) + "\x1b[0m";
  for (const auto& line : screen.rows) out += kNext + line;
  if (3 + screen.rows.size() < height) out += "\r\n\x1b[J";
  if (height > 2) out += "\x1b[" + std::to_string(height) + ";1H\x1b[K" + screen.foot;
  return out;
}

}  // namespace plenum::cli
