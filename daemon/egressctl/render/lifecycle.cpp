// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

std::string scaling_text(const Json& scaling) {
  const Json& from = member(scaling, "from");
  const Json& to = member(scaling, "to");
  std::vector<std::string> parts;
  for (const char* what : {"sku", "capacity"}) {
    const std::string before = text_of(from, what);
    const std::string after = text_of(to, what);
    if (before != after) parts.push_back(fmt::format("{} {} → {}", what, before, after));
  }
  return fmt::format("{}: {}", text_of(scaling, "serverFarm"), fmt::join(parts, ", "));
}

namespace {

std::string left_behind_text(const Json& link) {
  const std::string subnet = text_of(link, "subnet");
  return fmt::format(
      "AppServiceLink stays on {0}: recreate '{1}' and disconnect it, or egressctl purge {0}",
      subnet, text_of(link, "site"));
}

std::string taken_away_text(const Json& link) {
  return fmt::format("AppServiceLink of '{}' is gone from {}", text_of(link, "site"),
                     text_of(link, "subnet"));
}

}  // namespace

std::string render_effects(const Json& result) {
  const Json& effects = member(result, "effects");
  std::vector<std::string> lines;
  for (const Json& scaling : list_of(effects, "scalings")) lines.push_back(scaling_text(scaling));
  if (const auto restarts = texts_of(effects, "restarts"); !restarts.empty()) {
    lines.push_back(fmt::format("restarted: {}", fmt::join(restarts, ", ")));
  }
  for (const Json& link : list_of(effects, "leftBehind")) lines.push_back(left_behind_text(link));
  for (const Json& link : list_of(effects, "takenAway")) lines.push_back(taken_away_text(link));
  for (const std::string& note : texts_of(result, "notes")) lines.push_back(note);
  std::string text;
  for (const std::string& line : lines) text += "  " + printable(line) + "\n";
  return text;
}

std::string render_orphans(const Json& status, const Screen& screen) {
  Table table({"Link left behind", "Subnet", "Plan", "Of"});
  for (const Json& link : list_of(status, "serviceAssociationLinks")) {
    const std::vector<std::string> deleted = texts_of(link, "deletedSites");
    if (deleted.empty()) continue;
    table.add({text_of(link, "name"), text_of(link, "subnet"), text_of(link, "serverFarm"),
               fmt::format("{}", fmt::join(deleted, ", "))});
  }
  return table.empty() ? std::string() : table.to_string(screen);
}

}  // namespace egress::ctl
