// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kIndent = 2;

std::string headline(const Json& resolution, const Screen& screen) {
  const std::vector<std::string> addresses = texts_of(resolution, "addresses");
  std::string text = fmt::format("{}", fmt::join(addresses, ", "));
  Paint paint = Paint::kGreen;
  if (addresses.empty()) {
    text = text_of(resolution, "status");
    paint = text == "NOERROR" ? Paint::kPlain : Paint::kRed;
  }
  if (const auto seconds = text_of(resolution, "seconds"); seconds != "0" && !seconds.empty()) {
    text += fmt::format(", after {} s", seconds);
  }
  return painted(printable(text), paint, screen);
}

// Where a record stands.
std::string source_of(const Json& record) {
  const std::string zone = text_of(record, "zone");
  const std::string link = text_of(record, "link");
  if (!zone.empty()) return fmt::format("zone {}, linked to {}", zone, link);
  return link.empty() ? "" : "provided in " + link;
}

std::string chain_of(const Json& server, const Screen& screen) {
  Table table({"Name", "TTL", "Type", "Data", "From"});
  for (const Json& record : list_of(server, "chain")) {
    table.add({text_of(record, "name"), text_of(record, "ttl"), text_of(record, "type"),
               text_of(record, "data"), source_of(record)});
  }
  if (table.empty()) return {};
  std::string indented = std::string(kIndent, ' ');
  for (const char letter : table.to_string(screen)) {
    indented += letter;
    if (letter == '\n') indented += std::string(kIndent, ' ');
  }
  indented.erase(indented.size() - kIndent);
  return indented;
}

std::string server_block(const Json& server, const std::string& answered_by, const Screen& screen) {
  const std::string address = text_of(server, "server");
  std::string text =
      fmt::format("\nServer {}: {}{}\n", printable(address), printable(text_of(server, "status")),
                  address == answered_by ? ", answers" : "");
  text += chain_of(server, screen);
  return text + std::string(kIndent, ' ') +
         wrapped(printable(text_of(server, "reason")), kIndent, screen.columns) + "\n";
}

std::string verification(const Json& observed, const Screen& screen) {
  if (!observed.is_object()) return {};
  if (flag_of(observed, "agrees")) {
    return "\n" + painted("The app's resolver agrees", Paint::kGreen, screen) + ".\n";
  }
  std::string text = "\n" + painted("THE APP'S RESOLVER DISAGREES", Paint::kRed, screen) + ".\n";
  for (const std::string& difference : texts_of(observed, "differences")) {
    text += "  - " + printable(difference) + "\n";
  }
  return text;
}

Cell reached(const Json& dependency) {
  if (!member(dependency, "ok").is_boolean()) return {"-", Paint::kDim};
  return flag_of(dependency, "ok") ? Cell("yes", Paint::kGreen) : Cell("no", Paint::kRed);
}

}  // namespace

std::string render_resolution(const Json& resolution, const std::string& from,
                              const Screen& screen) {
  std::string text =
      fmt::format("{}: {} {}\n{}\n", printable(from), printable(text_of(resolution, "name")),
                  text_of(resolution, "type"), headline(resolution, screen));
  for (const Json& server : list_of(resolution, "servers")) {
    text += server_block(server, text_of(resolution, "answeredBy"), screen);
  }
  return text + render_warnings(resolution, screen) +
         verification(member(resolution, "observed"), screen);
}

std::string render_warnings(const Json& document, const Screen& screen) {
  std::string text;
  for (const std::string& warning : texts_of(document, "warnings")) {
    // What was found in a lab file says so itself, behind its place.
    const bool says_so = warning.find(": warning: ") != std::string::npos;
    text += "\n" +
            (says_so ? painted(printable(warning), Paint::kYellow, screen)
                     : painted("warning", Paint::kYellow, screen) + ": " + printable(warning)) +
            "\n";
  }
  return text;
}

std::string render_dependencies(const Json& dependencies, const Screen& screen) {
  Table table({"Flow", "Why", "Reached", "App Sees", "Blocked By"});
  for (const Json& dependency : list_of(dependencies, "dependencies")) {
    table.add({text_of(dependency, "url"), text_of(dependency, "why"), reached(dependency),
               text_of(dependency, "sees"), text_of(member(dependency, "blockedBy"), "name")});
  }
  return table.to_string(screen);
}

}  // namespace egress::ctl
