// SPDX-License-Identifier: MIT
#include "egressctl/render/table.hpp"

#include <algorithm>

#include "base/result.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kGap = "  ";

std::string line_of(const std::vector<Cell>& cells, const std::vector<size_t>& widths,
                    const Screen& screen) {
  std::string line;
  size_t missing = 0;  // blanks owed before the next text, so that no line ends in them
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].text.empty()) {
      line += std::string(missing, ' ') + painted(cells[i].text, cells[i].paint, screen);
      missing = 0;
    }
    missing += widths[i] - display_width(cells[i].text) + std::char_traits<char>::length(kGap);
  }
  return line + '\n';
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  EG_CHECK(row.size() == headings_.size(), "a row has a cell under every heading");
  for (Cell& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::to_string(const Screen& screen) const {
  std::vector<size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(display_width(heading));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  std::vector<Cell> head;
  std::vector<Cell> rule;
  for (size_t i = 0; i < headings_.size(); ++i) {
    head.emplace_back(headings_[i], Paint::kBold);
    rule.emplace_back(std::string(widths[i], '-'), Paint::kDim);
  }
  std::string text = line_of(head, widths, screen) + line_of(rule, widths, screen);
  for (const auto& row : rows_) text += line_of(row, widths, screen);
  return text;
}

std::string facts(const std::vector<std::pair<std::string, Cell>>& rows, const Screen& screen) {
  size_t width = 0;
  for (const auto& [name, cell] : rows) width = std::max(width, display_width(name));
  std::string text;
  for (const auto& [name, cell] : rows) {
    const Cell safe(printable(cell.text), cell.paint);
    text += line_of({{name, Paint::kDim}, safe}, {width, display_width(safe.text)}, screen);
  }
  return text;
}

}  // namespace egress::ctl
