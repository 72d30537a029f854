// SPDX-License-Identifier: MIT
#pragma once

// What policy tests change in a lab, in as few words as they need, and what they ask of it. Texts
// that do not parse end the test with an exception.

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::policy::test {

using testing_support::contract_lab;
using testing_support::ip;
using testing_support::kAh;
using testing_support::kEsp;
using testing_support::kIcmp;
using testing_support::kTcp;
using testing_support::kUdp;
using testing_support::lab_from;
using testing_support::leases_of;
using testing_support::network_of;
using testing_support::prefix;
using testing_support::service_tags;
using testing_support::with;

// One that is there, "vnet/subnet".
lab::Subnet& subnet(lab::Lab& lab, const std::string& ref);
// One side, made when it is not there.
lab::VirtualNetworkPeering& peering(lab::Lab& lab, const std::string& at,
                                    const std::string& remote);

// Addresses as in the lab file: "*", a prefix, or a tag.
struct RuleText {
  std::string protocol = "*";
  std::string source = "*";
  std::string source_ports = "*";
  std::string destination = "*";
  std::string destination_ports = "*";
};
lab::SecurityRule make_rule(int priority, lab::Direction direction, lab::Access access,
                            const RuleText& text);
void allow(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
           const RuleText& text);
void deny(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
          const RuleText& text);

// "0.0.0.0/0" or a tag, to "Internet", "None", "VnetLocal", "VirtualNetworkGateway" or an
// appliance's address.
void route(lab::Lab& lab, const std::string& table_and_name, const std::string& to,
           const std::string& next_hop);

// Instance 0 of `site` towards "tcp://10.1.2.4:443".
Explanation explain(const lab::Lab& lab, const std::string& site, const std::string& url);

// "Deny by networkSecurityGroup nsg/rule", "Allow by …".
std::string decision(const Explanation& explanation);
// Names of the steps that decided something on the way, "route via-firewall/default".
std::vector<std::string> stages(const Explanation& explanation);

}  // namespace egress::policy::test
