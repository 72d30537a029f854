// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

// "443-443" is how the interface spells a single port.
std::string short_range(const std::string& range) {
  if (range == "0-65535") return "*";
  const size_t dash = range.find('-');
  const bool single =
      dash != std::string::npos && range.compare(0, dash, range, dash + 1, std::string::npos) == 0;
  return single ? range.substr(0, dash) : range;
}

// Of a list of a machine's own with the machine.
std::string rule_name(const Json& rule) {
  const std::string machine = text_of(rule, "networkInterface");
  const std::string name = text_of(rule, "name");
  return machine.empty() ? name : fmt::format("{} (NIC of {})", name, machine);
}

std::string ports(const Json& rule, const char* key) {
  std::vector<std::string> ranges;
  for (const std::string& range : texts_of(rule, key)) ranges.push_back(short_range(range));
  return joined(ranges);
}

Cell access_cell(const Json& rule) {
  const std::string access = text_of(rule, "access");
  return {access, access == "Allow" ? Paint::kGreen : Paint::kRed};
}

// A narrow screen has no room for columns that say little.
constexpr size_t kRoomForRules = 140;

// Of one direction, which then has no column, or of both.
Table rules_table(const Json& rules, const std::string& direction) {
  std::vector<std::string> headings{"Priority",          "Name",   "Direction",    "Access",
                                    "Protocol",          "Source", "Source Ports", "Destination",
                                    "Destination Ports", "Hits"};
  const bool any_source_port = std::all_of(rules.begin(), rules.end(), [](const Json& rule) {
    return ports(rule, "sourcePortRanges") == "*";
  });
  const auto kept = [&](const std::string& heading) {
    if (direction.empty()) return true;
    return heading != "Direction" && !(heading == "Source Ports" && any_source_port);
  };
  std::vector<std::string> shown;
  std::copy_if(headings.begin(), headings.end(), std::back_inserter(shown), kept);
  Table table(std::move(shown));
  for (const Json& rule : rules) {
    if (!direction.empty() && text_of(rule, "direction") != direction) continue;
    const std::vector<Cell> cells{text_of(rule, "priority"),
                                  rule_name(rule),
                                  text_of(rule, "direction"),
                                  access_cell(rule),
                                  text_of(rule, "protocol"),
                                  joined(texts_of(rule, "sourceAddressPrefixes")),
                                  ports(rule, "sourcePortRanges"),
                                  joined(texts_of(rule, "destinationAddressPrefixes")),
                                  ports(rule, "destinationPortRanges"),
                                  text_of(rule, "hits")};
    std::vector<Cell> row;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (kept(headings[i])) row.push_back(cells[i]);
    }
    table.add(std::move(row));
  }
  return table;
}

}  // namespace

std::string render_routes(const Json& routes, const Screen& screen) {
  Table table({"Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP", "Name"});
  for (const Json& route : list_of(routes, "routes")) {
    const bool active = text_of(route, "state") == "Active";
    const Paint paint = active ? Paint::kPlain : Paint::kDim;
    std::vector<Cell> row;
    for (const std::string& text :
         {text_of(route, "source"), text_of(route, "state"),
          joined(texts_of(route, "addressPrefix")), text_of(route, "nextHopType"),
          joined(texts_of(route, "nextHopIpAddress")), text_of(route, "name")}) {
      row.emplace_back(text, paint);
    }
    table.add(std::move(row));
  }
  return table.to_string(screen);
}

std::string render_rules(const Json& rules, const Screen& screen) {
  if (list_of(rules, "rules").empty()) {
    return fmt::format("{} has no network security group: everything is allowed.\n",
                       text_of(rules, "subnet"));
  }
  if (screen.columns == 0 || screen.columns >= kRoomForRules) {
    return rules_table(list_of(rules, "rules"), {}).to_string(screen);
  }
  std::string text;
  for (const char* direction : {"Outbound", "Inbound"}) {
    text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", direction,
                        rules_table(list_of(rules, "rules"), direction).to_string(screen));
  }
  return text;
}

std::string render_ip_flow(const Json& verdict, const Screen& screen) {
  const std::string rule = text_of(verdict, "ruleName");
  Table table({"Access", "Rule Name"});
  table.add({access_cell(verdict), rule.empty() ? "none: no network security group" : rule});
  return table.to_string(screen);
}

std::string render_next_hop(const Json& answer, const Screen& screen) {
  Table table({"Next Hop Type", "Next Hop IP", "Route Table"});
  table.add({text_of(answer, "nextHopType"), text_of(answer, "nextHopIpAddress"),
             text_of(answer, "routeTableId")});
  return table.to_string(screen);
}

}  // namespace egress::ctl
