// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

constexpr size_t kStepIndent = 4;

struct Headline {
  std::string text{};
  Paint paint = Paint::kRed;
};

std::string decider(const Json& explanation) {
  const Json& by = member(explanation, "decidedBy");
  const std::string name = text_of(by, "name");
  return name.empty() ? text_of(by, "stage") : name;
}

Headline headline(const Json& explanation, const std::string& from) {
  const std::string verdict = text_of(explanation, "verdict");
  const std::string by = decider(explanation);
  if (verdict == "Unresolved") {
    return {fmt::format("UNRESOLVED: {} has no address for {} ({} by {})",
                        text_of(explanation, "name"), from, text_of(explanation, "sees"), by)};
  }
  if (verdict == "Deny") return {"DENIED by " + by};
  if (verdict == "Drop") return {"DROPPED by " + by};
  if (verdict == "NoRoute") {
    return {fmt::format("NO ROUTE: the lab has nobody at {}",
                        text_of(member(explanation, "flow"), "address"))};
  }
  const Json& service = member(explanation, "service");
  if (text_of(service, "access") == "Deny") {
    return {fmt::format("ALLOWED by {}, but {} refuses it ({})", by, text_of(explanation, "host"),
                        text_of(service, "code")),
            Paint::kYellow};
  }
  if (flag_of(explanation, "refused")) {
    return {fmt::format("ALLOWED by {}, but {} refuses it", by, text_of(explanation, "host")),
            Paint::kYellow};
  }
  const Json& reply = member(explanation, "reply");
  if (reply.is_object() && text_of(reply, "verdict") != "Allow") {
    return {fmt::format("ALLOWED by {}, but no answer comes back", by), Paint::kYellow};
  }
  if (text_of(member(explanation, "decidedBy"), "stage") == "platform") {
    return {"ALLOWED: the platform answers", Paint::kGreen};
  }
  return {"ALLOWED by " + by, Paint::kGreen};
}

// "sql.example.com is 10.1.3.4"
std::string destination_text(const Json& explanation) {
  return fmt::format("{} is {}", text_of(explanation, "name"),
                     fmt::join(texts_of(explanation, "addresses"), ", "));
}

std::string next_hop_text(const Json& next_hop) {
  const std::string address = text_of(next_hop, "ipAddress");
  return text_of(next_hop, "type") + (address.empty() ? "" : " " + address);
}

// What the way to the Internet carries, where that is limited.
void add_limits(const Json& explanation, std::vector<std::pair<std::string, Cell>>& rows) {
  const Json& ports = member(explanation, "ports");
  if (!ports.is_number()) return;
  const Json& steps = list_of(explanation, "steps");
  const bool by_gateway = std::any_of(steps.begin(), steps.end(), [](const Json& step) {
    return text_of(step, "stage") == "natGateway";
  });
  rows.emplace_back("carries", fmt::format("{} flows at a time {}", ports.dump(),
                                           by_gateway ? "under each address of the NAT gateway"
                                                      : "of the instance to this destination"));
  rows.emplace_back(
      "when idle",
      fmt::format("ends after {} s {}", text_of(explanation, "idleTimeout"),
                  flag_of(explanation, "idleReset") ? "with a reset" : "without a word"));
}

// What a flow's hash has chosen, where there was something to choose among: "host" of "hosts".
void add_choices(const Json& explanation, const char* choices, const std::string& chosen,
                 std::vector<std::pair<std::string, Cell>>& rows) {
  for (const Json& choice : list_of(explanation, choices)) {
    const std::vector<std::string> all = texts_of(choice, (chosen + "s").c_str());
    if (all.size() == 1) continue;
    rows.emplace_back(
        "chosen",
        fmt::format("{} of {}{}", text_of(choice, chosen.c_str()), fmt::join(all, ", "),
                    flag_of(choice, "byPorts") ? ", for this source port" : ", for this sender"));
  }
}

// Where nobody answers, somebody can be declared who does.
std::string host_to_add(const Json& explanation) {
  const Json& steps = list_of(explanation, "steps");
  const std::string where = steps.empty() ? std::string() : text_of(steps.back(), "where");
  const std::string address = text_of(member(explanation, "flow"), "address");
  if (where == "internet") {
    return fmt::format(
        "hosts: {{NAME: {{internet: true, ipAddress: {}}}}}, or for all addresses "
        "{{internet: true, addressPrefixes: [0.0.0.0/0]}}",
        address);
  }
  return fmt::format("hosts: {{NAME: {{subnet: {}/SUBNET, ipAddress: {}}}}}",
                     where.substr(0, where.find('/')), address);
}

std::string overview(const Json& explanation, const Screen& screen) {
  const Json& by = member(explanation, "decidedBy");
  const std::string source = fmt::format("{}", fmt::join(texts_of(explanation, "sources"), " or "));
  std::vector<std::pair<std::string, Cell>> rows;
  if (!texts_of(explanation, "addresses").empty()) {
    rows.emplace_back("name", destination_text(explanation));
  }
  if (const std::string path = text_of(explanation, "path"); !path.empty()) {
    rows.emplace_back("path", path);
  }
  const bool allowed = text_of(explanation, "verdict") == "Allow";
  if (!source.empty() || !allowed) {
    rows.emplace_back("source", source.empty() ? "none: nothing arrives" : source);
  }
  add_limits(explanation, rows);
  if (const Json& next_hop = member(explanation, "nextHop"); next_hop.is_object()) {
    rows.emplace_back("next hop", next_hop_text(next_hop));
  }
  add_choices(explanation, "loadBalancing", "host", rows);
  add_choices(explanation, "equalWays", "connection", rows);
  rows.emplace_back("decided by",
                    fmt::format("{} ({})", decider(explanation), text_of(by, "stage")));
  if (text_of(explanation, "verdict") == "NoRoute")
    rows.emplace_back("to add", host_to_add(explanation));
  if (const std::string host = text_of(explanation, "host"); !host.empty()) {
    rows.emplace_back("receiver", host);
  }
  if (const std::string sees = text_of(explanation, "sees"); !sees.empty()) {
    const bool host = member(member(explanation, "flow"), "host").is_string();
    rows.emplace_back(host ? "host sees" : "app sees", sees);
  }
  return facts(rows, screen);
}

Paint paint_of_step(const std::string& result) {
  if (result == "Deny" || result == "Drop" || result == "NoRoute") return Paint::kRed;
  return result == "refused" ? Paint::kYellow : Paint::kBold;
}

std::string step_text(size_t number, const Json& step, const Screen& screen) {
  const std::string result = printable(text_of(step, "result"));
  const std::string name = printable(text_of(step, "name"));
  std::string text = fmt::format("{:>2}  {} at {}: {}", number, text_of(step, "stage"),
                                 printable(text_of(step, "where")),
                                 painted(result, paint_of_step(result), screen));
  const size_t width =
      display_width(fmt::format("{:>2}  {} at {}: {} ({})", number, text_of(step, "stage"),
                                text_of(step, "where"), result, name));
  const bool fits = screen.columns == 0 || width <= screen.columns;
  if (!name.empty())
    text += (fits ? " (" : "\n" + std::string(kStepIndent, ' ') + "(") + name + ")";
  const std::string reason =
      wrapped(printable(text_of(step, "reason")), kStepIndent, screen.columns);
  return text + "\n" + std::string(kStepIndent, ' ') + reason + "\n";
}

std::string steps_text(const Json& steps, const Screen& screen) {
  std::string text;
  size_t number = 0;
  for (const Json& step : steps) text += step_text(++number, step, screen);
  return text;
}

std::string near_misses_text(const Json& nearest) {
  std::string text;
  for (const Json& near : nearest) {
    text += fmt::format("\n{} would allow it, but for its {}: {} in place of {}.\n",
                        printable(text_of(near, "rule")), printable(text_of(near, "failedOn")),
                        printable(text_of(near, "wanted")), printable(text_of(near, "got")));
  }
  return text;
}

std::string sighting(const Json& observed) {
  std::string text = "the packet did not arrive";
  if (flag_of(observed, "arrived")) {
    text = fmt::format("the packet arrived at {} from {}", text_of(observed, "host"),
                       text_of(observed, "source"));
  }
  if (flag_of(observed, "refused")) return text + ", a refusal came back";
  if (flag_of(observed, "silent")) {
    return text + ", a handshake came back and nothing behind it";
  }
  if (flag_of(observed, "byProgram")) {
    return text + ", an answer came back, of a program there that is not in the lab";
  }
  return text + (flag_of(observed, "replied") ? ", an answer came back" : ", nothing came back");
}

std::string verification(const Json& observed, const Screen& screen) {
  if (!observed.is_object()) return {};
  if (flag_of(observed, "agrees")) {
    return "\n" + painted("The kernel agrees", Paint::kGreen, screen) + ": " +
           printable(sighting(observed)) + ".\n";
  }
  std::string text = "\n" + painted("THE KERNEL DISAGREES", Paint::kRed, screen) + ": " +
                     printable(sighting(observed)) + ".\n";
  for (const std::string& difference : texts_of(observed, "differences")) {
    text += "  - " + printable(difference) + "\n";
  }
  return text;
}

}  // namespace

std::string render_explanation(const Json& explanation, const std::string& from,
                               const std::string& url, const Screen& screen) {
  const Headline verdict = headline(explanation, from);
  std::string text = printable(from) + " -> " + printable(url) + "\n" +
                     painted(printable(verdict.text), verdict.paint, screen) + "\n\n" +
                     overview(explanation, screen) + "\n";
  text += steps_text(list_of(explanation, "steps"), screen) +
          near_misses_text(list_of(explanation, "nearest"));
  if (const Json& reply = member(explanation, "reply"); reply.is_object()) {
    const std::string answer = text_of(reply, "verdict");
    text += fmt::format("\nAnswer: {}. {}\n",
                        painted(answer, answer == "Allow" ? Paint::kGreen : Paint::kYellow, screen),
                        wrapped(printable(text_of(reply, "reason")), 0, screen.columns));
    if (answer != "Allow") text += steps_text(list_of(explanation, "replySteps"), screen);
  }
  return text + render_warnings(explanation, screen) +
         verification(member(explanation, "observed"), screen);
}

}  // namespace egress::ctl
