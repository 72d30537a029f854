// SPDX-License-Identifier: MIT

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {

ObjectSchema network_rule_schema() {
  Property protocols = list("ipProtocols", Form::kWord, "The protocols that it is about.", 1);
  protocols.words = words_of(network_rule_protocols());
  return {
      ObjectType::kNetworkRule,
      "networkRule",
      "A rule of a firewall. The lowest priority that matches decides.",
      {required(number("priority", kMinNetworkRulePriority, kMaxNetworkRulePriority,
                       "Lower numbers first; unique in the firewall.")),
       required(word("action", words_of(accesses()), "The rule's verdict.")), required(protocols),
       required(list("sourceAddresses", Form::kFirewallAddress,
                     "Who sends: addresses, prefixes, ranges as 10.0.0.4-10.0.0.9, service "
                     "tags as the firewall's subnet has them, or \"*\".",
                     1)),
       list("destinationAddresses", Form::kFirewallAddress, "What it is for, likewise.", 1),
       list("destinationFqdns", Form::kDomainName,
            "Names instead of destinationAddresses: the addresses that the DNS servers of the "
            "firewall's network have for them. One without an address matches nothing.",
            1),
       required(list("destinationPorts", Form::kPortsOrAny,
                     "443, 1000-1999 or \"*\"; of ICMP nothing but \"*\".", 1))},
      {{"destinationAddresses", "destinationFqdns"}}};
}

}  // namespace egress::lab
