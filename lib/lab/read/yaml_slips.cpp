// SPDX-License-Identifier: MIT
#include "lab/read/yaml_slips.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// The parser's words, for people.
std::string plain_words(const std::string& words) {
  constexpr std::array<std::pair<std::string_view, const char*>, 10> kWords = {{
      {"end of map not found", "this does not go on the map that stands above"},
      {"end of sequence not found", "this does not go on the list that stands above"},
      {"end of map flow not found", "a ',' or '}' is expected here"},
      {"end of sequence flow not found", "a ',' or ']' is expected here"},
      {"illegal map value", "a ':' cannot stand here"},
      {"illegal block entry", "a '-' cannot stand here"},
      {"illegal flow end", "this bracket closes none that is open"},
      {"unknown token", "this character cannot begin a value; put the value in quotes"},
      {"illegal EOF in scalar", "the text ends within a value"},
      {"illegal tab when looking for indentation", "a tab stands here; indent with spaces"},
  }};
  for (const auto& [theirs, ours] : kWords) {
    if (words == theirs) return ours;
  }
  // Some messages repeat a word of the text.
  return shown(words);
}

std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    const size_t begin = line.find_first_not_of(" \t\r\xef\xbb\xbf");
    if (begin != std::string_view::npos && !line.substr(begin).starts_with("#") &&
        !line.substr(begin).starts_with("//")) {
      return line.substr(begin);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.starts_with(word); });
}

YamlProblem syntax(Mark mark, std::string message, std::string hint = {}) {
  return {mark, "syntax", std::move(message), std::move(hint)};
}

std::optional<YamlProblem> merge_conflict(const Scan& scan) {
  for (const ScannedLine& line : scan.lines) {
    if (begins_with_any(line.text, {"<<<<<<< ", ">>>>>>> "}) || line.text == "=======") {
      return syntax({line.number, 1}, "a merge conflict of git begins here",
                    "keep one of its two sides");
    }
  }
  return std::nullopt;
}

// The first line up to that of the parser whose indent holds a tab.
std::optional<YamlProblem> tab_slip(const Scan& scan, Mark at) {
  for (const ScannedLine& line : scan.lines) {
    if (line.number > at.line) break;
    const size_t indent = std::min(line.text.find_first_not_of(" \t"), line.text.size());
    const size_t tab = line.text.substr(0, indent).find('\t');
    if (!line.block || line.bare() || tab == std::string_view::npos) continue;
    return syntax({line.number, static_cast<int>(tab) + 1}, "a tab indents this line",
                  "YAML is indented with spaces");
  }
  return std::nullopt;
}

// Behind the last key or line that the parser has seen.
std::optional<YamlProblem> odd_blank_slip(const Scan& scan, Mark at) {
  const auto limit = std::find_if(scan.lines.begin(), scan.lines.end(),
                                  [&](const auto& line) { return line.number > at.line; });
  size_t looked_at = 0;
  for (auto line = limit; line != scan.lines.begin() && looked_at < 3;) {
    --line;
    if (line->bare()) continue;
    ++looked_at;
    for (size_t i = 0; i < line->tokens; ++i) {
      const Token& token = scan.tokens[line->first + i];
      if (token.kind != TokenKind::kPlain) continue;
      for (size_t in = 0; in < token.text.size(); ++in) {
        if (odd_blank(token.text, in) == 0) continue;
        const auto slip = slip_in_value(token.text.substr(in));
        return syntax({token.mark.line, token.mark.column + static_cast<int>(in)},
                      slip ? slip->message : "a space of a word processor stands here",
                      slip ? slip->hint : "replace it by a plain space");
      }
    }
  }
  return std::nullopt;
}

// "resource NAME", as Terraform and Bicep have it.
bool is_terraform(std::string_view line) {
  return begins_with_any(line, {"resource \"", "variable \"", "module \"", "data \"", "provider \"",
                                "output \"", "terraform {", "locals {"});
}
bool is_bicep(std::string_view line) {
  const bool begins = begins_with_any(
      line, {"param ", "resource ", "var ", "module ", "targetScope", "@description(", "using "});
  return begins &&
         (line.find(" = ") != std::string_view::npos || line.find('\'') != std::string_view::npos ||
          line.starts_with("param ") || line.starts_with("@"));
}

std::string name_of_odd(std::string_view text) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[i]));
  };
  const unsigned code =
      text.size() == 2 ? (byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU)
                       : (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
  return fmt::format("U+{:04X}", code);
}

}  // namespace

std::string shown_word(std::string_view text) {
  constexpr size_t kMaxWord = 40;
  return shown(text.substr(0, text.find_first_of("\r\n")), kMaxWord);
}

std::optional<YamlProblem> foreign_language(std::string_view text) {
  const std::string_view line = first_line(text);
  if (line.starts_with("```")) {
    return syntax({1, 1}, "this is Markdown, not YAML", "the lab is what stands between the ```");
  }
  const char* language = is_terraform(line) ? "Terraform" : is_bicep(line) ? "Bicep" : nullptr;
  if (language == nullptr && begins_with_any(line, {"<?xml", "<!DOCTYPE", "<html"}))
    language = "XML";
  if (language == nullptr) return std::nullopt;
  return syntax({1, 1}, fmt::format("this is {}, not YAML", language),
                "egressd-lab(5) says how a lab is written");
}

std::optional<YamlProblem> unknown_directive(std::string_view text) {
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view here = text.substr(0, text.find('\n'));
    const bool passed = here.find_first_not_of(" \t\r") == std::string_view::npos ||
                        begins_with_any(here, {"#", "%YAML ", "%TAG "});
    if (!passed && !here.starts_with('%')) return std::nullopt;
    if (!passed) {
      return syntax({line, 1}, fmt::format("'{}' is no directive of YAML", shown_word(here)),
                    "put a key that begins with % in quotes");
    }
    text.remove_prefix(std::min(here.size() + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<ValueSlip> slip_in_value(std::string_view text, bool quoted) {
  constexpr std::array<std::string_view, 7> kQuotes = {
      "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x98", "\xe2\x80\x99",
      "\xe2\x80\x9e", "\xc2\xab",     "\xc2\xbb"};
  for (const std::string_view quote : kQuotes) {
    if (!text.starts_with(quote) && !text.ends_with(quote)) continue;
    return ValueSlip{
        fmt::format("typographic quotes ({}) are part of the value here", name_of_odd(quote)),
        "write \" in their place"};
  }
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t length = odd_blank(text, at);
    if (length == 0) continue;
    const std::string_view odd = text.substr(at, length);
    if (odd == "\xe2\x80\x8b" || odd == "\xef\xbb\xbf") {
      return ValueSlip{
          fmt::format("a character that cannot be seen ({}) stands here", name_of_odd(odd)),
          "take it away"};
    }
    const char* name = odd == "\xc2\xa0" ? "no-break space" : "space that is none to YAML";
    return ValueSlip{fmt::format("a {} ({}) stands here", name, name_of_odd(odd)),
                     "replace it by a plain space"};
  }
  for (const std::string_view dash : {"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92"}) {
    if (text.find(dash) == std::string_view::npos) continue;
    return ValueSlip{fmt::format("'{}' holds the dash {}", shown(text), name_of_odd(dash)),
                     "write - in its place"};
  }
  if (quoted) return std::nullopt;
  for (const std::string_view mark : {" //", " /*"}) {
    const size_t at = text.find(mark);
    if (at == std::string_view::npos) continue;
    return ValueSlip{fmt::format("'{}' is part of the value here", shown(text.substr(at + 1))),
                     "a comment begins with # in YAML"};
  }
  return std::nullopt;
}

YamlProblem explain_syntax(const std::string& text, Mark at, const std::string& words) {
  if (auto foreign = foreign_language(text)) return *std::move(foreign);
  const Scan scan = scan_yaml(text);
  if (auto conflict = merge_conflict(scan)) return *std::move(conflict);
  std::optional<Slip> first;
  for (const auto& rule :
       {quote_slip, escape_slip, comment_slip, bracket_slip, separator_slip, indicator_slip}) {
    auto slip = rule(scan);
    if (slip && (!first || slip->detected < first->detected)) first = std::move(slip);
  }
  // What breaks YAML's own rules stops the parser, which so has not come past the first of them.
  const auto told = [](Slip slip) {
    return syntax(slip.mark, std::move(slip.message), std::move(slip.hint));
  };
  const bool near = first && (first->detected.line < at.line + 1 || first->mark.line <= at.line);
  if (auto tab = tab_slip(scan, at); tab && (!near || tab->mark < first->mark)) return *tab;
  if (near) return told(*std::move(first));
  if (auto odd = odd_blank_slip(scan, at)) return *std::move(odd);
  if (auto slip = line_slip(scan, at)) return told(*std::move(slip));
  if (auto slip = indent_slip(scan, at)) return told(*std::move(slip));
  return syntax(at, "not valid YAML: " + plain_words(words));
}

YamlProblem explain_second_document(const std::string& text, Mark at) {
  const Scan scan = scan_yaml(text);
  Mark mark = at;
  std::string what;
  for (const ScannedLine& line : scan.lines) {
    if (line.number > at.line) break;
    const bool separates = line.text.starts_with("---") || line.text.starts_with("...");
    if (!line.block || !separates) continue;
    mark = {line.number, 1};
    what = line.text.substr(0, 3);
    if (what == "...") break;
  }
  const std::string message =
      what == "..." ? fmt::format(
                          "'...' ends the document, and line {} begins another: a lab is "
                          "one",
                          at.line)
                    : "a second YAML document starts here: a lab is one";
  return {mark, "many-documents", message,
          what.empty() ? std::string{} : fmt::format("take the '{}' away", what)};
}

}  // namespace egress::lab
