// SPDX-License-Identifier: MIT
#pragma once

// What a machine that is a firewall forwards: its network rules expanded to addresses, and behind
// them one that denies the rest. `explain` asks them of each flow's first packet, and the machine's
// namespace has the same list.

#include <functional>
#include <string>
#include <vector>

#include "lab/load.hpp"
#include "policy/network.hpp"

namespace egress::policy {

// What a name in a rule stands for.
using FqdnAddresses = std::function<std::vector<Ipv4Address>(const std::string& fqdn)>;
// Of the host with this name, which is in a network: the first match decides, in this order.
std::vector<EffectiveRule> network_rules_of(const lab::Lab& lab, const std::string& firewall,
                                            const FqdnAddresses& addresses);

// Of all firewalls in `network`, of which all else is there. A name in a rule means what the DNS
// servers of the firewall's network say, over a network in which no firewall has rules: else the
// rules of two could depend on each other.
void add_network_rules(Network& network);

// Whether one of its rules has a name, whose addresses are what its DNS servers answer.
bool names_destinations(const lab::Host& firewall);

// A warning for each name in a rule that has no address; what only real servers know is one.
std::vector<lab::Finding> fqdns_without_address(const Network& network, const std::string& file);
// The same of a lab that nobody has analysed.
std::vector<lab::Finding> fqdns_without_address(const lab::Lab& lab, const std::string& file);

}  // namespace egress::policy
