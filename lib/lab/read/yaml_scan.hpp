// SPDX-License-Identifier: MIT
#pragma once

// A lexer for text that is no YAML: it never fails, so that whoever explains what is wrong can look
// at what was written. In time linear in the text.

#include <string>
#include <string_view>
#include <vector>

#include "lab/read/yaml_tree.hpp"

namespace egress::lab {

enum class TokenKind {
  kPlain,
  kQuoted,
  kOpen,   // { or [
  kClose,  // } or ]
  kComma,
  kColon,   // behind a key
  kDash,    // before an item of a block's list
  kAlias,   // *NAME
  kAnchor,  // &NAME
  kTag,     // !NAME
  kBlock,   // a scalar of lines of its own, with its lines
};

struct Token {
  TokenKind kind{};
  std::string_view text{};
  size_t at = 0;  // in the text, in bytes
  Mark mark{};
  size_t depth = 0;    // of brackets around it
  bool closed = true;  // of a quoted one, and of a bracket
  size_t end() const { return at + text.size(); }
};

struct ScannedLine {
  std::string_view text{};  // without its end
  int number = 0;           // from 1
  size_t indent = 0;        // blanks
  bool block = true;        // begins outside of brackets, quotes and scalars of several lines
  size_t first = 0;         // of its tokens
  size_t tokens = 0;        // that begin in it
  bool bare() const { return tokens == 0; }
};

struct Scan {
  std::vector<ScannedLine> lines{};
  std::vector<Token> tokens{};

  const Token& first_of(const ScannedLine& line) const { return tokens[line.first]; }
};

Scan scan_yaml(std::string_view text);

// Whether `text` holds a character that looks like a blank and is none at `at`: its length in
// bytes, or 0.
size_t odd_blank(std::string_view text, size_t at);

}  // namespace egress::lab
