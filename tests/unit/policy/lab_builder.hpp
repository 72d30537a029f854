// SPDX-License-Identifier: MIT
#pragma once

// Labs for policy tests, written in as few words as the lab file's. Each function adds one object
// to a Lab; texts that do not parse end the test program.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "tests/support/values.hpp"

namespace egress::policy::test {

using testing_support::ip;
using testing_support::kAh;
using testing_support::kEsp;
using testing_support::kIcmp;
using testing_support::kTcp;
using testing_support::kUdp;
using testing_support::prefix;

lab::SubnetRef subnet_ref(const std::string& text);  // "vnet/subnet"

lab::VirtualNetwork& vnet(lab::Lab& lab, const std::string& name,
                          const std::vector<std::string>& prefixes);
lab::Subnet& subnet(lab::Lab& lab, const std::string& ref, const std::string& prefix);
// Both sides of a peering, with the defaults of ARM.
void peer(lab::Lab& lab, const std::string& a, const std::string& b);
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

// "tcp/443" texts say where it listens.
lab::Host& host(lab::Lab& lab, const std::string& name, const std::string& subnet,
                const std::string& address, const std::vector<std::string>& listen = {});
lab::Host& internet_host(lab::Lab& lab, const std::string& name, const std::string& address,
                         const std::vector<std::string>& listen = {});
// A host that forwards.
lab::Host& appliance(lab::Lab& lab, const std::string& name, const std::string& subnet,
                     const std::string& address);

// One instance of a plan of its own, "NAME-plan"; integrated when `subnet` is not empty.
lab::Site& app(lab::Lab& lab, const std::string& name, const std::string& subnet);
void route_all(lab::Site& site);

// Leases from the fourth address of each integration subnet on.
lab::IntegrationAddresses lease_all(const lab::Lab& lab);

// The contract's example lab file, without its capacity of two.
lab::Lab example_lab();

// Instance 0 of `site` towards "tcp://10.1.2.4:443"; what cannot be explained ends the program.
Explanation explain(const lab::Lab& lab, const std::string& site, const std::string& url);

// "Deny by networkSecurityGroup nsg/rule", "Allow by …".
std::string decision(const Explanation& explanation);
// Names of the steps that decided something on the way, "route via-firewall/default".
std::vector<std::string> stages(const Explanation& explanation);

}  // namespace egress::policy::test
