// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "egressctl/render/properties.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kPropertyIndent = 6;

struct Verb {
  const char* word;
  const char* sign;
  Paint paint;
};
constexpr Verb kVerbs[] = {
    {"add", "+", Paint::kGreen}, {"change", "~", Paint::kYellow}, {"remove", "-", Paint::kRed}};

std::string properties_of(const Json& document, const Screen& screen) {
  std::string lines;
  for (const Json& property : list_of(document, "properties")) {
    lines += property_lines(property, kPropertyIndent, screen);
  }
  return lines;
}

std::string resource_lines(const Json& change, const Screen& screen) {
  const std::string word = text_of(change, "verb");
  const auto* verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                  [&](const Verb& each) { return word == each.word; });
  const bool known = verb != std::end(kVerbs);
  const std::string name = text_of(change, "name");
  const std::string text =
      printable(fmt::format("{} {}{}{}", known ? std::string(verb->sign) : word,
                            text_of(change, "kind"), name.empty() ? "" : " ", name));
  return "  " + painted(text, known ? verb->paint : Paint::kPlain, screen) + "\n" +
         properties_of(change, screen);
}

std::string indented(const std::string& text) {
  return "  " + printable(text) + "\n";
}

std::string indented(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += indented(text);
  return lines;
}

std::string taken_line(const Json& address) {
  return indented(fmt::format("+ {} of {} for {}", text_of(address, "address"),
                              text_of(address, "subnet"), text_of(address, "holder")));
}

std::string released_line(const Json& address) {
  const std::string at = text_of(address, "at");
  return indented(fmt::format("- {} of {} from {}{}", text_of(address, "address"),
                              text_of(address, "subnet"), text_of(address, "holder"),
                              at.empty() ? "" : ", free at " + at));
}

template <typename LinesOf>
std::string lines_of(const Json& list, LinesOf lines_of_each) {
  std::string lines;
  for (const Json& each : list) lines += lines_of_each(each);
  return lines;
}

std::string address_lines(const Json& addresses) {
  return lines_of(list_of(addresses, "taken"), taken_line) +
         lines_of(list_of(addresses, "released"), released_line);
}

std::string link_line(const Json& link) {
  return indented(fmt::format("- AppServiceLink of '{}' on {}", text_of(link, "site"),
                              text_of(link, "subnet")));
}

std::string undone_lines(const Json& undone, const Screen& screen) {
  return indented(fmt::format("{} ({})", text_of(undone, "operation"), text_of(undone, "at"))) +
         properties_of(undone, screen);
}

std::string refusal_lines(const Json& refusal) {
  std::string lines =
      indented(fmt::format("{}: {}", text_of(refusal, "code"), text_of(refusal, "message")));
  for (const char* more : {"path", "hint"}) {
    const std::string text = text_of(refusal, more);
    if (!text.empty()) lines += fmt::format("      {}: {}\n", more, printable(text));
  }
  return lines;
}

std::string section(const char* heading, const std::string& lines, const Screen& screen,
                    Paint paint = Paint::kBold) {
  return lines.empty() ? std::string() : painted(heading, paint, screen) + "\n" + lines + "\n";
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

// What had to be left as something failed that it needs.
constexpr const char* kSkipped = "skipped: ";

// Messages of the kernel's name the object themselves.
std::string failure_text(const std::string& object, const std::string& message) {
  return message.find(object) != std::string::npos ? message
                                                   : fmt::format("{}: {}", object, message);
}

}  // namespace

bool would_change(const Json& plan) {
  return !list_of(plan, "resources").empty() || !list_of(plan, "operations").empty();
}

std::string render_plan(const Json& plan, KernelLines kernel, const Screen& screen) {
  const Json& resources = list_of(plan, "resources");
  const Json& refusals = list_of(plan, "refusals");
  const Json& effects = member(plan, "effects");
  const auto operations = texts_of(plan, "operations");
  if (!would_change(plan) && refusals.empty()) {
    return "No changes: the lab is in force as it stands.\n";
  }
  const auto resource = [&](const Json& each) { return resource_lines(each, screen); };
  const auto undone = [&](const Json& each) { return undone_lines(each, screen); };
  std::string text = section("Resources", lines_of(resources, resource), screen) +
                     section("Restarts", indented(texts_of(effects, "restarts")), screen) +
                     section("Addresses", address_lines(member(effects, "addresses")), screen) +
                     section("Links", lines_of(list_of(effects, "takenAway"), link_line), screen) +
                     section("Undoes", lines_of(list_of(plan, "undoes"), undone), screen);
  if (kernel == KernelLines::kShown) text += section("Kernel", indented(operations), screen);
  if (refusals.empty()) return text + totals(resources, operations.size());
  return text + section("Refused", lines_of(refusals, refusal_lines), screen, Paint::kRed) +
         "Plan: refused, nothing would change.\n";
}

std::string render_result(const std::string& done, const std::string& what, const Json& result) {
  const double changed = number_of(result, "changed");
  const std::string head = done + (what.empty() ? "" : " " + what);
  const bool lab_stays =
      !flag_of(result, "labChanged") && list_of(member(result, "effects"), "takenAway").empty();
  if (lab_stays && changed == 0 && list_of(result, "failed").empty()) {
    return head + ": no changes\n";
  }
  return fmt::format("{}: {} changed in {:.2f} s\n", head, plural(changed, "object"),
                     number_of(result, "seconds"));
}

std::string render_leftovers(const Json& result, bool all) {
  std::string text;
  std::map<std::string, size_t> told;  // causes, by what they say
  size_t dependents = 0;
  for (const Json& failed : list_of(result, "failed")) {
    const std::string message = text_of(failed, "message");
    const bool depends = message.starts_with(kSkipped);
    if (!all && depends) {
      ++dependents;
    } else if (all || told[message]++ == 0) {
      text += "failed: " + printable(failure_text(text_of(failed, "object"), message)) + "\n";
    }
  }
  for (const auto& [message, count] : told) {
    if (count > 1) text += fmt::format("and {} more: {}\n", count - 1, printable(message));
  }
  if (dependents > 0)
    text += fmt::format("and {} that depend on them (-v lists all)\n", dependents);
  const std::vector<std::string> drift = texts_of(result, "drift");
  if (!all && !text.empty() && drift.size() > 1) {
    return text + fmt::format("still to do: {} operations\n", drift.size());
  }
  for (const std::string& line : drift) text += "still to do: " + printable(line) + "\n";
  return text;
}

}  // namespace egress::ctl
