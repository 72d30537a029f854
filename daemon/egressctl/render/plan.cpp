// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

struct Verb {
  const char* word;
  const char* sign;
  Paint paint;
};
constexpr Verb kVerbs[] = {
    {"add", "+", Paint::kGreen}, {"change", "~", Paint::kYellow}, {"remove", "-", Paint::kRed}};

std::string resource_line(const Json& change, const Screen& screen) {
  const std::string word = text_of(change, "verb");
  const auto* verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                  [&](const Verb& each) { return word == each.word; });
  const std::string text =
      printable(fmt::format("{} {} {}", verb == std::end(kVerbs) ? word : std::string(verb->sign),
                            text_of(change, "kind"), text_of(change, "name")));
  return painted(text, verb == std::end(kVerbs) ? Paint::kPlain : verb->paint, screen) + "\n";
}

std::string totals(const Json& resources, size_t operations) {
  const auto count = [&](const char* word) {
    return std::count_if(resources.begin(), resources.end(),
                         [&](const Json& change) { return text_of(change, "verb") == word; });
  };
  return fmt::format("Plan: {} to add, {} to change, {} to remove; {} kernel operations.\n",
                     count("add"), count("change"), count("remove"), operations);
}

std::string plural(double count, const char* noun) {
  return fmt::format("{:.0f} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string render_plan(const Json& plan, const Screen& screen) {
  const Json& resources = list_of(plan, "resources");
  const auto operations = texts_of(plan, "operations");
  if (resources.empty() && operations.empty()) {
    return "No changes: the lab is in force as it stands.\n";
  }
  std::string text;
  if (!resources.empty()) {
    text += painted("Resources", Paint::kBold, screen) + "\n";
    for (const Json& change : resources) text += "  " + resource_line(change, screen);
    text += "\n";
  }
  if (!operations.empty()) {
    text += painted("Kernel", Paint::kBold, screen) + "\n";
    for (const std::string& operation : operations) text += "  " + printable(operation) + "\n";
    text += "\n";
  }
  return text + totals(resources, operations.size());
}

std::string render_result(const std::string& done, const std::string& what, const Json& result) {
  const double changed = number_of(result, "changed");
  const std::string head = done + (what.empty() ? "" : " " + what);
  if (changed == 0 && list_of(result, "failed").empty()) return head + ": no changes\n";
  return fmt::format("{}: {} changed in {:.2f} s\n", head, plural(changed, "object"),
                     number_of(result, "seconds"));
}

std::string render_leftovers(const Json& result) {
  std::string text;
  for (const Json& failed : list_of(result, "failed")) {
    text += printable(fmt::format("failed: {}: {}", text_of(failed, "object"),
                                  text_of(failed, "message"))) +
            "\n";
  }
  for (const std::string& line : texts_of(result, "drift")) {
    text += "still to do: " + printable(line) + "\n";
  }
  return text;
}

}  // namespace egress::ctl
