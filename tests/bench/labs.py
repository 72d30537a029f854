# SPDX-License-Identifier: MIT
"""Lab files of any size for measurements. JSON, which is YAML."""

import json


def security_rules(count):
    """Rules of several prefixes and ports each, the last of which allows what is measured."""
    rules = {}
    for number in range(count - 1):
        rules[f"deny-{number:04}"] = {
            "priority": 100 + number,
            "direction": "Outbound",
            "access": "Deny",
            "protocol": ["Tcp", "Udp", "*"][number % 3],
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefixes": [
                f"{20 + number % 60}.{prefix}.{number % 250}.0/24" for prefix in range(3)
            ],
            "destinationPortRanges": [str(1000 + number), f"{20000 + number}-{20010 + number}"],
        }
    rules["allow-hosts"] = {
        "priority": 4000,
        "direction": "Outbound",
        "access": "Allow",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "10.0.0.0/8",
        "destinationPortRange": "*",
    }
    return rules


def hub_and_spokes(spokes, workers_per_spoke, apps_per_worker, rules):
    """A hub and its spokes, one plan in each spoke, a security group of `rules` rules each."""
    lab = {
        "location": "westeurope",
        "outboundIpAddresses": ["20.50.1.4", "20.50.1.5"],
        "virtualNetworks": {
            "hub": {
                "addressPrefixes": ["10.0.0.0/16"],
                "subnets": {"firewall": {"addressPrefix": "10.0.1.0/24"}},
                "virtualNetworkPeerings": {},
            }
        },
        "networkSecurityGroups": {},
        "routeTables": {
            "via-firewall": {
                "routes": {
                    "default": {
                        "addressPrefix": "0.0.0.0/0",
                        "nextHopType": "VirtualAppliance",
                        "nextHopIpAddress": "10.0.1.4",
                    }
                }
            }
        },
        "serverFarms": {},
        "sites": {},
        "hosts": {
            "firewall": {
                "subnet": "hub/firewall",
                "ipAddress": "10.0.1.4",
                "enableIPForwarding": True,
                "masquerade": "20.61.0.10",
            }
        },
    }
    for number in range(1, spokes + 1):
        spoke = f"spoke{number}"
        lab["virtualNetworks"]["hub"]["virtualNetworkPeerings"][spoke] = {
            "allowForwardedTraffic": True
        }
        lab["virtualNetworks"][spoke] = {
            "addressPrefixes": [f"10.{number}.0.0/16"],
            "subnets": {
                "integration": {
                    "addressPrefix": f"10.{number}.0.0/24",
                    "delegations": ["Microsoft.Web/serverFarms"],
                    "networkSecurityGroup": f"nsg{number}",
                    "routeTable": "via-firewall",
                },
                "data": {"addressPrefix": f"10.{number}.1.0/24"},
            },
            "virtualNetworkPeerings": {"hub": {"allowForwardedTraffic": True}},
        }
        lab["networkSecurityGroups"][f"nsg{number}"] = {"securityRules": security_rules(rules)}
        lab["serverFarms"][f"plan{number}"] = {"sku": "P1v3", "capacity": workers_per_spoke}
        for app in range(apps_per_worker):
            lab["sites"][f"app{number}-{app}"] = {
                "serverFarm": f"plan{number}",
                "virtualNetworkSubnet": f"{spoke}/integration",
                "outboundVnetRouting": {"applicationTraffic": True},
            }
    return lab


def with_one_rule_changed(lab):
    changed = json.loads(json.dumps(lab))
    rules = next(iter(changed["networkSecurityGroups"].values()))["securityRules"]
    rules["deny-0000"]["access"] = "Allow"
    return changed


def write(lab, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(lab, file, indent=1)
