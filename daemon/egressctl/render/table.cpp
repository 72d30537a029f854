// SPDX-License-Identifier: MIT
#include "egressctl/render/table.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "base/result.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kGap = "  ";
constexpr size_t kNarrowestColumn = 6;

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

size_t total_of(const std::vector<size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(),
                         std::char_traits<char>::length(kGap) * (widths.size() - 1));
}

// Takes from the widest columns until all fit, as far as that makes sense: words stay whole as long
// as that is possible.
void narrow(std::vector<size_t>& widths, const std::vector<size_t>& words, size_t columns) {
  for (const bool whole_words : {true, false}) {
    while (total_of(widths) > columns) {
      size_t widest = widths.size();
      for (size_t i = 0; i < widths.size(); ++i) {
        const size_t least = whole_words ? std::max(words[i], kNarrowestColumn) : kNarrowestColumn;
        if (widths[i] <= least) continue;
        if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
      }
      if (widest == widths.size()) break;
      --widths[widest];
    }
  }
}

// The widest of its words.
size_t word_width(const std::string& text) {
  size_t width = 0;
  for (const std::string& piece : folded_to(text, 1, Break::kAtWordsAlone)) {
    width = std::max(width, display_width(piece));
  }
  return width;
}

// Cells that are wider than their columns go on in the next line.
std::string lines_of(const std::vector<Cell>& cells, const std::vector<size_t>& widths,
                     const Screen& screen) {
  std::vector<std::vector<std::string>> folded;
  size_t height = 1;
  for (size_t i = 0; i < cells.size(); ++i) {
    folded.push_back(folded_to(cells[i].text, widths[i]));
    height = std::max(height, folded.back().size());
  }
  std::string text;
  for (size_t line = 0; line < height; ++line) {
    std::vector<Cell> parts;
    for (size_t i = 0; i < cells.size(); ++i) {
      parts.emplace_back(line < folded[i].size() ? folded[i][line] : std::string(), cells[i].paint);
    }
    text += line_of(parts, widths, screen);
  }
  return text;
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
  if (screen.columns != 0 && total_of(widths) > screen.columns) {
    std::vector<size_t> words;
    for (const std::string& heading : headings_) words.push_back(word_width(heading));
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        words[i] = std::max(words[i], word_width(row[i].text));
      }
    }
    narrow(widths, words, screen.columns);
  }
  std::vector<Cell> head;
  std::vector<Cell> rule;
  for (size_t i = 0; i < headings_.size(); ++i) {
    head.emplace_back(headings_[i], Paint::kBold);
    rule.emplace_back(std::string(widths[i], '-'), Paint::kDim);
  }
  std::string text = lines_of(head, widths, screen) + line_of(rule, widths, screen);
  for (const auto& row : rows_) text += lines_of(row, widths, screen);
  return text;
}

std::string facts(const std::vector<std::pair<std::string, Cell>>& rows, const Screen& screen) {
  size_t width = 0;
  for (const auto& [name, cell] : rows) width = std::max(width, display_width(name));
  const size_t indent = width + std::char_traits<char>::length(kGap);
  const size_t room = screen.columns > indent + kNarrowestColumn ? screen.columns - indent : 0;
  std::string text;
  for (const auto& [name, cell] : rows) {
    const std::string safe = printable(cell.text);
    const size_t own = room == 0 ? display_width(safe) : std::min(room, display_width(safe));
    text += lines_of({{name, Paint::kDim}, {safe, cell.paint}}, {width, own}, screen);
  }
  return text;
}

}  // namespace egress::ctl
