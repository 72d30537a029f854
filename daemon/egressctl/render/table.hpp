// SPDX-License-Identifier: MIT
#pragma once

// Rows under headings, each column as wide as its widest cell: the look of the Azure CLI's tables.
// On a screen that is too narrow for that the widest columns go on in further lines. Nothing is
// ever cut off.

#include <string>
#include <vector>

#include "egressctl/terminal.hpp"

namespace egress::ctl {

struct Cell {
  Cell(std::string cell_text)
      : text(std::move(cell_text)) {}  // NOLINT(google-explicit-constructor)
  Cell(std::string cell_text, Paint cell_paint) : text(std::move(cell_text)), paint(cell_paint) {}

  std::string text{};
  Paint paint = Paint::kPlain;
};

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // As many cells as there are headings.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }
  std::string to_string(const Screen& screen) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_{};
};

// Names and what they are, without headings: "lab       spoke.yaml".
std::string facts(const std::vector<std::pair<std::string, Cell>>& rows, const Screen& screen);

}  // namespace egress::ctl
