# SPDX-License-Identifier: MIT
"""What a program in an app puts on its links: addresses that are not its own, what belongs to no
flow, destinations that are nobody's business, ways that its routing does not give it."""

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from table import KEPT, LOST, icmp, packets, protocol, tcp, udp


def of_app(sender, name, recipe, expected, link=None):
    return packets("app", sender, name, recipe, expected, link)


# Whoever an app says it is, it is heard as itself or not at all.
FORGED = [
    ("a machine", "other"), ("the subnet's gateway", "10.1.4.1"), ("a neighbour", "neighbour"),
    ("a neighbour's eth0", "neighbour.eth0"), ("its own eth0", "web.eth0"),
    ("another worker's lease", "second.lease"), ("its own lease", "web.lease"),
    ("its worker's other lease", "guarded.lease"), ("an Internet host", "payment"),
    ("the platform", "168.63.129.16"), ("nobody", "0.0.0.0"), ("loopback", "127.0.0.1"),
    ("a multicast group", "224.0.0.5"), ("the broadcast address", "255.255.255.255"),
    ("its gateway", "169.254.254.1"), ("the fabric", "169.254.255.1"),
    ("another worker inside", "other.inside"), ("its target", "open"),
    ("the firewall", "firewall"), ("the apps' public address", "20.50.1.4"),
]

FLAGS = [("RST", "R"), ("RST+ACK", "RA"), ("ACK", "A"), ("FIN", "F"), ("FIN+ACK", "FA"),
         ("nothing", ""), ("FIN+PSH+URG", "FPU"), ("SYN+FIN", "SF"), ("SYN+RST", "SR"),
         ("SYN+ACK", "SA"), ("PSH+ACK", "PA"), ("everything", "FSRPAUEC")]

ERRORS = [("network unreachable", 3, 0), ("host unreachable", 3, 1), ("port unreachable", 3, 3),
          ("a smaller MTU", 3, 4), ("source quench", 4, 0), ("a redirect", 5, 1),
          ("time exceeded", 11, 0), ("a parameter problem", 12, 0)]

STRAY = [("an echo reply", 0, 0), ("a router advertisement", 9, 0), ("a timestamp reply", 14, 0),
         ("type 255", 255, 0)]

DESTINATIONS = [
    ("a neighbour's vnet0", "neighbour", KEPT), ("a neighbour's eth0", "neighbour.eth0", KEPT),
    ("its gateway", "169.254.254.1", KEPT), ("the direct gateway", "169.254.129.1", KEPT),
    ("its own lease", "web.lease", KEPT), ("its worker's other lease", "guarded.lease", LOST),
    ("another worker's lease", "second.lease", LOST),
    ("a lease in a foreign network", "foreign.lease", LOST),
    ("a machine in a foreign network", "apart", LOST),
    ("its worker inside", "plan.inside", KEPT), ("another worker inside", "other.inside", KEPT),
    ("the fabric", "169.254.255.1", KEPT), ("the apps' public address", "20.50.1.4", LOST),
    ("the firewall's public address", "20.61.0.10", LOST),
]

NOBODYS = [
    ("169.254.255.255", KEPT), ("169.254.254.255", KEPT), ("169.254.0.1", KEPT),
    ("240.0.0.1", KEPT), ("255.255.255.254", KEPT), ("255.255.255.255", KEPT),
    ("224.0.0.1", KEPT), ("224.0.0.251", KEPT), ("239.255.255.250", KEPT), ("232.1.1.1", KEPT),
    ("10.1.4.255", LOST), ("10.1.4.0", LOST), ("10.1.3.63", LOST), ("10.1.4.1", LOST),
    ("0.0.0.0", KEPT), ("0.1.2.3", KEPT), ("127.0.0.1", KEPT), ("127.0.0.53", KEPT),
    ("100.64.0.1", LOST), ("192.0.2.1", LOST), ("198.18.0.1", LOST),
]

# Azure carries TCP, UDP and ICMP for apps, and nothing in anything else.
PROTOCOLS = [("IGMP", 2), ("IPIP", 4), ("DCCP", 33), ("6in4", 41), ("RSVP", 46), ("GRE", 47),
             ("ESP", 50), ("AH", 51), ("OSPF", 89), ("PIM", 103), ("VRRP", 112), ("L2TP", 115),
             ("SCTP", 132), ("UDP-Lite", 136), ("protocol 0", 0), ("protocol 255", 255)]


def tunnelled(stage):
    return (IP(src=stage.address("other"), dst=stage.address("open")) / UDP(sport=1, dport=53) /
            Raw(b"inside"))


def controls():
    yield of_app("web", "control: UDP of its own", udp(), "open from lease")
    yield of_app("web", "control: a SYN of its own", tcp(), "open from lease")
    yield of_app("web", "control: an echo request of its own", icmp(8), "open from lease")
    yield of_app("web", "control: a timestamp request of its own", icmp(13), "open from lease")
    yield of_app("wired", "control: UDP of its own over a wire", udp(), "open from lease")
    yield of_app("guarded", "control: what its list allows", tcp(to="vault"), "vault from lease")
    yield of_app("bare", "control: UDP by the direct path", udp("payment"), "payment from outbound")


def forged_sources():
    for who, address in FORGED:
        yield of_app("web", f"UDP as {who}", udp(source=address), KEPT)
    for who, address in FORGED[:4]:
        yield of_app("wired", f"UDP over a wire as {who}", udp(source=address), KEPT)
    for who, address in [("an Internet host", "8.8.8.8"), ("another worker inside", "other.inside"),
                         ("its worker inside", "plan.inside"), ("a neighbour", "neighbour.eth0"),
                         ("the apps' public address", "20.50.1.4")]:
        yield of_app("bare", f"UDP by the direct path as {who}",
                     udp("payment", source=address), KEPT)
        yield of_app("bare", f"RST by the direct path as {who}",
                     tcp("R", "payment", source=address), KEPT)


def of_no_flow():
    for what, flags in FLAGS:
        yield of_app("web", f"TCP with {what} as a machine", tcp(flags, source="other"), KEPT)
        # What goes on without a SYN is taken for a connection that was there before.
        expected = "open from lease" if flags in ("A", "PA") else KEPT
        yield of_app("web", f"TCP with {what} of its own", tcp(flags), expected)
    yield of_app("web", "RST with 1,000 bytes in it", tcp("R", data=b"s" * 1000), KEPT)
    yield of_app("guarded", "RST past its own list", tcp("R", "vault", port=22), KEPT)
    yield of_app("guarded", "RST with 1,000 bytes past its own list and the firewall",
                 tcp("R", "payment", port=80, data=b"s" * 1000), KEPT)
    yield of_app("guarded", "RST past both lists", tcp("R", "database", port=22), KEPT)
    yield of_app("guarded", "ACK past its own list", tcp("A", "vault", port=22), LOST)
    yield of_app("guarded", "RST with bytes into a foreign network",
                 tcp("R", "apart", data=b"s" * 1000), KEPT)
    for what, kind, code in ERRORS:
        yield of_app("web", f"{what} as the gateway of others", icmp(
            kind, code, source="10.1.4.1", quoted=("open", "other")), KEPT)
        yield of_app("web", f"{what} about a flow of others", icmp(
            kind, code, quoted=("open", "other")), KEPT)
    for what, kind, code in STRAY:
        yield of_app("web", f"{what} of its own", icmp(kind, code), KEPT)


def destinations():
    for what, address, expected in DESTINATIONS:
        yield of_app("web", f"UDP to {what}", udp(address), expected)
        yield of_app("web", f"a SYN to {what}", tcp(to=address), expected)
    for address, expected in NOBODYS:
        yield of_app("web", f"UDP to {address}", udp(address), expected)
    yield of_app("web", "a SYN to the platform's port 80", tcp(to="168.63.129.16", port=80), LOST)
    yield of_app("web", "a SYN to instance metadata's port 22",
                 tcp(to="169.254.169.254", port=22), LOST)
    yield of_app("bare", "UDP to instance metadata by the direct path",
                 udp("169.254.169.254"), KEPT)
    yield of_app("bare", "UDP to a machine by the direct path", udp("open"), LOST)
    yield of_app("bare", "UDP to a lease by the direct path", udp("web.lease"), LOST)
    yield of_app("bare", "UDP to another worker inside", udp("other.inside"), KEPT)


# The kernel of an app has routes, and a program may do without them.
def other_ways():
    for what, recipe in [("a SYN to the Internet", tcp(to="payment", source="web.eth0")),
                         ("UDP to the Internet", udp("payment", source="web.eth0")),
                         ("an echo request to the Internet",
                          icmp(8, to="payment", source="web.eth0")),
                         ("UDP to a machine", udp(source="web.eth0")),
                         ("a DNS question to the platform", udp("168.63.129.16", "web.eth0"))]:
        yield of_app("web", f"{what} by eth0, past its routes", recipe, KEPT, "eth0")
    yield of_app("guarded", "a SYN to the Internet by eth0, past list and firewall",
                 tcp(to="payment", source="guarded.eth0", port=80), KEPT, "eth0")
    yield of_app("private", "a SYN to the Internet by vnet0 with routing off",
                 tcp(to="payment"), KEPT)
    yield of_app("private", "a SYN to a machine by eth0 with routing off",
                 tcp(to="vault", source="private.eth0"), KEPT, "eth0")
    yield of_app("private", "instance metadata by vnet0 with routing off",
                 tcp(to="169.254.169.254", port=80), KEPT)
    yield of_app("private", "control: the Internet by eth0 with routing off",
                 tcp(to="payment", source="private.eth0"), "payment from outbound", "eth0")
    yield of_app("private", "control: a machine by vnet0 with routing off",
                 tcp(to="vault"), "vault from lease")


def protocols():
    for what, number in PROTOCOLS:
        inner = tunnelled if number in (4, 41, 47) else None
        yield of_app("web", f"{what} to a machine", protocol(number, inner=inner), KEPT)
    for what, number in [("IPIP", 4), ("GRE", 47), ("ESP", 50), ("SCTP", 132)]:
        yield of_app("guarded", f"{what} past its list", protocol(number, "vault"), KEPT)
        yield of_app("bare", f"{what} by the direct path", protocol(number, "payment"), KEPT)
    yield of_app("web", "UDP from port 65330, the host's", udp(sport=65330), LOST)
    yield of_app("web", "DHCP to a machine", udp(sport=68, port=67), LOST)
    yield of_app("bare", "mail by the direct path", tcp(to="payment", port=25), KEPT)
    for port in (137, 138, 139):
        yield of_app("web", f"NetBIOS, UDP port {port}", udp(port=port), KEPT)
        yield of_app("web", f"NetBIOS, TCP port {port}", tcp(port=port), KEPT)


ATTEMPTS = [*controls(), *forged_sources(), *of_no_flow(), *destinations(), *other_ways(),
            *protocols()]
