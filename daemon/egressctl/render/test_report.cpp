// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/json.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

// A text, or several joined.
std::string one_or_list(const Json& object, const char* key) {
  const std::string one = text_of(object, key);
  return one.empty() ? fmt::format("{}", fmt::join(texts_of(object, key), ", ")) : one;
}

std::string title_of(const Json& result) {
  const Json& wanted = member(result, "expectation");
  const std::string name = text_of(wanted, "resolve");
  const std::string traffic = text_of(wanted, "traffic");
  std::string what = name.empty() ? "-> " + text_of(wanted, "to") : "resolve " + name;
  if (flag_of(wanted, "startup")) what = "startup";
  std::string title =
      fmt::format("{}{} {} is {}", text_of(wanted, "from"), traffic.empty() ? "" : " " + traffic,
                  what, one_or_list(wanted, "expect"));
  if (const auto by = text_of(wanted, "by"); !by.empty()) title += " by " + by;
  if (const auto via = text_of(wanted, "via"); !via.empty()) title += " via " + via;
  if (const auto source = one_or_list(wanted, "source"); !source.empty()) title += " as " + source;
  return title;
}

// A '#' would start a directive.
std::string tap_escaped(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '#' || letter == '\\') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

// JSON strings are YAML strings.
std::string quoted(const std::string& text) {
  return control::dump(text);
}

// What was logged in the steps of a start.
std::string start_log(const Json& startup) {
  std::string text;
  for (const Json& step : list_of(startup, "steps")) {
    for (const std::string& line : texts_of(step, "log")) {
      text += "    - " + quoted(fmt::format("{}: {}", text_of(step, "step"), line)) + "\n";
    }
  }
  return text.empty() ? text : "  log:\n" + text;
}

std::string diagnostics(const Json& result, const std::string& file) {
  const Json& wanted = member(result, "expectation");
  std::string text = "  ---\n  at: " + quoted(file + ":" + text_of(wanted, "line")) + "\n";
  text += "  differences:\n";
  for (const std::string& difference : texts_of(result, "differences")) {
    text += "    - " + quoted(difference) + "\n";
  }
  const Json& steps = list_of(member(result, "explanation"), "steps");
  if (!steps.empty()) text += "  steps:\n";
  for (const Json& step : steps) {
    text += "    - " +
            quoted(fmt::format("{} at {}: {}. {}", text_of(step, "stage"), text_of(step, "where"),
                               text_of(step, "result"), text_of(step, "reason"))) +
            "\n";
  }
  const Json& servers = list_of(member(result, "resolution"), "servers");
  if (!servers.empty()) text += "  servers:\n";
  for (const Json& server : servers) {
    text += "    - " +
            quoted(fmt::format("{}: {}. {}", text_of(server, "server"), text_of(server, "status"),
                               text_of(server, "reason"))) +
            "\n";
  }
  return text + start_log(member(result, "startup")) + "  ...\n";
}

std::string xml_escaped(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\n': escaped += "&#10;"; break;
      case '\t': escaped += "&#9;"; break;
      default:
        // XML 1.0 has no form for the other control characters.
        escaped += static_cast<unsigned char>(letter) < 0x20U ? '?' : letter;
    }
  }
  return escaped;
}

std::string junit_case(const Json& result, const std::string& file) {
  const Json& wanted = member(result, "expectation");
  std::string text =
      fmt::format(R"(    <testcase classname="{}" name="{}" file="{}" line="{}")",
                  xml_escaped(text_of(wanted, "from")), xml_escaped(title_of(result)),
                  xml_escaped(file), xml_escaped(text_of(wanted, "line")));
  if (flag_of(result, "ok")) return text + "/>\n";
  const auto differences = texts_of(result, "differences");
  return text + fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                            xml_escaped(fmt::format("{}", fmt::join(differences, "; "))),
                            xml_escaped(diagnostics(result, file)));
}

}  // namespace

TestCounts count_results(const Json& results) {
  const Json& list = list_of(results, "results");
  const auto failed = std::count_if(list.begin(), list.end(),
                                    [](const Json& result) { return !flag_of(result, "ok"); });
  return {list.size(), static_cast<size_t>(failed)};
}

std::string render_tap(const Json& results, const std::string& file) {
  const Json& list = list_of(results, "results");
  std::string text = fmt::format("TAP version 13\n1..{}{}\n", list.size(),
                                 list.empty() ? " # SKIP the lab has no expectations" : "");
  size_t number = 0;
  for (const Json& result : list) {
    const bool ok = flag_of(result, "ok");
    text +=
        fmt::format("{} {} - {}\n", ok ? "ok" : "not ok", ++number, tap_escaped(title_of(result)));
    if (!ok) text += diagnostics(result, file);
  }
  return text;
}

std::string render_junit(const Json& results, const std::string& file) {
  const TestCounts counts = count_results(results);
  const std::string totals =
      fmt::format(R"(name="{}" tests="{}" failures="{}" errors="0" skipped="0")", xml_escaped(file),
                  counts.total, counts.failed);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  text += "  <testsuite " + totals + ">\n";
  for (const Json& result : list_of(results, "results")) text += junit_case(result, file);
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace egress::ctl
