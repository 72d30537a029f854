// SPDX-License-Identifier: MIT

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

void add_side(ObjectSchema& rule, const std::string& side) {
  const auto add = [&](Property property) { rule.properties.push_back(std::move(property)); };
  add(value(side + "AddressPrefix", Form::kPrefixOrAny,
            "A prefix, an address, a service tag, or \"*\"."));
  add(list(side + "AddressPrefixes", Form::kPrefix, "A list of prefixes instead.", 1));
  add(list(side + "ApplicationSecurityGroups", Form::kText, "The hosts of these groups instead.", 1,
           static_cast<int>(kMaxApplicationSecurityGroupsPerSide)));
  add(value(side + "PortRange", Form::kPorts, "443, 1000-1999 or \"*\"."));
  add(list(side + "PortRanges", Form::kPorts, "A list of ranges instead.", 1));
  rule.alternatives.push_back(
      {side + "AddressPrefix", side + "AddressPrefixes", side + "ApplicationSecurityGroups"});
  rule.alternatives.push_back({side + "PortRange", side + "PortRanges"});
}

ObjectSchema network_security_group_schema() {
  return {ObjectType::kNetworkSecurityGroup,
          "networkSecurityGroup",
          "A network security group.",
          {map("securityRules", ObjectType::kSecurityRule, network_name("a security rule"),
               "Rules by name; Azure's default rules follow them."),
           flag("flushConnection",
                "Whether a changed rule counts for flows that are there, too. Else they go on.",
                "false")}};
}

ObjectSchema security_rule_schema() {
  Property description = value("description", Form::kText, "For people.");
  description.maximum = kMaxDescription;
  Property priority =
      value("priority", Form::kInteger, "Lower numbers first; unique in each direction.");
  priority.minimum = kMinPriority;
  priority.maximum = kMaxPriority;
  ObjectSchema rule{ObjectType::kSecurityRule,
                    "securityRule",
                    "A security rule. The first match decides, by priority.",
                    {description, required(priority),
                     required(word("direction", words_of(directions()), "Seen from the subnet.")),
                     required(word("access", words_of(accesses()), "The rule's verdict.")),
                     required(word("protocol", words_of(protocols()), "\"*\" is any."))}};
  add_side(rule, "source");
  add_side(rule, "destination");
  return rule;
}

ObjectSchema route_table_schema() {
  return {ObjectType::kRouteTable,
          "routeTable",
          "A route table.",
          {map("routes", ObjectType::kRoute, network_name("a route"),
               "Routes by name; the longest prefix wins."),
           flag("disableBgpRoutePropagation",
                "Whether routes of gateways are kept from the subnets that use it.", "false")}};
}

ObjectSchema route_schema() {
  return {ObjectType::kRoute,
          "route",
          "A route.",
          {required(value("addressPrefix", Form::kPrefixOrTag, "A prefix or a service tag.")),
           required(word("nextHopType", words_of(next_hop_types()), "Where packets go.")),
           value("nextHopIpAddress", Form::kAddressOrEmpty,
                 "The appliance: with VirtualAppliance, and only with it.")}};
}

ObjectSchema application_security_group_schema() {
  return {ObjectType::kApplicationSecurityGroup, "applicationSecurityGroup",
          "An application security group: nothing but its name."};
}

}  // namespace

std::vector<ObjectSchema> security_schemas() {
  return {network_security_group_schema(), security_rule_schema(), route_table_schema(),
          route_schema(), application_security_group_schema()};
}

}  // namespace egress::lab
