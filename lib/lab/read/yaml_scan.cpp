// SPDX-License-Identifier: MIT
#include "lab/read/yaml_scan.hpp"

#include <algorithm>
#include <array>

namespace egress::lab {
namespace {

constexpr std::string_view kFlowIndicators = ",[]{}";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Scan scan() && {
    while (at_ < text_.size()) scan_line();
    return std::move(result_);
  }

 private:
  char here(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }
  bool in_flow() const { return !open_.empty(); }
  size_t end_of_line() const { return std::min(text_.find('\n', at_), text_.size()); }

  void begin_line(bool block) {
    ScannedLine line{.number = ++line_number_, .block = block, .first = result_.tokens.size()};
    line_at_ = at_;
    line.text = text_.substr(at_, end_of_line() - at_);
    if (line.text.ends_with('\r')) line.text.remove_suffix(1);
    line.indent = std::min(line.text.find_first_not_of(' '), line.text.size());
    result_.lines.push_back(line);
  }

  void scan_line() {
    begin_line(!in_flow());
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (is_blank(here())) {
        ++at_;
      } else if (here() == '#' && (at_ == line_at_ || is_blank(text_[at_ - 1]))) {
        at_ = end_of_line();
      } else {
        scan_token();
      }
    }
    ++at_;
  }

  Mark mark() const { return {line_number_, static_cast<int>(at_ - line_at_) + 1}; }

  // Of the text up to `end`; lines that it goes on over begin within it.
  Token& add(TokenKind kind, size_t end) {
    Token token{.kind = kind,
                .text = text_.substr(at_, end - at_),
                .at = at_,
                .mark = mark(),
                .depth = open_.size()};
    ++result_.lines.back().tokens;
    result_.tokens.push_back(token);
    const std::string_view until = text_.substr(0, end);
    for (size_t next = until.find('\n', at_); next != std::string_view::npos;
         next = until.find('\n', at_)) {
      at_ = next + 1;
      begin_line(false);
    }
    at_ = end;
    return result_.tokens.back();
  }

  // Whether a ':' at `at` stands behind a key.
  bool is_colon(size_t at) const {
    const char next = at + 1 < text_.size() ? text_[at + 1] : '\n';
    return is_blank(next) || next == '\n' ||
           (in_flow() && kFlowIndicators.find(next) != std::string_view::npos);
  }

  bool behind_quoted_key() const {
    return in_flow() && !result_.tokens.empty() && result_.tokens.back().end() == at_ &&
           result_.tokens.back().kind == TokenKind::kQuoted;
  }

  void scan_token() {
    const char c = here();
    if (c == '"' || c == '\'') return scan_quoted(c);
    if (c == '{' || c == '[') return scan_open();
    if (c == '}' || c == ']') return scan_close();
    if (c == ',' && in_flow()) {
      add(TokenKind::kComma, at_ + 1);
    } else if (c == ':' && (is_colon(at_) || behind_quoted_key())) {
      add(TokenKind::kColon, at_ + 1);
    } else if (c == '-' && !in_flow() && begins_item()) {
      add(TokenKind::kDash, at_ + 1);
    } else if (c == '*' || c == '&' || c == '!') {
      const TokenKind kind = c == '*'   ? TokenKind::kAlias
                             : c == '&' ? TokenKind::kAnchor
                                        : TokenKind::kTag;
      add(kind, end_of_word());
    } else if ((c == '|' || c == '>') && !in_flow() && begins_value()) {
      scan_block_scalar();
    } else {
      scan_plain();
    }
  }

  bool begins_item() const {
    const ScannedLine& line = result_.lines.back();
    const bool first = line.tokens == 0 || result_.tokens.back().kind == TokenKind::kDash;
    return first && (is_blank(here(1)) || here(1) == '\n');
  }

  bool begins_value() const {
    if (result_.tokens.empty()) return true;
    const TokenKind before = result_.tokens.back().kind;
    return before == TokenKind::kColon || before == TokenKind::kDash ||
           before == TokenKind::kAnchor || before == TokenKind::kTag;
  }

  size_t end_of_word() const {
    size_t end = at_ + 1;
    while (end < text_.size() && !is_blank(text_[end]) && text_[end] != '\n' &&
           (!in_flow() || kFlowIndicators.find(text_[end]) == std::string_view::npos)) {
      ++end;
    }
    return end;
  }

  void scan_quoted(char quote) {
    size_t end = at_ + 1;
    bool closed = false;
    while (end < text_.size() && !closed) {
      const bool doubled =
          quote == '\'' && text_[end] == '\'' && end + 1 < text_.size() && text_[end + 1] == '\'';
      const bool escaped = quote == '"' && text_[end] == '\\' && end + 1 < text_.size();
      closed = text_[end] == quote && !doubled;
      end += doubled || escaped ? 2 : 1;
    }
    add(TokenKind::kQuoted, end).closed = closed;
  }

  void scan_open() {
    Token& token = add(TokenKind::kOpen, at_ + 1);
    token.closed = false;
    open_.push_back(result_.tokens.size() - 1);
  }

  void scan_close() {
    const bool fits = in_flow() && (here() == '}') == (result_.tokens[open_.back()].text == "{");
    if (fits) {
      result_.tokens[open_.back()].closed = true;
      open_.pop_back();
    }
    add(TokenKind::kClose, at_ + 1).closed = fits;
  }

  // Its lines are those that are indented deeper than the one it begins in.
  void scan_block_scalar() {
    const size_t indent = result_.lines.back().indent;
    size_t end = end_of_line();
    while (end < text_.size()) {
      const size_t next = end + 1;
      const size_t stop = std::min(text_.find('\n', next), text_.size());
      const size_t text = std::min(text_.find_first_not_of(" \r", next), text_.size());
      if (next >= text_.size() || (text < stop && text - next <= indent)) break;
      end = stop;
    }
    add(TokenKind::kBlock, end);
  }

  void scan_plain() {
    size_t end = at_ + 1;
    size_t last = end;
    while (end < text_.size() && text_[end] != '\n') {
      const char c = text_[end];
      if (in_flow() && kFlowIndicators.find(c) != std::string_view::npos) break;
      if (c == ':' && is_colon(end)) break;
      if (c == '#' && is_blank(text_[end - 1])) break;
      ++end;
      if (!is_blank(c)) last = end;
    }
    add(TokenKind::kPlain, last);
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_at_ = 0;
  int line_number_ = 0;
  std::vector<size_t> open_{};  // brackets, by their tokens
  Scan result_{};
};

}  // namespace

Scan scan_yaml(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Scanner(text).scan();
}

size_t odd_blank(std::string_view text, size_t at) {
  // No-break, figure, narrow no-break, zero-width and ideographic spaces, separators of lines and
  // paragraphs, NEL, and a byte order mark that does not begin the text.
  constexpr std::array<std::string_view, 9> kOdd = {"\xc2\xa0",     "\xe2\x80\x87", "\xe2\x80\xaf",
                                                    "\xe2\x80\x8b", "\xe3\x80\x80", "\xe2\x80\xa8",
                                                    "\xe2\x80\xa9", "\xc2\x85",     "\xef\xbb\xbf"};
  for (const std::string_view odd : kOdd) {
    if (text.substr(at).starts_with(odd)) return odd.size();
  }
  return 0;
}

}  // namespace egress::lab
