// SPDX-License-Identifier: MIT

// Characters that begin no value, and lines: colons, comments and indents.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "lab/read/yaml_slips.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

using Line = std::vector<ScannedLine>::const_iterator;

// The line of `number`, or the end.
Line line_at(const Scan& scan, int number) {
  return std::find_if(scan.lines.begin(), scan.lines.end(),
                      [&](const ScannedLine& line) { return line.number == number; });
}

std::optional<Line> line_above(const Scan& scan, Line line) {
  while (line != scan.lines.begin()) {
    --line;
    if (line->block && !line->bare()) return line;
  }
  return std::nullopt;
}

// The key or text that a line begins with, behind the '-' of a list.
const Token& head_of(const Scan& scan, const ScannedLine& line) {
  size_t index = line.first;
  const size_t last = line.first + line.tokens - 1;
  while (index < last && scan.tokens[index].kind == TokenKind::kDash) ++index;
  return scan.tokens[index];
}

bool has_colon(const Scan& scan, const ScannedLine& line) {
  const auto begin = scan.tokens.begin() + static_cast<std::ptrdiff_t>(line.first);
  return std::any_of(
      begin, begin + static_cast<std::ptrdiff_t>(line.tokens),
      [&](const Token& token) { return token.kind == TokenKind::kColon && token.depth == 0; });
}

bool begins_list(const Scan& scan, const ScannedLine& line) {
  return scan.first_of(line).kind == TokenKind::kDash;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

// "ends with a value", "has none yet".
bool ends_with_colon(const Scan& scan, const ScannedLine& line) {
  return scan.tokens[line.first + line.tokens - 1].kind == TokenKind::kColon;
}

std::optional<Slip> in_plain_line(const Token& text, const std::string& next) {
  const std::string_view written = text.text;
  if (written.starts_with("//") || written.starts_with("/*") || written.starts_with("--")) {
    return Slip{text.mark, fmt::format("'{}' is no comment", shown_word(written)),
                "a comment begins with # in YAML", text.mark};
  }
  const size_t colon = written.find(':');
  if (colon != std::string_view::npos && is_name(written.substr(0, colon))) {
    return Slip{text.mark,
                fmt::format("a space is missing after the colon of '{}'", shown_word(written)),
                fmt::format("write '{}: {}'", shown_word(written.substr(0, colon)),
                            shown_word(written.substr(colon + 1))),
                text.mark};
  }
  const size_t equals = written.find('=');
  if (equals != std::string_view::npos) {
    return Slip{text.mark, fmt::format("'{}' has no colon", shown_word(written)),
                "key and value stand apart by ': ' in YAML, not by '='", text.mark};
  }
  if (written.size() > 1 && written.front() == '-') {
    return Slip{text.mark,
                fmt::format("a space is missing after the '-' of '{}'", shown_word(written)),
                fmt::format("write '- {}'", shown_word(written.substr(1))), text.mark};
  }
  return Slip{text.mark, fmt::format("'{}' has no colon after it", shown_word(written)),
              next.empty() ? std::string{} : fmt::format("a key has, as '{}' below", next),
              text.mark};
}

std::set<std::string> anchors_of(const Scan& scan, size_t before) {
  std::set<std::string> names;
  for (const Token& token : scan.tokens) {
    if (token.kind == TokenKind::kAnchor && token.at < before) {
      names.emplace(token.text.substr(1));
    }
  }
  return names;
}

std::optional<Slip> alias_slip(const Scan& scan, const Token& alias) {
  const std::string name(alias.text.substr(1));
  const auto later = std::find_if(scan.tokens.begin(), scan.tokens.end(), [&](const Token& token) {
    return token.kind == TokenKind::kAnchor && token.text.substr(1) == name;
  });
  if (!name.empty() && later != scan.tokens.end()) {
    return Slip{alias.mark,
                fmt::format("the anchor '&{}' stands below, in line {}", shown_word(name),
                            later->mark.line),
                "an anchor stands above the aliases that use it", alias.mark};
  }
  const std::set<std::string> known = anchors_of(scan, alias.at);
  if (is_name(name) && name.front() != '.') {
    return Slip{
        alias.mark, fmt::format("no anchor is called '{}'", shown_word(name)),
        suggestion(name, {known.begin(), known.end()},
                   fmt::format("write \"{}\" in quotes if it is text", shown_word(alias.text))),
        alias.mark};
  }
  return Slip{alias.mark, "'*' begins an alias in YAML",
              fmt::format("write \"{}\" in quotes", shown_word(alias.text)), alias.mark};
}

// Aliases of no anchor, as "*" without quotes.
size_t wild_aliases(const Scan& scan) {
  const std::set<std::string> known = anchors_of(scan, std::string_view::npos);
  return static_cast<size_t>(
      std::count_if(scan.tokens.begin(), scan.tokens.end(), [&](const Token& token) {
        return token.kind == TokenKind::kAlias &&
               !known.contains(std::string(token.text.substr(1)));
      }));
}

std::optional<Slip> first_alias_slip(const Scan& scan) {
  std::set<std::string_view> anchors;
  for (const Token& token : scan.tokens) {
    if (token.kind == TokenKind::kAnchor) anchors.insert(token.text.substr(1));
    if (token.kind != TokenKind::kAlias || anchors.contains(token.text.substr(1))) continue;
    auto slip = alias_slip(scan, token);
    const size_t all = wild_aliases(scan);
    if (slip && all > 1 && slip->hint.ends_with("in quotes")) {
      slip->hint += fmt::format(", and in {} more {}", all - 1, all == 2 ? "place" : "places");
    }
    return slip;
  }
  return std::nullopt;
}

// "spoke" of "- name: spoke".
std::string name_of_item(const Scan& scan, const ScannedLine& line) {
  const Token* item = scan.tokens.data() + line.first;
  const bool named = line.tokens == 4 && item[1].text == "name" &&
                     item[2].kind == TokenKind::kColon && item[3].kind == TokenKind::kPlain;
  return named ? shown_word(item[3].text) : "NAME";
}

// "NOTE: see: the wiki".
std::optional<Slip> second_colon(const Scan& scan, const ScannedLine& line) {
  size_t colons = 0;
  const Token* value = nullptr;
  for (size_t i = line.first; i < line.first + line.tokens; ++i) {
    const Token& token = scan.tokens[i];
    if (token.depth > 0) break;
    if (colons == 1 && value == nullptr) value = &token;
    if (token.kind == TokenKind::kColon && ++colons == 2 && value != &token) {
      const std::string_view rest = line.text.substr(static_cast<size_t>(value->mark.column) - 1);
      return Slip{value->mark, fmt::format("'{}' holds a second ': '", shown_word(rest)),
                  "put it in quotes; or, where it is a key with its value, in a line of its own",
                  token.mark};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Slip> indicator_slip(const Scan& scan) {
  std::optional<Slip> first = first_alias_slip(scan);
  for (const Token& token : scan.tokens) {
    if (first && first->detected < token.mark) break;
    const char c = token.text.front();
    const bool reserved = token.kind == TokenKind::kPlain && (c == '@' || c == '%' || c == '`');
    const bool lonely = token.kind == TokenKind::kAnchor && token.text.size() == 1;
    if (!reserved && !lonely) continue;
    if (c == '`' && token.text.starts_with("```")) {
      return Slip{token.mark, "``` of Markdown stands here", "the lab is what stands between them",
                  token.mark};
    }
    const std::string whole(token.text);
    const bool repeated = shown_word(whole) == whole && c != '`' && c != '&';
    return Slip{token.mark, fmt::format("no value begins with {}", c),
                repeated ? fmt::format("write \"{}\" in quotes", whole) : "put the value in quotes",
                token.mark};
  }
  for (const ScannedLine& line : scan.lines) {
    if (line.bare() || !line.block) continue;
    if (first && first->detected.line < line.number) break;
    if (auto slip = second_colon(scan, line);
        slip && (!first || slip->detected < first->detected)) {
      return slip;
    }
  }
  return first;
}

std::optional<Slip> line_slip(const Scan& scan, Mark at) {
  const Line here = line_at(scan, at.line);
  if (here == scan.lines.end() || here->bare() || !here->block) return std::nullopt;
  const Token& head = head_of(scan, *here);
  // The first of the lines without a colon that stand before the parser's.
  std::optional<Line> lone;
  if (!has_colon(scan, *here) && head.kind == TokenKind::kPlain && here->tokens == 1) lone = here;
  for (auto above = line_above(scan, here); above; above = line_above(scan, *above)) {
    const bool plain = (*above)->tokens == 1 && scan.first_of(**above).kind == TokenKind::kPlain;
    if (!plain) break;
    lone = above;
  }
  if (!lone) return std::nullopt;
  const bool below = *lone != here && has_colon(scan, *here);
  return in_plain_line(head_of(scan, **lone), below ? shown_word(head.text) + ":" : std::string{});
}

std::optional<Slip> indent_slip(const Scan& scan, Mark at) {
  const Line here = line_at(scan, at.line);
  if (here == scan.lines.end() || here->bare() || !here->block) return std::nullopt;
  const Token& head = head_of(scan, *here);
  const auto above = line_above(scan, here);
  if (!above || at.column - 1 != static_cast<int>(here->indent)) return std::nullopt;
  const std::string key = shown_word(head.text);
  if (here->indent > (*above)->indent) {
    if (ends_with_colon(scan, **above)) return std::nullopt;
    return Slip{
        at,
        fmt::format("'{}' is indented deeper than '{}' in line {}, which has a value already", key,
                    shown_word(head_of(scan, **above).text), (*above)->number),
        "give both the same indent", at};
  }
  std::optional<Line> deeper;
  for (auto line = above; line; line = line_above(scan, *line)) {
    if ((*line)->indent < here->indent) break;
    if ((*line)->indent == here->indent && begins_list(scan, **line) != begins_list(scan, *here)) {
      const bool list = begins_list(scan, **line);
      while (auto next = line_above(scan, *line)) {
        if ((*next)->indent < here->indent) break;
        line = next;
      }
      if (!list) {
        return Slip{at, "a list's item ('- ') stands among the keys of a map",
                    "indent it below the key that it belongs to", at};
      }
      return Slip{{(*line)->number, static_cast<int>((*line)->indent) + 1},
                  fmt::format("a list begins here, and '{}' in line {} stands beside it", key,
                              here->number),
                  fmt::format("children are keyed by name: write '{0}:' in place of '- name: {0}'",
                              name_of_item(scan, **line)),
                  at};
    }
    if ((*line)->indent == here->indent) return std::nullopt;
    deeper = line;
  }
  if (!deeper) return std::nullopt;
  return Slip{at,
              fmt::format("'{}' begins in column {}, its neighbour '{}' in line {} in column {}",
                          key, here->indent + 1, shown_word(head_of(scan, **deeper).text),
                          (*deeper)->number, (*deeper)->indent + 1),
              "give both the same indent", at};
}

}  // namespace egress::lab
