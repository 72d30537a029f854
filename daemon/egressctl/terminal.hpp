// SPDX-License-Identifier: MIT
#pragma once

// What one output stream can show, and text measured, coloured and made safe for it. A stream that
// is no terminal gets plain text of any width.

#include <string>
#include <string_view>
#include <vector>

namespace egress::ctl {

struct Screen {
  bool interactive = false;  // colours and progress are welcome
  size_t columns = 0;        // 0: lines of any length
};
// NO_COLOR and TERM=dumb take colours and progress from a terminal, not its width.
Screen screen_of(int fd);

enum class Paint { kPlain, kBold, kDim, kGreen, kYellow, kRed };
std::string painted(std::string_view text, Paint paint, const Screen& screen);

// Columns that UTF-8 text takes on a terminal; a byte that is not UTF-8 takes one.
size_t display_width(std::string_view text);

// Control characters as '?': names and messages from elsewhere must not drive the terminal.
std::string printable(std::string_view text);

// `text` in pieces of at most so many columns, broken behind blanks, commas, slashes and hyphens or
// in front of a capital inside a word, where there are any; 0: in one. At words alone, a word that
// is longer stays whole.
enum class Break { kAnywhere, kAtWordsAlone };
std::vector<std::string> folded_to(std::string_view text, size_t columns,
                                   Break where = Break::kAnywhere);

// `text` broken at spaces into lines of at most `columns`, all but the first indented; 0: unbroken.
std::string wrapped(std::string_view text, size_t indent, size_t columns);

}  // namespace egress::ctl
