# SPDX-License-Identifier: MIT
"""Lab files of any size for measurements. JSON, which is YAML."""

import ipaddress
import json
import random

PLAN_SIZE = 100  # what one plan may have


def rule(priority, access, destination, ports, protocol="*", source="*"):
    """An outbound rule."""
    return {
        "priority": priority,
        "direction": "Outbound",
        "access": access,
        "protocol": protocol,
        "sourceAddressPrefix": source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": destination,
        "destinationPortRanges": ports,
    }


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
    rules["allow-hosts"] = rule(4000, "Allow", "10.0.0.0/8", ["0-65535"])
    return rules


def plans_of(workers):
    """Sizes of the plans that hold so many workers."""
    full, rest = divmod(workers, PLAN_SIZE)
    return [PLAN_SIZE] * full + ([rest] if rest else [])


def hub_and_spokes(spokes, workers_per_spoke, apps_per_worker, rules):
    """A hub and its spokes, the plans of each spoke in one subnet, whose security group has so many
    rules and whose packets leave by the hub's firewall."""
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
                    },
                    "branch": {"addressPrefix": "192.168.0.0/16", "nextHopType": "None"},
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
                    "addressPrefix": f"10.{number}.0.0/20",
                    "delegations": ["Microsoft.Web/serverFarms"],
                    "networkSecurityGroup": f"nsg{number}",
                    "routeTable": "via-firewall",
                },
                "data": {"addressPrefix": f"10.{number}.16.0/24"},
            },
            "virtualNetworkPeerings": {"hub": {"allowForwardedTraffic": True}},
        }
        lab["networkSecurityGroups"][f"nsg{number}"] = {"securityRules": security_rules(rules)}
        for plan, capacity in enumerate(plans_of(workers_per_spoke)):
            lab["serverFarms"][f"plan{number}-{plan}"] = {"sku": "P1v3", "capacity": capacity}
            for app in range(apps_per_worker):
                lab["sites"][f"app{number}-{plan}-{app}"] = {
                    "serverFarm": f"plan{number}-{plan}",
                    "virtualNetworkSubnet": f"{spoke}/integration",
                    "outboundVnetRouting": {"applicationTraffic": True},
                }
    return lab


def with_tasks(lab):
    """Every app pulls its image through its network, and asks a vault for a secret."""
    changed = json.loads(json.dumps(lab))
    changed["services"] = {
        "keys": {"type": "Microsoft.KeyVault/vaults", "ipAddress": "13.69.64.74"},
        "images": {"type": "Microsoft.ContainerRegistry/registries", "ipAddress": "13.69.64.82"},
    }
    for site in changed["sites"].values():
        site["outboundVnetRouting"]["imagePullTraffic"] = True
        site["linuxFxVersion"] = "DOCKER|images.azurecr.io/site:1"
        site["appSettings"] = {"DB": "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"}
    return changed


def with_one_setting_changed(lab):
    """Of every app, so that all start anew and nothing else changes."""
    changed = json.loads(json.dumps(lab))
    for site in changed["sites"].values():
        site["appSettings"]["GREETING"] = "hello"
    return changed


def with_one_rule_changed(lab):
    changed = json.loads(json.dumps(lab))
    rules = next(iter(changed["networkSecurityGroups"].values()))["securityRules"]
    rules["deny-0000"]["access"] = "Allow"
    return changed


def with_one_route_changed(lab):
    changed = json.loads(json.dumps(lab))
    changed["routeTables"]["via-firewall"]["routes"]["branch"]["nextHopType"] = "Internet"
    return changed


# The path that the data path is measured on: app, worker, VNet, host.
SERVER = "10.0.4.4"
FIRST_PORT = 7001  # and the fifteen after it
RULE_PORTS = ["22", "25", "53", "80", "123", "443", "445", "1433", "1521", "3306", "3389", "5432",
              "5671-5672", "6379", "8080-8089", "9093", "9350-9354", "10250", "27017", "50000-50100"]


def path_lab(rules, tag_file=None):
    """One app on one worker in a VNet with a host; the subnet's outbound rules are given, and the
    rule that allows the measured flows comes after them."""
    routes = {
        f"udr-{number:03}": {
            "addressPrefix": f"{100 + number // 250}.{number % 250}.0.0/16",
            "nextHopType": ["None", "Internet"][number % 2],
        }
        for number in range(400)
    }
    allow = rule(4096, "Allow", SERVER, [f"{FIRST_PORT}-{FIRST_PORT + 15}"])
    lab = {
        "outboundIpAddresses": ["20.50.1.4"],
        "virtualNetworks": {
            "net": {
                "addressPrefixes": ["10.0.0.0/16"],
                "subnets": {
                    "integration": {
                        "addressPrefix": "10.0.0.0/26",
                        "delegations": ["Microsoft.Web/serverFarms"],
                        "networkSecurityGroup": "nsg",
                        "routeTable": "udr",
                    },
                    "data": {"addressPrefix": "10.0.4.0/24"},
                },
            }
        },
        "networkSecurityGroups": {"nsg": {"securityRules": rules | {"allow-measured": allow}}},
        "routeTables": {"udr": {"routes": routes}},
        "serverFarms": {"plan": {"capacity": 1}},
        "sites": {
            "app": {
                "serverFarm": "plan",
                "virtualNetworkSubnet": "net/integration",
                "outboundVnetRouting": {"applicationTraffic": True},
            }
        },
        "hosts": {"server": {"subnet": "net/data", "ipAddress": SERVER}},
    }
    if tag_file is not None:
        lab["serviceTags"] = str(tag_file)
    return lab


def on_wires(lab):
    changed = json.loads(json.dumps(lab))
    for plan in changed["serverFarms"].values():
        plan["interface"] = "tun"
    return changed


def tag(name, prefixes):
    return {"name": name, "id": name,
            "properties": {"region": "", "systemService": name, "addressPrefixes": prefixes}}


def random_prefix(chance, lengths):
    length = chance.randint(*lengths)
    bits = chance.getrandbits(32) >> (32 - length) << (32 - length)
    return str(ipaddress.ip_network((bits, length)))


def lists_that_share_nothing(rules, prefixes):
    """Two labs with their tags: so many rules of so many prefixes each, and none in both."""
    both = []
    for seed in (3, 4):
        chance = random.Random(seed)
        names = [f"Bench{seed}{number:04}" for number in range(rules)]
        tags = [tag(name, [random_prefix(chance, (16, 28)) for _ in range(prefixes)])
                for name in names]
        listed = {
            f"list{seed}-{number:04}": rule(
                100 + number, chance.choice(["Allow", "Deny"]), name,
                [str(1000 + number), f"{20000 + number}-{20010 + number}"],
                chance.choice(["Tcp", "Udp", "*"]))
            for number, name in enumerate(names)
        }
        both.append((path_lab(listed, f"tags{seed}.json"), f"tags{seed}.json",
                     {"changeNumber": 1, "cloud": "Public", "values": tags}))
    return both


def generated_tags(rules):
    """A tag of ten prefixes for each rule, since a security group may write down 4,000 itself but
    name any number of tags; and one of 10,000 prefixes. Every tenth also holds the measured
    address, with ports that are not measured."""
    chance = random.Random(1)
    tags = []
    for number in range(rules):
        prefixes = [random_prefix(chance, (12, 28)) for _ in range(10)]
        if number % 10 == 0:
            prefixes[0] = f"10.0.{number % 8 // 4 * 4}.0/{22 + number % 3}"
        tags.append(tag(f"Bench{number:04}", prefixes))
    tags.append(tag("BenchLarge", [random_prefix(chance, (20, 28)) for _ in range(10_000)]))
    return {"changeNumber": 1, "cloud": "Public", "values": tags}


def tag_rules(names):
    """A rule for each tag."""
    chance = random.Random(2)
    return {
        f"rule-{number:04}": rule(
            100 + number, chance.choice(["Allow", "Deny", "Deny"]), name,
            chance.sample(RULE_PORTS, 2), chance.choice(["Tcp", "Udp", "*"]),
            "10.0.0.0/27" if number % 20 == 0 else "*")
        for number, name in enumerate(names)
    }


def largest_regional_tags(path, count):
    """The names of the regional tags with the most prefixes in a file as Microsoft publishes it."""
    with open(path, encoding="utf-8") as file:
        values = json.load(file)["values"]
    sizes = {}
    for value in values:
        properties = value["properties"]
        if properties["region"]:
            sizes[value["name"]] = sum(":" not in p for p in properties["addressPrefixes"])
    names = [name for name, size in sizes.items() if size > 0]
    return sorted(names, key=lambda name: (-sizes[name], name))[:count]


# The network that names are asked in: a machine that asks, one with a server of the lab's own, one for
# unbound, and an app.
NAME_SERVER = "10.0.4.5"
UNBOUND = "10.0.4.6"


def many_names():
    """1,000 names with their addresses."""
    return [(f"host-{number:04}.bench.internal", f"10.9.{number // 250}.{number % 250 + 1}")
            for number in range(1000)]


def names_lab():
    """The same names in a zone of Azure DNS and on a machine's own server."""
    return {
        "outboundIpAddresses": ["20.50.1.4"],
        "virtualNetworks": {
            "net": {
                "addressPrefixes": ["10.0.0.0/16"],
                "subnets": {
                    "integration": {"addressPrefix": "10.0.0.0/26",
                                    "delegations": ["Microsoft.Web/serverFarms"]},
                    "machines": {"addressPrefix": "10.0.4.0/24"},
                },
            }
        },
        "privateDnsZones": {
            "bench.internal": {
                "virtualNetworkLinks": {"net": {}},
                "recordSets": {name.split(".")[0]: {"A": [address]}
                               for name, address in many_names()},
            }
        },
        "serverFarms": {"plan": {"capacity": 1}},
        "sites": {"app": {"serverFarm": "plan", "virtualNetworkSubnet": "net/integration"}},
        "hosts": {
            "client": {"subnet": "net/machines", "ipAddress": "10.0.4.4"},
            "names": {"subnet": "net/machines", "ipAddress": NAME_SERVER,
                      "dnsServer": {"recordSets": {name: {"A": [address]}
                                                   for name, address in many_names()}}},
            "unbound": {"subnet": "net/machines", "ipAddress": UNBOUND},
        },
    }


def write(value, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
