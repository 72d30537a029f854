// SPDX-License-Identifier: MIT
#include "egressctl/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace egress::ctl {

namespace {

constexpr double kBarColumns = 24;
constexpr size_t kUsualColumns = 80;

}  // namespace

std::string progress_line(const Json& progress, size_t columns) {
  const double total = std::max(number_of(progress, "total"), 1.0);
  const double done = std::clamp(number_of(progress, "done"), 0.0, total);
  const auto filled = static_cast<size_t>(kBarColumns * done / total);
  std::string line =
      fmt::format("[{:#<{}}{:.<{}}] {:.0f}/{:.0f} ", "", filled, "",
                  static_cast<size_t>(kBarColumns) - filled, done, number_of(progress, "total"));
  const std::string what = printable(text_of(progress, "what"));
  // Kernel object names are ASCII; a longer letter at the cut would only be drawn wrongly for a
  // moment.
  if (line.size() < columns) line += what.substr(0, columns - line.size());
  return line;
}

void ProgressBar::show(const Json& progress) {
  if (!screen_.interactive) return;
  const size_t columns = screen_.columns == 0 ? kUsualColumns : screen_.columns;
  // One column less: a full line makes some terminals wrap.
  fmt::print(stderr, "\r{}\033[K", progress_line(progress, columns - 1));
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace egress::ctl
