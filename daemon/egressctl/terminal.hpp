// SPDX-License-Identifier: MIT
#pragma once

// What one output stream can show, and text measured, coloured and made safe for it. A stream that
// is no terminal gets plain text of any width.

#include <string>
#include <string_view>

namespace egress::ctl {

struct Screen {
  bool interactive = false;  // colours and progress are welcome
  size_t columns = 0;        // 0: lines of any length
};
// NO_COLOR and TERM=dumb make a terminal as plain as a pipe.
Screen screen_of(int fd);

enum class Paint { kPlain, kBold, kDim, kGreen, kYellow, kRed };
std::string painted(std::string_view text, Paint paint, const Screen& screen);

// Columns that UTF-8 text takes on a terminal; a byte that is not UTF-8 takes one.
size_t display_width(std::string_view text);

// Control characters as '?': names and messages from elsewhere must not drive the terminal.
std::string printable(std::string_view text);

// `text` broken at spaces into lines of at most `columns`, all but the first indented; 0: unbroken.
std::string wrapped(std::string_view text, size_t indent, size_t columns);

}  // namespace egress::ctl
