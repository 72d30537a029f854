// SPDX-License-Identifier: MIT
#include "lab/read/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lab/limits.hpp"

namespace egress::lab {

std::string Finding::to_string() const {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}:{}", line, column);
  if (!text.empty()) text += ": ";
  text += severity == Severity::kError ? "error: " : "warning: ";
  if (!path.empty()) text += path + ": ";
  return text + with_hint(message, hint);
}

void Findings::add(Mark mark, Finding finding) {
  error_ = error_ || finding.severity == Severity::kError;
  if (full()) {
    ++not_shown_;
    return;
  }
  // What an alias or a merge uses again has been told of where it stands.
  const bool fresh = mark.line == 0 || told_.emplace(mark, finding.code + finding.message).second;
  if (!fresh) return;
  finding.file = file_;
  finding.line = mark.line;
  finding.column = mark.column;
  findings_.push_back(std::move(finding));
}

void Findings::distrust(std::string path) {
  if (!full()) distrusted_.insert(std::move(path));
}

bool Findings::wants_suggestions() const {
  return findings_.size() < kMaxSuggestions;
}

bool Findings::full() const {
  return findings_.size() >= kMaxFindings;
}

bool Findings::trusts(const std::string& path) const {
  for (size_t end = path.size(); end != std::string::npos && end > 0;
       end = path.find_last_of(".[", end - 1)) {
    if (distrusted_.contains(path.substr(0, end))) return false;
  }
  for (const char separator : {'.', '['}) {
    const std::string inside = path + separator;
    const auto next = distrusted_.lower_bound(inside);
    if (next != distrusted_.end() &&
        equal_ignoring_case(std::string_view(*next).substr(0, inside.size()), inside))
      return false;
  }
  return true;
}

std::vector<Finding> Findings::sorted() && {
  std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (not_shown_ > 0) {
    findings_.push_back({.severity = error_ ? Severity::kError : Severity::kWarning,
                         .file = file_,
                         .code = "too-many-findings",
                         .message = fmt::format("{} more findings are not shown", not_shown_)});
  }
  return std::move(findings_);
}

}  // namespace egress::lab
