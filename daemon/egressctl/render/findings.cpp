// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kWidestExcerpt = 200;

std::string_view line_of(std::string_view text, size_t number) {
  for (; number > 1; --number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::string excerpt(const Json& finding, const Source& source, const Screen& screen) {
  const double line = number_of(finding, "line");
  const double column = number_of(finding, "column");
  if (line < 1 || column < 1 || text_of(finding, "file") != source.file) {
    return {};
  }
  const std::string_view text = line_of(source.text, static_cast<size_t>(line));
  if (text.empty() || text.size() > kWidestExcerpt) return {};
  // Columns of findings count characters; in front of the caret they are what the terminal shows.
  size_t bytes = 0;
  for (auto left = static_cast<size_t>(column) - 1; left > 0 && bytes < text.size(); --left) {
    do {
      ++bytes;
    } while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U);
  }
  const std::string before = printable(text.substr(0, bytes));
  return fmt::format("  {}\n  {}{}\n", printable(text), std::string(display_width(before), ' '),
                     painted("^", Paint::kGreen, screen));
}

}  // namespace

std::string render_findings(const Json& findings, const Source& source, const Screen& screen) {
  std::string text;
  for (const Json& finding : findings) {
    const bool is_error = text_of(finding, "severity") != "warning";
    text += painted(printable(text_of(finding, "text")), is_error ? Paint::kRed : Paint::kYellow,
                    screen) +
            "\n" + excerpt(finding, source, screen);
  }
  return text;
}

}  // namespace egress::ctl
