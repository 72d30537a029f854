// SPDX-License-Identifier: MIT
#include "egressctl/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <cwchar>

namespace egress::ctl {

namespace {

constexpr size_t kNarrowest = 40;  // below this, wrapping harms more than it helps

bool set_in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

const char* escape_of(Paint paint) {
  switch (paint) {
    case Paint::kPlain: return "";
    case Paint::kBold: return "\033[1m";
    case Paint::kDim: return "\033[2m";
    case Paint::kGreen: return "\033[32m";
    case Paint::kYellow: return "\033[33m";
    case Paint::kRed: return "\033[31m";
  }
  return "";
}

// Widths are asked in UTF-8 whatever the user's locale: that is what we print.
class Utf8Locale {
 public:
  Utf8Locale() : before_(::uselocale(utf8())) {}
  ~Utf8Locale() { ::uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t utf8() {
    static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kUtf8;
  }
  locale_t before_;
};

}  // namespace

Screen screen_of(int fd) {
  if (::isatty(fd) == 0) return {};
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  winsize size{};
  Screen screen{.interactive = !dumb && !set_in_environment("NO_COLOR")};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= kNarrowest) {
    screen.columns = size.ws_col;
  }
  return screen;
}

std::string painted(std::string_view text, Paint paint, const Screen& screen) {
  if (!screen.interactive || paint == Paint::kPlain || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", escape_of(paint), text);
}

size_t display_width(std::string_view text) {
  const Utf8Locale locale;
  std::mbstate_t state{};
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    wchar_t letter = 0;
    const size_t length = std::mbrtowc(&letter, text.data() + at, text.size() - at, &state);
    const bool broken = length > text.size();
    if (broken) state = {};
    const int columns = broken ? 1 : ::wcwidth(letter);
    width += columns > 0 ? static_cast<size_t>(columns) : 0;
    at += broken || length == 0 ? 1 : length;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool second_set = byte == 0xC2U && next >= 0x80U && next < 0xA0U;  // U+0080 to U+009F
    if (second_set) ++i;
    safe += second_set || byte < 0x20U || byte == 0x7FU ? '?' : text[i];
  }
  return safe;
}

namespace {

bool is_break(std::string_view text, size_t at) {
  const auto before = static_cast<unsigned char>(text[at - 1]);
  const auto behind = static_cast<unsigned char>(text[at]);
  const bool hump = std::islower(before) != 0 && std::isupper(behind) != 0;
  return hump || std::string_view(" ,/-").find(text[at - 1]) != std::string_view::npos;
}

size_t letter_behind(std::string_view text, size_t at) {
  do {
    ++at;
  } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  return at;
}

std::string without_blanks_behind(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

// How many bytes of `text`, which is wider than that, make a piece.
size_t piece_of(std::string_view text, size_t columns, Break where) {
  size_t fits = 0;
  size_t at_word = 0;
  for (size_t end = letter_behind(text, 0); end < text.size(); end = letter_behind(text, end)) {
    const bool inside = display_width(without_blanks_behind(text.substr(0, end))) <= columns;
    if (inside) fits = end;
    if (is_break(text, end) && (inside || at_word == 0)) at_word = end;
    if (!inside && at_word != 0) break;
  }
  if (where == Break::kAtWordsAlone) return at_word == 0 ? text.size() : at_word;
  const bool word_fits =
      at_word != 0 && display_width(without_blanks_behind(text.substr(0, at_word))) <= columns;
  if (word_fits) return at_word;
  return fits == 0 ? letter_behind(text, 0) : fits;
}

}  // namespace

std::vector<std::string> folded_to(std::string_view text, size_t columns, Break where) {
  std::vector<std::string> pieces;
  while (columns != 0 && display_width(text) > columns) {
    const size_t size = piece_of(text, columns, where);
    pieces.push_back(without_blanks_behind(text.substr(0, size)));
    text.remove_prefix(size);
  }
  if (!text.empty() || pieces.empty()) pieces.emplace_back(text);
  return pieces;
}

std::string wrapped(std::string_view text, size_t indent, size_t columns) {
  if (columns == 0) return std::string(text);
  std::string result;
  size_t used = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const size_t width = display_width(word);
    const bool first = used == indent;
    if (!first && used + 1 + width > columns) {
      result += '\n' + std::string(indent, ' ');
      used = indent;
    } else if (!first) {
      result += ' ';
      ++used;
    }
    result += word;
    used += width;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return result;
}

}  // namespace egress::ctl
