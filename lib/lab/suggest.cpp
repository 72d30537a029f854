// SPDX-License-Identifier: MIT
#include "lab/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::lab {
namespace {

// Longer words are not typing errors worth the quadratic comparison.
constexpr size_t kMaxCompared = 80;
constexpr size_t kMaxConsidered = 5'000;

// `limit` when the words differ by that much or more: most do from their first letters on.
size_t edit_distance(const std::string& a, const std::string& b, size_t limit) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  size_t least_before = 0;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    const size_t least = *std::min_element(row.begin(), row.end());
    // A swap reaches back over one row.
    if (std::min(least, least_before) >= limit) return limit;
    least_before = least;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return lower_case(c); });
  return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

Nearest::Nearest(std::string_view word) : wanted_(lower_case(word.substr(0, kMaxCompared + 1))) {
  if (wanted_.empty() || wanted_.size() > kMaxCompared) return;
  best_distance_ = std::max<size_t>(1, wanted_.size() / 3) + 1;
}

void Nearest::consider(const std::string& candidate) {
  const size_t longer = std::max(wanted_.size(), candidate.size());
  const size_t shorter = std::min(wanted_.size(), candidate.size());
  if (++considered_ > kMaxConsidered || longer - shorter >= best_distance_) return;
  const size_t distance = edit_distance(wanted_, lower_case(candidate), best_distance_);
  // A word of which nothing is left was not misspelt.
  if (distance < best_distance_ && distance < candidate.size()) {
    best_distance_ = distance;
    best_ = candidate;
  }
}

std::string Nearest::hint(std::string otherwise) const {
  return best_ ? fmt::format("did you mean '{}'?", *best_) : std::move(otherwise);
}

namespace {

Nearest search_for(std::string_view word, const std::vector<std::string>& candidates) {
  Nearest search(word);
  for (const std::string& candidate : candidates) search.consider(candidate);
  return search;
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  return search_for(word, candidates).found();
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string otherwise) {
  return search_for(word, candidates).hint(std::move(otherwise));
}

std::string shown(std::string_view text, size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  // Not in the middle of a character.
  if (text.size() > limit) {
    while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xc0U) == 0x80U) {
      result.pop_back();
    }
    if (!result.empty() && static_cast<unsigned char>(result.back()) >= 0xc0U) result.pop_back();
    result += "...";
  }
  return result;
}

std::string with_hint(std::string message, const std::string& hint) {
  if (hint.empty()) return message;
  return message + (message.ends_with('.') ? " (" + hint + ")" : "; " + hint);
}

std::string one_of(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace egress::lab
