# SPDX-License-Identifier: MIT
"""What a program that `egressctl exec` has started may do to the app's network, the machine and the
daemon; what remains of that with --privileged; and how much of what all share one app can take."""

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import ARP, Ether

from machine import output_of
from table import KEPT, calls, custom, packets, udp

NOT_PERMITTED = "Operation not permitted"
READ_ONLY = "Read-only file system"
ABSENT = "No such file or directory"
UNREACHABLE = ("TimeoutError", "No route to host")
SOCKET = "/run/egressd/egressd.sock"
NEIGHBOURS = 3000  # more than the whole machine's table holds

# A second way in: the same app, as `egressctl exec --privileged` gives it.
PRIVILEGED = "web --privileged"


def of_app(name, function, arguments, expected, sender="web"):
    return calls("app", sender, name, function, arguments, expected)


def own_link(stage):
    return stage.sender.link


def namespaces():
    yield of_app("enters a machine by its name", "enter", ["/run/netns/eg-host-database"], ABSENT)
    yield of_app("enters the first process's network", "enter", ["/proc/1/ns/net"],
                 ("Permission denied", NOT_PERMITTED))
    yield of_app("enters the daemon's network", "enter",
                 [lambda stage: f"/proc/{stage.machine.daemon.process.pid}/ns/net"],
                 ("Permission denied", NOT_PERMITTED))
    yield of_app("makes a network of its own", "unshare_network", [], NOT_PERMITTED)
    yield of_app("mounts a file system", "mount", ["none", "/mnt"], NOT_PERMITTED)
    yield of_app("covers a file with another", "mount", ["/etc/hostname", "/etc/hosts"],
                 NOT_PERMITTED)
    yield of_app("traces the daemon", "ptrace",
                 [lambda stage: stage.machine.daemon.process.pid], NOT_PERMITTED)


def configuration():
    for name, words in [
            ("adds a route to the Internet", ["ip", "route", "add", "203.0.113.80/32", "via",
                                              "169.254.129.1", "dev", "eth0"]),
            ("takes its default route away", ["ip", "route", "del", "default"]),
            ("takes a neighbour's address",
             ["ip", "address", "add", "169.254.254.77/32", "dev", "eth0"]),
            ("takes a link down", ["ip", "link", "set", "eth0", "down"]),
            ("makes a link", ["ip", "link", "add", "type", "dummy"]),
            ("adds a neighbour", ["ip", "neighbour", "add", "169.254.129.77", "lladdr",
                                  "02:00:00:00:00:01", "dev", "eth0"]),
            ("adds a routing rule", ["ip", "rule", "add", "from", "all", "lookup", "7"]),
            ("delays its packets",
             ["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "1s"]),
            ("makes a firewall of its own", ["nft", "add", "table", "ip", "mine"])]:
        yield of_app(name, "run", words, "failed")
    for name, value in [("ipv4/ip_forward", "1"), ("ipv6/conf/all/disable_ipv6", "0"),
                        ("ipv4/conf/all/rp_filter", "2")]:
        yield of_app(f"writes net.{name.replace('/', '.')}", "write",
                     [f"/proc/sys/net/{name}", value], READ_ONLY)


def the_daemon():
    yield of_app("connects to the control socket", "connect_unix", [SOCKET],
                 "Connection refused")
    yield of_app("connects to it by the daemon's root", "connect_unix",
                 [lambda stage: f"/proc/{stage.machine.daemon.process.pid}/root{SOCKET}"],
                 "Permission denied")
    yield of_app("lists the daemon's programs", "list_folder", ["/run/egressd/eg"], "0 entries")
    yield of_app("lists the claims of prefixes", "list_folder", ["/run/egressd/prefixes"],
                 "0 entries")
    yield of_app("removes the lab", "run", [
        lambda stage: str(stage.machine.daemon.ctl_words()[0]), "down"], "failed")


def rights_that_stay():
    yield of_app("control: opens a packet socket", "packet_socket", [], "opened")
    yield of_app("control: opens a raw socket", "raw_socket", [1], "opened")
    yield of_app("control: listens on a low port", "listen", [81], "listening")
    yield of_app("control: connects by its routes", "connect",
                 [lambda stage: stage.address("open"), 443], "connected")


def bound_to_eth0():
    for sender, target, port in [("web", "payment", 80), ("guarded", "payment", 80),
                                 ("web", "open", 443), ("private", "vault", 443)]:
        yield of_app(f"connects to {target} bound to eth0, past its routes", "connect",
                     [lambda stage, to=target: stage.address(to), port, "eth0"],
                     UNREACHABLE, sender)
    yield of_app("connects to the Internet bound to vnet0, routing off", "connect",
                 [lambda stage: stage.address("payment"), 443, own_link], UNREACHABLE, "private")


def privileged():
    yield of_app("control: changes its links", "run", ["ip", "link", "set", "eth0", "up"], "done",
                 PRIVILEGED)
    yield custom("app", PRIVILEGED, "connects by a route of its own past its routing",
                 UNREACHABLE)(by_own_route)
    yield packets("app", PRIVILEGED, "UDP as a neighbour", udp(source="neighbour"), KEPT)
    yield custom("app", PRIVILEGED, "speaks IPv6 with its worker", "no answer")(speaks_ipv6)


def by_own_route(stage):
    stage.sender.agent.call("run", "ip", "route", "replace", stage.address("payment") + "/32",
                            "via", "169.254.129.1", "dev", "eth0")
    return stage.sender.agent.call("connect", stage.address("payment"), 80)


def speaks_ipv6(stage):
    agent = stage.sender.agent
    agent.call("write", f"/proc/sys/net/ipv6/conf/{stage.sender.link}/disable_ipv6", "0")
    agent.call("run", "ip", "address", "add", "fe80::66/64", "dev", stage.sender.link, "nodad")
    pinged = agent.call("run", "ping", "-6", "-c", "1", "-W", "1", f"ff02::1%{stage.sender.link}")
    return "an answer" if pinged == "done" else "no answer"


def neighbours_in(netns):
    return len(output_of("ip", "-n", netns, "neighbour", "show", "nud", "all").splitlines())


def grown(stage, netns, act):
    before = neighbours_in(netns)
    act()
    stage.arrivals()
    return f"{neighbours_in(netns) - before} entries more"


def asks_for(stage, senders, own):
    return [Ether(src=stage.sender.links[own][0], dst="ff:ff:ff:ff:ff:ff") /
            ARP(op=1, hwsrc=stage.sender.links[own][0], psrc=sender, pdst="169.254.254.1")
            for sender in senders]


def arp_fill(stage):
    senders = [f"10.77.{number >> 8}.{number & 255}" for number in range(NEIGHBOURS)]
    return grown(stage, stage.sender.router,
                 lambda: stage.send(asks_for(stage, senders, stage.sender.link)))


def arp_as_neighbour(stage):
    """A worker that believes it would send a neighbour's answers to the attacker."""
    before = output_of("ip", "-n", stage.sender.router, "neighbour", "show")
    stage.send(asks_for(stage, [stage.address("neighbour"), "10.1.3.1"], stage.sender.link))
    stage.arrivals()
    after = output_of("ip", "-n", stage.sender.router, "neighbour", "show")
    return "unmoved" if set(after.split()) <= set(before.split()) | ARP_STATES else after


ARP_STATES = set("REACHABLE STALE DELAY PROBE".split())


def router_advertisements(stage):
    frames = [Ether(dst="33:33:00:00:00:01") / IPv6(src="fe80::1", dst="ff02::1", hlim=255) /
              ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix=f"fd00:{number:x}::", prefixlen=64)
              for number in range(100)]
    stage.send(frames)
    stage.arrivals()
    router = stage.sender.router
    routes = output_of("ip", "-n", router, "-6", "route", "show", "table", "all").splitlines()
    addresses = output_of("ip", "-n", router, "-6", "address", "show").splitlines()
    made = [each for each in [*routes, *addresses] if "fd00:" in each]
    return f"{len(made)} routes and addresses"


def path_mtu(stage):
    """An ICMP error that the worker itself would have to believe."""
    for source in ("169.254.254.1", stage.address("open"), "10.1.3.1"):
        stage.send([IP(src=source, dst="169.254.254.1") / ICMP(type=3, code=4, nexthopmtu=552) /
                    IP(src="169.254.254.1", dst=stage.address("open")) / UDP(sport=1, dport=53)])
    stage.arrivals()
    cached = output_of("ip", "-n", stage.sender.router, "route", "show", "cache")
    return "unmoved" if "mtu 552" not in cached else "believed"


def flows_without_end(stage):
    """Many flows of one app, each of one packet; another app of its worker still connects."""
    for first in range(1024, 9024, 100):  # in parts that observers have room for
        ports = range(first, first + 100)
        stage.send([packet for port in ports for packet in udp(sport=port)(stage)])
        stage.arrivals()
    return stage.machine.senders["neighbour"].agent.call("connect", stage.address("other"), 443)


def half_requests(stage):
    """Of one app to a machine's port 80; another app asks there."""
    begun = stage.sender.agent.call("half_requests", stage.address("open"), 80, 9000)
    seen = stage.machine.senders["second"].agent.call("request", stage.address("open"), 80)
    stage.sender.agent.call("let_go")
    return seen if begun else "nothing was begun"


def on_link_fill(stage):
    """Many that the kernel believes to be on the link; a neighbour then looks for its gateway."""
    stage.sender.agent.call("datagrams", "10.77", NEIGHBOURS, "eth0")
    neighbour = stage.machine.senders["neighbour"]
    output_of("ip", "-n", neighbour.netns, "neighbour", "flush", "all")
    return neighbour.agent.call("connect", stage.address("other"), 443)


def shares():
    for sender in ("web", "bare"):
        yield custom("app", sender, "fills its worker's neighbours with forged ARP requests",
                     "0 entries more")(arp_fill)
    yield custom("app", "web", "ARP requests as a neighbour and as the network's gateway",
                 "unmoved")(arp_as_neighbour)
    yield custom("app", "web", "100 router advertisements", "0 routes and addresses")(
        router_advertisements)
    yield custom("app", "web", "ICMP errors that tell its worker of a smaller MTU", "unmoved")(
        path_mtu)
    yield custom("app", "web", "looks for 3,000 neighbours by eth0; a neighbour connects",
                 "connected")(on_link_fill)
    yield custom("app", "web", "8,000 flows; a neighbour connects", "connected")(flows_without_end)
    yield custom("app", "web", "9,000 half requests; another app asks there", "answered")(
        half_requests)
    yield of_app("20 datagrams to its own lease, each refused", "refusals",
                 [lambda stage: stage.address("web.lease"), 9, 20], "20 of 20 refused")


ATTEMPTS = [*namespaces(), *configuration(), *the_daemon(), *rights_that_stay(), *bound_to_eth0(),
            *privileged(), *shares()]
