// SPDX-License-Identifier: MIT
#pragma once

// A bar on stderr that an operation redraws while it runs and that leaves no trace.

#include "egressctl/answer.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

class ProgressBar {
 public:
  // Draws nothing on a screen that is not interactive.
  explicit ProgressBar(const Screen& screen) : screen_(screen) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // {"done", "total", "what"}
  void show(const Json& progress);
  void clear();

 private:
  Screen screen_;
  bool drawn_ = false;
};

// One line without its end, no wider than `columns`.
std::string progress_line(const Json& progress, size_t columns);

}  // namespace egress::ctl
