// SPDX-License-Identifier: MIT
#pragma once

// Record sets as lines, "NAME TTL TYPE DATA" each, and what else the texts of this folder share.
// For lib/settings alone. A lab may have ten thousand names, which are sent again with each change:
// as JSON values they took four times as long. Reading throws nlohmann's exceptions, and
// Unreadable.

#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/dns.hpp"

namespace egress::settings {

using Json = nlohmann::ordered_json;

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An enumerator by its number; `last` is the greatest.
template <typename T>
T number_of(const Json& json, int last) {
  const int number = json.get<int>();
  if (number < 0 || number > last) throw Unreadable("a number that stands for nothing");
  return static_cast<T>(number);
}

Json to_json(const std::vector<Ipv4Address>& addresses);
std::vector<Ipv4Address> read_addresses(const Json& json);

// A line for each record; one without type and data for a set without records. Texts are quoted as
// JSON strings. Names hold no blanks.
void append_lines(std::string& lines, const std::string& name, const lab::RecordSet& set);
// Calls for each set, in the order of the lines.
void read_lines(std::string_view lines,
                const std::function<void(std::string name, lab::RecordSet set)>& take);

template <typename Sets>
std::string to_lines(const Sets& sets) {
  std::string lines;
  for (const auto& [name, set] : sets) append_lines(lines, name, set);
  return lines;
}
template <typename Sets>
Sets read_sets(const Json& json) {
  Sets sets;
  read_lines(json.get_ref<const std::string&>(), [&](std::string name, lab::RecordSet set) {
    sets.emplace_hint(sets.end(), std::move(name), std::move(set));
  });
  return sets;
}

// What `read` makes of the text, or an error that says that it is no `what`.
template <typename Read>
auto parse_json(const std::string& text, const char* what, const Read& read)
    -> Result<decltype(read(Json{}))> {
  const auto refused = [&](const std::exception& error) {
    return Error{.code = Errc::kInvalid,
                 .message = std::string("these are no ") + what,
                 .kernel_text = error.what()};
  };
  try {
    return read(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    return refused(error);
  } catch (const Unreadable& error) {
    return refused(error);
  }
}

}  // namespace egress::settings
