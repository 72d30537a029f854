// SPDX-License-Identifier: MIT

// Quotes, brackets and what stands between values in brackets.

#include <fmt/format.h>

#include <algorithm>

#include "lab/read/yaml_slips.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

bool is_value(const Token& token) {
  return token.kind == TokenKind::kPlain || token.kind == TokenKind::kQuoted ||
         token.kind == TokenKind::kAlias;
}

// What ends a quoted value must be followed by what YAML has there.
bool goes_on_behind(const Scan& scan, size_t index) {
  const Token& quoted = scan.tokens[index];
  if (index + 1 >= scan.tokens.size()) return false;
  const Token& next = scan.tokens[index + 1];
  if (next.kind == TokenKind::kColon || next.kind == TokenKind::kComma ||
      next.kind == TokenKind::kClose) {
    return false;
  }
  // On a line of its own there may be the next key.
  return next.at == quoted.end() || (quoted.depth == 0 && next.mark.line == quoted.mark.line);
}

Mark end_of(const Token& token) {
  const auto lines = std::count(token.text.begin(), token.text.end(), '\n');
  if (lines == 0) return {token.mark.line, token.mark.column + static_cast<int>(token.text.size())};
  return {token.mark.line + static_cast<int>(lines),
          static_cast<int>(token.text.size() - token.text.rfind('\n'))};
}

// `apostrophe`: the text goes on at once.
Slip told_of_quote(const Token& quoted, Mark detected, bool apostrophe) {
  const char own = quoted.text.front();
  const char other = own == '"' ? '\'' : '"';
  std::string_view line = quoted.text.substr(0, quoted.text.find('\n'));
  line = line.substr(0, line.find(" #"));
  while (line.ends_with(' ') || line.ends_with('\r') || line.ends_with(',')) line.remove_suffix(1);
  if (line.size() > 1 && line.ends_with(other)) {
    return {quoted.mark, fmt::format("this value begins with {} and ends with {}", own, other),
            "both ends have the same quote", detected};
  }
  if (!quoted.closed) {
    return {quoted.mark, fmt::format("the quote that begins here is never closed"),
            fmt::format("a {} is missing at the end of the value", own), detected};
  }
  const std::string_view inside = quoted.text.substr(1, quoted.text.size() - 2);
  const size_t next = inside.find_first_of(",\n");
  if (next == std::string_view::npos) {
    return {quoted.mark, fmt::format("more text follows the quoted {}", shown_word(quoted.text)),
            own == '\'' && apostrophe ? "within single quotes ' is written ''"
                                      : "put all of the value in one pair of quotes",
            detected};
  }
  return {quoted.mark,
          fmt::format("the quote that begins here ends in line {}, column {}, in the middle of "
                      "something else",
                      detected.line, detected.column - 1),
          fmt::format("a {} is missing after '{}'", own, shown_word(inside.substr(0, next))),
          detected};
}

// An open bracket that a line ends by standing no deeper than what the bracket belongs to.
std::optional<Slip> open_at_line(const Scan& scan, const std::vector<size_t>& open, size_t index,
                                 const std::vector<size_t>& bases) {
  const Token& token = scan.tokens[index];
  const Token& bracket = scan.tokens[open.back()];
  const auto column = static_cast<size_t>(token.mark.column - 1);
  const bool key = index + 1 < scan.tokens.size() && is_value(token) &&
                   (scan.tokens[index + 1].kind == TokenKind::kColon || token.text == "-");
  const bool behind_value = index > 0 && scan.tokens[index - 1].kind != TokenKind::kComma &&
                            scan.tokens[index - 1].kind != TokenKind::kOpen &&
                            scan.tokens[index - 1].kind != TokenKind::kColon;
  if (!key || !behind_value || column > bases.back()) return std::nullopt;
  const char* close = bracket.text == "{" ? "}" : "]";
  return Slip{bracket.mark, fmt::format("this {} is not closed", bracket.text),
              fmt::format("a {} is missing before '{}' in line {}", close, shown_word(token.text),
                          token.mark.line),
              token.mark};
}

// How deep the line's own key stands, or for one that begins with a bracket the key above it.
size_t base_of(const Scan& scan, const std::vector<ScannedLine>::const_iterator line) {
  if (scan.first_of(*line).kind != TokenKind::kOpen) return line->indent;
  constexpr int kMaxLines = 1'000;  // for each of a text's brackets
  int looked_at = 0;
  for (auto above = line; above != scan.lines.begin() && looked_at < kMaxLines; ++looked_at) {
    --above;
    if (above->block && !above->bare() && above->indent < line->indent) return above->indent;
  }
  return 0;
}

class Brackets {
 public:
  explicit Brackets(const Scan& scan) : scan_(scan) {}

  std::optional<Slip> slip() {
    for (auto line = scan_.lines.begin(); line != scan_.lines.end(); ++line) {
      for (size_t i = line->first; i < line->first + line->tokens; ++i) {
        if (i == line->first && !open_.empty()) {
          if (auto slip = open_at_line(scan_, open_, i, bases_)) return slip;
        }
        if (auto slip = take(i, line)) return slip;
      }
    }
    if (open_.empty()) return std::nullopt;
    const Token& bracket = scan_.tokens[open_.back()];
    const Mark end{scan_.lines.back().number + 1, 1};
    return Slip{bracket.mark, fmt::format("this {} is never closed", bracket.text),
                fmt::format("a {} is missing", bracket.text == "{" ? "}" : "]"), end};
  }

 private:
  std::optional<Slip> take(size_t index, std::vector<ScannedLine>::const_iterator line) {
    const Token& token = scan_.tokens[index];
    if (token.kind == TokenKind::kOpen) {
      // Within brackets the outermost one's place counts.
      bases_.push_back(open_.empty() ? base_of(scan_, line) : bases_.back());
      open_.push_back(index);
    } else if (token.kind == TokenKind::kClose && open_.empty()) {
      return Slip{
          token.mark, fmt::format("a {} too many: none is open here", token.text), {}, token.mark};
    } else if (token.kind == TokenKind::kClose && !token.closed) {
      const Token& bracket = scan_.tokens[open_.back()];
      return Slip{bracket.mark, fmt::format("this {} is not closed", bracket.text),
                  fmt::format("a {} is missing before the {} in line {}, column {}",
                              bracket.text == "{" ? "}" : "]", token.text, token.mark.line,
                              token.mark.column),
                  token.mark};
    } else if (token.kind == TokenKind::kClose) {
      open_.pop_back();
      bases_.pop_back();
    }
    return std::nullopt;
  }

  const Scan& scan_;
  std::vector<size_t> open_{};
  std::vector<size_t> bases_{};
};

// What has been read of an entry between two commas.
struct Entry {
  bool map = false;
  int values = 0;
  bool colon = false;
  size_t last = 0;  // token of the value that came last
};

std::optional<Slip> missing_comma(const Token& before, std::string_view what, Mark mark) {
  return Slip{mark, fmt::format("a comma is missing before '{}'", shown_word(what)),
              fmt::format("it goes after '{}'", shown_word(before.text)), mark};
}

// A second value, or a second colon, in an entry.
std::optional<Slip> crowded(const Scan& scan, const Entry& entry, size_t index) {
  const Token& token = scan.tokens[index];
  const Token& before = scan.tokens[entry.last];
  if (token.kind == TokenKind::kColon) {
    const size_t blank = before.text.rfind(' ');
    if (before.kind != TokenKind::kPlain || blank == std::string_view::npos || !entry.colon) {
      return std::nullopt;
    }
    const Mark mark{before.mark.line, before.mark.column + static_cast<int>(blank) + 1};
    return Slip{
        mark,
        fmt::format("a comma is missing before '{}'", shown_word(before.text.substr(blank + 1))),
        {},
        token.mark};
  }
  const bool glued = token.kind == TokenKind::kOpen && before.end() == token.at;
  if (glued && before.kind == TokenKind::kPlain) {
    return Slip{before.mark, fmt::format("a value that holds any of [ ] {{ }} , needs quotes here"),
                fmt::format("write \"{}{}…\"", shown_word(before.text), token.text), token.mark};
  }
  if (entry.map && !entry.colon) {
    return Slip{before.mark,
                fmt::format("a colon is missing after {}", shown_word(before.text)),
                {},
                token.mark};
  }
  return missing_comma(before, token.text, token.mark);
}

}  // namespace

std::optional<Slip> quote_slip(const Scan& scan) {
  for (size_t i = 0; i < scan.tokens.size(); ++i) {
    const Token& token = scan.tokens[i];
    if (token.kind != TokenKind::kQuoted) continue;
    if (token.closed && !goes_on_behind(scan, i)) continue;
    const bool at_once = i + 1 < scan.tokens.size() && scan.tokens[i + 1].at == token.end();
    return told_of_quote(token, end_of(token), at_once);
  }
  return std::nullopt;
}

// In brackets, where an entry or a value is expected, and behind what is whole.
std::optional<Slip> comment_slip(const Scan& scan) {
  for (size_t i = 0; i < scan.tokens.size(); ++i) {
    const Token& token = scan.tokens[i];
    const bool comment = token.text.starts_with("//") || token.text.starts_with("/*");
    if (token.kind != TokenKind::kPlain || !comment) continue;
    const bool behind = i > 0 && scan.tokens[i - 1].mark.line == token.mark.line &&
                        (scan.tokens[i - 1].kind == TokenKind::kClose ||
                         scan.tokens[i - 1].kind == TokenKind::kQuoted);
    if (token.depth == 0 && !behind) continue;
    return Slip{token.mark, fmt::format("'{}' is no comment", shown_word(token.text)),
                "a comment begins with # in YAML", token.mark};
  }
  return std::nullopt;
}

namespace {

// Of the escape at `at`, the number of hexadecimal digits it wants; nothing when there is no such.
std::optional<size_t> digits_of_escape(char c) {
  if (c == 'x') return 2;
  if (c == 'u') return 4;
  if (c == 'U') return 8;
  constexpr std::string_view kOthers = "0abt\tnvfre \"/\\N_LP\n\r";
  return kOthers.find(c) == std::string_view::npos ? std::nullopt : std::optional<size_t>(0);
}

}  // namespace

std::optional<Slip> escape_slip(const Scan& scan) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  for (const Token& token : scan.tokens) {
    if (token.kind != TokenKind::kQuoted || token.text.front() != '"') continue;
    if (token.text.find('\n') != std::string_view::npos) continue;
    for (size_t at = token.text.find('\\'); at < token.text.size() - 1;
         at = token.text.find('\\', at + 2)) {
      const auto digits = digits_of_escape(token.text[at + 1]);
      const std::string_view follows = token.text.substr(at + 2, digits.value_or(0));
      if (digits && follows.size() == *digits &&
          follows.find_first_not_of(kDigits) == std::string_view::npos) {
        continue;
      }
      const Mark mark{token.mark.line, token.mark.column + static_cast<int>(at)};
      return Slip{mark, fmt::format("\\{} is no escape of YAML", token.text[at + 1]),
                  "write \\\\ in double quotes, or \\ in single quotes", mark};
    }
  }
  return std::nullopt;
}

std::optional<Slip> bracket_slip(const Scan& scan) {
  return Brackets(scan).slip();
}

std::optional<Slip> separator_slip(const Scan& scan) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < scan.tokens.size(); ++i) {
    const Token& token = scan.tokens[i];
    if (entries.empty() && token.kind != TokenKind::kOpen) continue;
    const bool adds = is_value(token) || token.kind == TokenKind::kOpen;
    if (!entries.empty()) {
      Entry& entry = entries.back();
      // A plain value may go on over lines, and only a colon tells that it does not.
      const bool goes_on = token.kind == TokenKind::kPlain && entry.values > 0 &&
                           scan.tokens[entry.last].kind == TokenKind::kPlain &&
                           entry.last + 1 == i && !token.text.starts_with("/");
      if (adds && entry.values > 0 && !goes_on) {
        if (auto slip = crowded(scan, entry, i)) return slip;
      }
      if (token.kind == TokenKind::kColon && entry.colon && entry.values > 0) {
        const Token& before = scan.tokens[entry.last];
        if (auto slip = crowded(scan, entry, i)) return slip;
        if (entry.values > 1 || before.kind != TokenKind::kPlain) {
          return missing_comma(before, before.text, before.mark);
        }
      }
      if (adds) {
        ++entry.values;
        entry.last = i;
      }
      if (token.kind == TokenKind::kColon) {
        entry.colon = true;
        entry.values = 0;
      }
    }
    if (token.kind == TokenKind::kOpen) {
      entries.push_back({.map = token.text == "{"});
    } else if (token.kind == TokenKind::kComma) {
      entries.back() = {.map = entries.back().map};
    } else if (token.kind == TokenKind::kClose) {
      entries.pop_back();
    }
  }
  return std::nullopt;
}

}  // namespace egress::lab
