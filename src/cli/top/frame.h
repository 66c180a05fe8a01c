#pragma once
// What `plenum top` draws: rows and lines of text for a screen of a size. Pure.

#include <string>
#include <vector>

#include "cli/top/model.h"

namespace plenum::cli {

// One row a service and, where the view says so, one a server, in the view's order.
std::vector<std::string> top_rows(const TopModel& model, const TopView& view, std::size_t width);
// The title of these columns.
std::string top_title(std::size_t width);

struct TopScreen {
  std::string head;                 // totals
  std::string title;                // of the columns, to be shown in reverse
  std::vector<std::string> rows;    // that fit
  std::string foot;                 // the keys, or what is wrong
  std::size_t page = 0, total = 0;  // rows that fit, rows there are
};
// Everything cut to the screen's size; `problem` stands in the last line while there is one.
// `clock`: as people read it, "12:34:56".
TopScreen top_screen(const TopModel& model, const TopView& view, const std::string& clock, const std::string& problem,
                     std::size_t width, std::size_t height);
// The bytes that draw it on a terminal (ECMA-48), over what is there.
std::string top_bytes(const TopScreen& screen, std::size_t height);

}  // namespace plenum::cli
