// SPDX-License-Identifier: MIT
#include "policy/steps.hpp"

#include <fmt/format.h>

#include "policy/rule_texts.hpp"

namespace egress::policy {
namespace {

std::string next_hop_text(const EffectiveRoute& route) {
  std::string text = name_of(route.next_hop_type);
  if (route.next_hop_ip_address) text += " " + route.next_hop_ip_address->to_string();
  return text;
}

std::string reason_of_application(const TrafficRouting& routing, Ipv4Address destination,
                                  bool inside) {
  const std::string address = destination.to_string();
  if (routing.scope == TrafficRouting::Scope::kEverything) {
    return fmt::format("{} sends every destination into the virtual network.", routing.decided_by);
  }
  if (inside) {
    return fmt::format(
        "{} is private or the virtual network's own, so it goes there with application routing off "
        "too ({}).",
        address, routing.decided_by);
  }
  return fmt::format(
      "Application routing is off ({}) and {} is neither private nor the virtual network's own, so "
      "no rule or route of the network applies.",
      routing.decided_by, address);
}

// What the platform sends of a class, in the plural.
const char* sent_of(lab::TrafficClass traffic) {
  switch (traffic) {
    case lab::TrafficClass::kApplication: return "the application's packets";
    case lab::TrafficClass::kImagePull: return "image pulls";
    case lab::TrafficClass::kContentShare: return "requests to the content share";
    case lab::TrafficClass::kBackupRestore: return "backups and restores";
    case lab::TrafficClass::kManagedIdentity: return "requests for tokens";
    case lab::TrafficClass::kKeyVault: return "Key Vault references";
  }
  return "packets";
}

// azure-facts 2.2.2, 2.2.7
std::string routing_reason(const Lane& lane, Ipv4Address destination, bool inside) {
  const TrafficRouting& routing = lane.routing;
  if (!routing.integrated) return "The app has no virtual network integration.";
  if (lane.traffic == lab::TrafficClass::kApplication) {
    return reason_of_application(routing, destination, inside);
  }
  if (lane.traffic == lab::TrafficClass::kKeyVault) {
    return lane.public_attempt
               ? "A Key Vault reference is asked for in public first, whatever is switched."
               : "The attempt that follows a refusal enters the virtual network, whatever is "
                 "switched.";
  }
  if (inside) {
    return fmt::format("{} sends {} into the virtual network as a whole.", routing.decided_by,
                       sent_of(lane.traffic));
  }
  return fmt::format(
      "{} is off ({}): {} leave directly, and no rule or route of the network applies.",
      routing_word(lane.traffic), routing.decided_by, sent_of(lane.traffic));
}

}  // namespace

Step routing_step(const std::string& app, const Lane& lane, Ipv4Address destination, bool inside) {
  return {Stage::kApplicationRouting, app,
          lab::name_of(inside ? lab::Path::kVirtualNetwork : lab::Path::kDirect),
          lane.routing.integrated ? lane.routing.decided_by : "",
          routing_reason(lane, destination, inside)};
}

Step route_step(const std::string& subnet, const EffectiveRoute& route, Ipv4Address destination) {
  return {
      Stage::kRoute, subnet, next_hop_text(route), route.name,
      fmt::format("The longest prefix that holds {} is {}, with next hop {}.",
                  destination.to_string(), route.address_prefix.to_string(), next_hop_text(route))};
}

Step rule_step(const std::string& subnet, const EffectiveRule& rule, lab::Direction direction) {
  return {Stage::kNetworkSecurityGroup, subnet, lab::name_of(rule.rule.access), rule.name,
          fmt::format("{} (priority {}) is the first {} rule that matches: {}.", rule.name,
                      rule.rule.priority,
                      direction == lab::Direction::kOutbound ? "outbound" : "inbound",
                      conditions_text(rule.rule))};
}

Step no_list_step(const std::string& subnet, lab::Direction direction) {
  return {Stage::kNetworkSecurityGroup, subnet, "Allow", "",
          fmt::format("{} has no network security group: what {} it is allowed.", subnet,
                      direction == lab::Direction::kOutbound ? "leaves" : "enters")};
}

}  // namespace egress::policy
