# SPDX-License-Identifier: MIT
"""The lab of a seed, and the flows in it: what each passes, so that it is known whom an operation
or a fault concerns."""

import dataclasses
import random

PREFIX = "eg"
ANY = {"sourceAddressPrefix": "*", "sourcePortRange": "*"}
DELEGATED = ["Microsoft.Web/serverFarms"]
MASQUERADE = "20.61.0.10"
ADDRESSES = {"nva": "10.0.1.4", "vault": "10.0.2.4", "database": "10.1.2.4", "clerk": "10.1.2.5",
             "spare": "10.1.2.9", "witness": "10.1.4.4", "island": "10.9.2.4",
             "payment": "203.0.113.80", "elsewhere": "203.0.113.81"}
ROUTED = {"outboundVnetRouting": {"applicationTraffic": True}}
# Rules and routes that say nothing of any flow come and go by these names.
NOISE = [f"noise-{number}" for number in range(8)]
LISTS = ["changing", "second", "still-list", "data-list"]
TABLES = ["changing-routes", "still-routes"]


def rule(priority, direction, access, destination="*", ports="*", protocol="*"):
    return {"priority": priority, "direction": direction, "access": access, "protocol": protocol,
            "destinationAddressPrefix": destination, "destinationPortRange": ports, **ANY}


def noise_rule(draw, number):
    return rule(1000 + 10 * number, draw.choice(["Inbound", "Outbound"]),
                draw.choice(["Allow", "Deny"]), draw.choice(["*", "10.1.0.0/16", "Internet"]),
                str(9000 + draw.randrange(900)), draw.choice(["Tcp", "Udp", "*"]))


def noise_route(draw, number):
    hop = draw.choice(["None", "VirtualAppliance", "Internet"])
    made = {"addressPrefix": f"172.20.{16 * number}.0/{draw.choice([20, 24, 28])}",
            "nextHopType": hop}
    return {**made, "nextHopIpAddress": ADDRESSES["nva"]} if hop == "VirtualAppliance" else made


def some(draw, make):
    return {NOISE[number]: make(draw, number)
            for number in sorted(draw.sample(range(len(NOISE)), draw.randrange(5)))}


def networks(draw):
    def apps(prefix, **more):
        return {"addressPrefix": prefix, "delegations": DELEGATED, **more}
    forwarded = {"allowForwardedTraffic": True}
    spoke = {
        "still-apps": apps("10.1.1.0/26", networkSecurityGroup="still-list",
                           routeTable="still-routes"),
        "still-nat": apps("10.1.7.0/26", natGateway="nat"),
        "apps": apps(f"10.1.3.0/{draw.choice([26, 27])}", networkSecurityGroup="changing",
                     routeTable="changing-routes"),
        "spare-apps": apps("10.1.6.0/26"),
        "wired-apps": apps("10.1.5.0/26", natGateway="nat"),
        "data": {"addressPrefix": "10.1.2.0/24", "networkSecurityGroup": "data-list"},
        "guarded": {"addressPrefix": "10.1.4.0/24", "networkSecurityGroup": "nobody"}}
    return {
        "hub": {"addressPrefixes": ["10.0.0.0/16"],
                "subnets": {"firewall": {"addressPrefix": "10.0.1.0/26"},
                            "shared": {"addressPrefix": "10.0.2.0/24"}},
                "virtualNetworkPeerings": {"spoke": forwarded}},
        "spoke": {"addressPrefixes": ["10.1.0.0/16"], "subnets": spoke,
                  "virtualNetworkPeerings": {"hub": forwarded}},
        "side": {"addressPrefixes": ["10.9.0.0/16"],
                 "subnets": {"machines": {"addressPrefix": "10.9.2.0/24"}}}}


def hosts():
    def machine(name, subnet, **more):
        return {"subnet": subnet, "ipAddress": ADDRESSES[name], **more}
    def internet(name):
        return {"internet": True, "ipAddress": ADDRESSES[name], "names": [f"{name}.example.com"],
                "listen": ["tcp/80", "tcp/443", "udp/53"]}
    listen = {"listen": ["tcp/443", "udp/53"]}
    return {
        "nva": machine("nva", "hub/firewall", enableIPForwarding=True, masquerade=MASQUERADE),
        "vault": machine("vault", "hub/shared", **listen),
        "database": machine("database", "spoke/data", **listen),
        "clerk": machine("clerk", "spoke/data", **listen),
        "spare": machine("spare", "spoke/data", **listen),
        "witness": machine("witness", "spoke/guarded", **listen),
        "island": machine("island", "side/machines", **listen),
        "payment": internet("payment"), "elsewhere": internet("elsewhere")}


def expectations():
    def to(site, host, expect, **more):
        return {"from": site, "to": f"tcp://{ADDRESSES[host]}:443", "expect": expect, **more}
    found = [to("steady", "database", "allow", via="virtualNetwork"),
             to("steady", "payment", "allow", source=MASQUERADE),
             to("quiet", "payment", "allow", source="20.61.7.0/29"),
             to("plain", "payment", "allow", via="direct"),
             to("wired", "database", "allow"),
             to("wired", "elsewhere", "allow", source="20.61.7.0/29"),
             {"from": "steady", "resolve": "payment.example.com", "expect": ADDRESSES["payment"]},
             {"from": "wired", "resolve": "elsewhere.example.com",
              "expect": ADDRESSES["elsewhere"]}]
    return found + [to(site, host, "deny") for site in ("steady", "shop", "wired")
                    for host in ("witness", "island")]


def lab(seed):
    draw = random.Random(f"{seed}/lab")
    addresses = draw.sample(["20.61.7.1", "20.61.7.2", "20.61.7.3"], draw.randint(1, 2))
    everything = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance",
                  "nextHopIpAddress": ADDRESSES["nva"]}
    changing = {"everything": everything} if draw.random() < 0.5 else {}
    return {
        "location": draw.choice(["westeurope", "northeurope", "eastus"]),
        "outboundIpAddresses": [f"20.50.1.{each}" for each in range(4, 4 + draw.randint(2, 4))],
        "releaseDelay": draw.choice(["0s", "30s", "10m"]),
        "publicIPAddresses": {f"pip-{each[-1]}": {"ipAddress": each} for each in addresses},
        "natGateways": {"nat": {"publicIpAddresses": [f"pip-{each[-1]}" for each in addresses]}},
        "virtualNetworks": networks(draw),
        "networkSecurityGroups": {
            "changing": {"flushConnection": draw.random() < 0.5,
                         "securityRules": some(draw, noise_rule)},
            "second": {"securityRules": some(draw, noise_rule)},
            "still-list": {"securityRules": {
                "not-the-witness": rule(100, "Outbound", "Deny", "10.1.4.0/24"),
                **some(draw, noise_rule)}},
            "data-list": {"securityRules": some(draw, noise_rule)},
            "nobody": {"securityRules": {"nobody": rule(100, "Inbound", "Deny")}}},
        "routeTables": {
            "changing-routes": {"routes": {**changing, **some(draw, noise_route)}},
            "still-routes": {"routes": {"everything": everything, **some(draw, noise_route)}}},
        "serverFarms": {"still": {"sku": "P1v3", "capacity": 1},
                        "elastic": {"sku": draw.choice(["P1v3", "P2v3"]),
                                    "capacity": draw.randint(1, 3)},
                        "wired": {"sku": "P1v3", "capacity": draw.randint(1, 2),
                                  "interface": "tun"}},
        "sites": {
            "steady": {"serverFarm": "still", "virtualNetworkSubnet": "spoke/still-apps", **ROUTED},
            "quiet": {"serverFarm": "still", "virtualNetworkSubnet": "spoke/still-nat", **ROUTED},
            "plain": {"serverFarm": "still"},
            "shop": {"serverFarm": "elastic", "virtualNetworkSubnet": "spoke/apps", **ROUTED},
            "api": {"serverFarm": "elastic", "virtualNetworkSubnet": "spoke/apps", **ROUTED},
            "mover": {"serverFarm": "elastic"},
            "wired": {"serverFarm": "wired", "virtualNetworkSubnet": "spoke/wired-apps",
                      **ROUTED}},
        "hosts": hosts(),
        "expectations": expectations()}


def netns(kind, name):
    return f"{PREFIX}-{kind}-{name}"


@dataclasses.dataclass(frozen=True)
class Flow:
    """From an app's first instance, or a machine, to a machine. `passes` are the namespaces on its
    way and the app; what touches none of them is to cost it nothing."""
    name: str
    sender: str    # what `explain` calls it
    origin: str    # the namespace
    target: str    # a host
    port: int
    passes: frozenset
    steady: bool = False  # no fault but one that breaks a whole network concerns it
    stream: bool = False
    fresh: bool = False   # each datagram is a flow of its own

    @property
    def barred(self):
        """Whether it may never arrive, whatever is done."""
        return self.target in ("witness", "island") or self.sender == "host/island"

    @property
    def url(self):
        protocol = "tcp" if self.stream else "udp"
        return f"{protocol}://{ADDRESSES[self.target]}:{self.port}"


PLANS = {"steady": "still", "quiet": "still", "plain": "still", "shop": "elastic",
         "api": "elastic", "mover": "elastic", "wired": "wired"}
# The ways out that a flow to the Internet may take.
EXITS = {"steady": ["vnet-spoke", "vnet-hub", "host-nva", "internet"],
         "quiet": ["vnet-spoke", "nat-nat", "internet"], "plain": ["stamp", "internet"],
         "wired": ["vnet-spoke", "nat-nat", "internet"]}
ANYWHERE = ["vnet-spoke", "vnet-hub", "host-nva", "stamp", "internet", "nat-nat"]


def ways(site, target):
    if target in ("payment", "elsewhere"):
        return EXITS.get(site, ANYWHERE)
    if site in ("api", "mover") or target == "island":
        return [*ANYWHERE, "vnet-side"]
    if target == "vault":
        return ["vnet-spoke", "vnet-hub", "host-nva"]
    return ["vnet-spoke"]


def app_flow(site, target, port, **more):
    plan = PLANS[site]
    passes = [netns("app", f"{site}-0"), netns("worker", f"{plan}-0"), netns("host", target), site,
              *(f"{PREFIX}-{each}" for each in ways(site, target))]
    if plan == "wired":  # what carries wires lives there
        passes.append(f"{PREFIX}-stamp")
    name = f"{site}-{target}-{port}"
    return Flow(name, site, netns("app", f"{site}-0"), target, port, frozenset(passes), **more)


def host_flow(host, target, port, passes, **more):
    passes = [netns("host", host), netns("host", target),
              *(f"{PREFIX}-{each}" for each in passes)]
    return Flow(f"{host}-{target}-{port}", f"host/{host}", netns("host", host), target, port,
                frozenset(passes), **more)


def flows():
    steady = {"steady": True}
    return [
        app_flow("steady", "database", 7001, **steady),
        app_flow("steady", "vault", 7002, **steady),
        app_flow("steady", "payment", 7003, **steady),
        app_flow("quiet", "payment", 7004, **steady),
        app_flow("plain", "elsewhere", 7005, **steady),
        host_flow("database", "vault", 7006, ["vnet-spoke", "vnet-hub"], **steady),
        app_flow("steady", "database", 7011, stream=True, **steady),
        app_flow("steady", "payment", 7012, stream=True, **steady),
        app_flow("quiet", "payment", 7013, stream=True, **steady),
        app_flow("plain", "elsewhere", 7014, stream=True, **steady),
        app_flow("steady", "witness", 7031, **steady),
        app_flow("steady", "island", 7032, **steady),
        host_flow("island", "database", 7033, ["vnet-side", "vnet-spoke", "internet"], **steady),
        app_flow("shop", "database", 7021, fresh=True),
        app_flow("api", "vault", 7022, fresh=True),
        app_flow("shop", "payment", 7023),
        app_flow("mover", "database", 7024, fresh=True),
        app_flow("wired", "database", 7025),
        app_flow("wired", "elsewhere", 7026),
        host_flow("clerk", "spare", 7027, ["vnet-spoke"]),
        app_flow("shop", "witness", 7034, fresh=True),
        app_flow("shop", "island", 7035),
        app_flow("wired", "witness", 7036, fresh=True),
        app_flow("wired", "island", 7037)]
