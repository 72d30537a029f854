// SPDX-License-Identifier: MIT
#pragma once

// The words of findings: the candidate nearest to a misspelt word, when one is near enough to be
// meant, and values as a message repeats them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/limits.hpp"

namespace egress::lab {

bool equal_ignoring_case(std::string_view a, std::string_view b);
char lower_case(char c);  // of ASCII letters alone
std::string lower_case(std::string_view text);

// Takes candidates one by one and keeps the nearest. Edits are insertions, deletions, substitutions
// and swaps of neighbours; case does not count. Looks at no more than a few thousand candidates.
class Nearest {
 public:
  explicit Nearest(std::string_view word);
  void consider(const std::string& candidate);
  const std::optional<std::string>& found() const { return best_; }
  // "did you mean 'X'?", or `otherwise` when nothing is near.
  std::string hint(std::string otherwise = {}) const;

 private:
  std::string wanted_;
  std::optional<std::string> best_{};
  size_t best_distance_ = 0;
  size_t considered_ = 0;
};

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// The hint for the nearest.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string otherwise = {});

// A value as a message repeats it: control characters made visible, at most `limit` bytes of it.
std::string shown(std::string_view text, size_t limit = kMaxQuoted);

// "message; hint", and "Message. (hint)" behind a full stop.
std::string with_hint(std::string message, const std::string& hint);

// "a, b or c".
std::string one_of(const std::vector<std::string>& words);

}  // namespace egress::lab
