// SPDX-License-Identifier: MIT
#include "egressctl/render/properties.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>
#include <vector>

#include "control/json.hpp"
#include "lab/suggest.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kUsualColumns = 100;
constexpr const char* kUnset = "unset";

// Whether a reader takes it for itself without quotes, and not for a number or another value.
bool is_plain(const std::string& text) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::string_view kInside =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+";
  if (text.empty() || kLetters.find(text.front()) == std::string_view::npos) return false;
  if (text.find_first_not_of(kInside) != std::string::npos || text.back() == ':') return false;
  for (const char* word : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
    if (lab::equal_ignoring_case(text, word)) return false;
  }
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return *end != '\0';
}

std::string text_of_key(const std::string& text) {
  return is_plain(text) ? text : control::dump(text);
}

std::vector<std::string> elements(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& element : list) texts.push_back(yaml_text(element));
  return texts;
}

std::string marked(char sign, const std::string& text, size_t indent, const Screen& screen) {
  const std::string line = fmt::format("{} {}", sign, printable(text));
  return std::string(indent, ' ') +
         painted(line, sign == '+' ? Paint::kGreen : Paint::kRed, screen) + "\n";
}

// Of the elements of one list that the other does not have as often, a line each.
std::string only_in(const std::vector<std::string>& list, const std::vector<std::string>& other,
                    char sign, size_t indent, const Screen& screen) {
  std::multiset<std::string> rest(other.begin(), other.end());
  std::string lines;
  for (const std::string& element : list) {
    const auto found = rest.find(element);
    if (found == rest.end()) {
      lines += marked(sign, element, indent, screen);
    } else {
      rest.erase(found);
    }
  }
  return lines;
}

std::string list_difference(const Json& before, const Json& after, size_t indent,
                            const Screen& screen) {
  const auto was = elements(before);
  const auto is = elements(after);
  return only_in(was, is, '-', indent, screen) + only_in(is, was, '+', indent, screen);
}

std::string value_lines(const Json& value, char sign, size_t indent, const Screen& screen) {
  if (value.is_null()) return {};
  if (!value.is_array()) return marked(sign, yaml_text(value), indent, screen);
  std::string lines;
  for (const std::string& element : elements(value)) {
    lines += marked(sign, element, indent, screen);
  }
  return lines;
}

}  // namespace

std::string yaml_text(const Json& value) {
  if (value.is_string()) return text_of_key(value.get<std::string>());
  if (value.is_array()) return fmt::format("[{}]", fmt::join(elements(value), ", "));
  if (!value.is_object()) return control::dump(value);
  std::vector<std::string> members;
  for (const auto& [key, member] : value.items()) {
    members.push_back(text_of_key(key) + ": " + yaml_text(member));
  }
  return fmt::format("{{{}}}", fmt::join(members, ", "));
}

std::string property_lines(const Json& property, size_t indent, const Screen& screen) {
  constexpr size_t kDeeper = 2;
  const Json& before = member(property, "before");
  const Json& after = member(property, "after");
  const std::string head = std::string(indent, ' ') + printable(text_of(property, "name")) + ":";
  // Service tags are others in the same file.
  if (before == after)
    return fmt::format("{} other contents of {}\n", head, printable(yaml_text(after)));
  const auto value_text = [](const Json& value) {
    return value.is_null() ? std::string(kUnset) : printable(yaml_text(value));
  };
  const std::string line = fmt::format("{} {} → {}", head, value_text(before), value_text(after));
  if (display_width(line) <= (screen.columns == 0 ? kUsualColumns : screen.columns)) {
    return line + "\n";
  }
  const size_t inside = indent + kDeeper;
  if (!before.is_array() || !after.is_array()) {
    return head + "\n" + value_lines(before, '-', inside, screen) +
           value_lines(after, '+', inside, screen);
  }
  const std::string lines = list_difference(before, after, inside, screen);
  return lines.empty() ? head + " in another order\n" : head + "\n" + lines;
}

}  // namespace egress::ctl
