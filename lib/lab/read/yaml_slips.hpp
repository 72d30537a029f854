// SPDX-License-Identifier: MIT
#pragma once

// What is commonly meant where text is no YAML. The parser says where it could not go on, which may
// be far behind what was written amiss; here stands what that is, and where it begins.

#include <optional>
#include <string>
#include <string_view>

#include "lab/read/yaml_scan.hpp"
#include "lab/read/yaml_tree.hpp"

namespace egress::lab {

// `at` and `words` are the parser's.
YamlProblem explain_syntax(const std::string& text, Mark at, const std::string& words);

// `at` is where a second document's content begins.
YamlProblem explain_second_document(const std::string& text, Mark at);

// What a text is that is no lab at all, such as Terraform's or Bicep's; nothing when it is none.
std::optional<YamlProblem> foreign_language(std::string_view text);

// A line before the document that begins with '%' and that the parser would pass over.
std::optional<YamlProblem> unknown_directive(std::string_view text);

// The same of one value, which YAML takes as it stands, though it can be meant by nobody: quotes
// and blanks of a word processor, comments of another language. Empty: nothing is found.
struct ValueSlip {
  std::string message{};
  std::string hint{};
};
std::optional<ValueSlip> slip_in_value(std::string_view text, bool quoted = false);

// Rules by what they go by, for yaml_slips.cpp. `detected` is where the parser stops at the latest.
struct Slip {
  Mark mark{};
  std::string message{};
  std::string hint{};
  Mark detected{};
};
// The first line of a token, as a message repeats it.
std::string shown_word(std::string_view text);
std::optional<Slip> quote_slip(const Scan& scan);
std::optional<Slip> escape_slip(const Scan& scan);
std::optional<Slip> comment_slip(const Scan& scan);
std::optional<Slip> bracket_slip(const Scan& scan);
std::optional<Slip> separator_slip(const Scan& scan);
std::optional<Slip> indicator_slip(const Scan& scan);
std::optional<Slip> line_slip(const Scan& scan, Mark at);
std::optional<Slip> indent_slip(const Scan& scan, Mark at);

}  // namespace egress::lab
