// SPDX-License-Identifier: MIT
#include "settings/names_text.hpp"

#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

using policy::Names;

Json json_of(const Names::Zone& zone) {
  const auto& [key, name, privatelink, sets] = zone;
  return {
      {"key", key}, {"name", name}, {"privatelink", privatelink}, {"recordSets", to_lines(sets)}};
}

Names::Zone read_zone(const Json& json) {
  return {.key = json.at("key"),
          .name = json.at("name"),
          .privatelink = json.at("privatelink"),
          .sets = read_sets<Names::Sets>(json.at("recordSets"))};
}

Json json_of(const Names::View& view) {
  const auto& [vnet, links, provided] = view;
  Json linked = Json::array();
  for (const auto& [zone, redirect] : links) {
    linked.push_back({{"zone", zone}, {"redirect", redirect}});
  }
  return {{"virtualNetwork", vnet}, {"links", std::move(linked)}, {"provided", to_lines(provided)}};
}

Names::View read_view(const Json& json, size_t zones) {
  Names::View view{.vnet = json.at("virtualNetwork"),
                   .provided = read_sets<Names::Sets>(json.at("provided"))};
  for (const Json& link : json.at("links")) {
    view.links.push_back({.zone = link.at("zone"), .redirect = link.at("redirect")});
    if (view.links.back().zone >= zones)
      throw Unreadable("a link leads to a zone that is not there");
  }
  return view;
}

Names read_names(const Json& json) {
  Names names{.public_sets = read_sets<Names::Sets>(json.at("publicDns")),
              .forward_to = read_addresses(json.at("forwardTo"))};
  for (const Json& zone : json.at("zones")) names.zones.push_back(read_zone(zone));
  for (const Json& view : json.at("views")) {
    names.views.push_back(read_view(view, names.zones.size()));
  }
  return names;
}

}  // namespace

std::string to_text(const Names& names) {
  const auto& [zones, views, public_sets, forward_to] = names;
  Json all_zones = Json::array();
  for (const Names::Zone& zone : zones) all_zones.push_back(json_of(zone));
  Json all_views = Json::array();
  for (const Names::View& view : views) all_views.push_back(json_of(view));
  return Json{{"zones", std::move(all_zones)},
              {"views", std::move(all_views)},
              {"publicDns", to_lines(public_sets)},
              {"forwardTo", to_json(forward_to)}}
      .dump();
}

Result<Names> parse_names(const std::string& text) {
  return parse_json(text, "names of a lab", read_names);
}

}  // namespace egress::settings
