# SPDX-License-Identifier: MIT
"""What a machine of the lab puts on its link: one without IP forwarding, one with, and a host on
the Internet."""

from scapy.layers.inet import ICMP, IP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.l2 import ARP, Dot1Q, Ether

from attempts.app_headers import (BROADCAST, FOREIGN, MULTICAST, RAW_FRAMES, framed, ipv6,
                                  raw_frame, total_length, version)
from attempts.app_packets import ERRORS, FLAGS, tunnelled
from attempts.app_rights import NEIGHBOURS, grown, router_advertisements
from machine import output_of
from scapy.layers.inet6 import ICMPv6EchoRequest
from table import KEPT, LOST, calls, custom, icmp, packets, protocol, tcp, udp

FORGED = [("the clerk, whom the list admits", "clerk"), ("the subnet's gateway", "10.1.4.1"),
          ("another machine", "other"), ("a lease", "web.lease"), ("the firewall", "firewall"),
          ("an Internet host", "payment"), ("a machine in a foreign network", "apart"),
          ("the platform", "168.63.129.16"), ("instance metadata", "169.254.169.254"),
          ("loopback", "127.0.0.1"), ("nobody", "0.0.0.0"), ("a group", "224.0.0.5"),
          ("a worker inside", "plan.inside"), ("the fabric", "169.254.255.1"),
          ("its target", "database")]

NOBODYS = [("the fabric", "169.254.255.1"), ("link-local", "169.254.7.7"),
           ("an app's vnet0", "web"), ("a worker inside", "plan.inside"),
           ("a foreign network", "apart"), ("the apps' public address", "20.50.1.4"),
           ("a group", "224.0.0.1"), ("the broadcast address", "255.255.255.255"),
           ("the subnet's broadcast address", "10.1.4.255"), ("the subnet itself", "10.1.4.0"),
           ("the subnet's gateway", "10.1.4.1"), ("loopback", "127.0.0.1"),
           ("240.0.0.1", "240.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("100.64.0.1", "100.64.0.1")]

# A virtual network carries TCP, UDP, ICMP, ESP and AH, and nothing else (azure-facts 9.7).
PROTOCOLS = [("IGMP", 2), ("IPIP", 4), ("DCCP", 33), ("6in4", 41), ("GRE", 47), ("OSPF", 89),
             ("VRRP", 112), ("L2TP", 115), ("SCTP", 132), ("UDP-Lite", 136), ("protocol 255", 255)]


def of(sender, name, recipe, expected):
    return packets("machine", sender, name, recipe, expected)


def controls():
    yield of("open", "control: UDP of its own", udp("other"), "other from own")
    yield of("clerk", "control: UDP that the list admits", udp("database"), "database from own")
    yield of("open", "control: UDP that the list denies", udp("database"), LOST)
    yield of("open", "control: an echo request", icmp(8, to="other"), "other from own")
    for what, number in [("ESP", 50), ("AH", 51)]:
        yield of("open", f"control: {what}", protocol(number, "other"), "other from own")


def forged():
    for who, address in FORGED:
        yield of("open", f"UDP as {who}", udp("database", source=address), KEPT)
    yield of("open", "a SYN as the clerk", tcp("S", "database", source="clerk", port=22), KEPT)
    for what, flags in FLAGS:
        yield of("open", f"TCP with {what} as the clerk",
                 tcp(flags, "database", source="clerk", port=22), KEPT)
    for what, kind, code in ERRORS:
        yield of("open", f"{what} about a flow of others",
                 icmp(kind, code, to="database", quoted=("database", "clerk")), KEPT)
    yield of("open", "UDP to its peer's machine as an Internet host",
             udp("vault", source="8.8.8.8", port=443), KEPT)
    yield of("vault", "UDP to the spoke as a machine there", udp("database", source="clerk"), KEPT)


def past_lists():
    yield of("open", "RST past a list", tcp("R", "database", port=22), LOST)
    yield of("open", "RST with 1,000 bytes past a list",
             tcp("R", "database", port=22, data=b"s" * 1000), LOST)
    yield of("open", "ACK past a list", tcp("A", "database", port=22), LOST)
    yield of("open", "FIN+PSH+URG past a list", tcp("FPU", "database", port=22), LOST)
    yield of("open", "a loose source route past a list", udp("other", options=[
        IPOption_LSRR(routers=["10.1.2.4"], pointer=4)]), KEPT)
    yield of("open", "a strict source route past a list", udp("other", options=[
        IPOption_SSRR(routers=["10.1.2.4"], pointer=4)]), KEPT)
    yield of("open", "UDP in VLAN 7", framed(udp("other"), Dot1Q(vlan=7)), KEPT)
    yield of("open", "UDP in VLAN 0 past a list", framed(udp("database"), Dot1Q(vlan=0)), LOST)
    yield of("open", "ESP past a list", protocol(50, "database"), LOST)


def destinations():
    for what, address in NOBODYS:
        yield of("open", f"UDP to {what}", udp(address), LOST)
    for what, address in [("a lease", "web.lease"), ("a lease in a foreign network",
                                                     "foreign.lease")]:
        yield of("open", f"UDP to {what}", udp(address), LOST)
        yield of("open", f"a SYN to {what}", tcp(to=address), LOST)
        yield of("open", f"an echo request to {what}", icmp(8, to=address), LOST)
    yield of("payment", "UDP to the apps' public address", udp("20.50.1.4"), LOST)
    yield of("payment", "a SYN to the firewall's public address", tcp(to="20.61.0.10"), LOST)
    yield of("payment", "UDP to a machine", udp("open"), LOST)
    yield of("payment", "UDP to a worker inside", udp("plan.inside"), LOST)
    yield of("payment", "UDP as another Internet host",
             udp("elsewhere", source="9.9.9.9"), KEPT)


def protocols():
    for what, number in PROTOCOLS:
        inner = tunnelled if number in (4, 41, 47) else None
        yield of("open", f"{what} to a machine", protocol(number, "other", inner=inner), KEPT)
    yield of("open", "UDP from port 65330, the host's", udp("other", sport=65330), KEPT)
    yield of("open", "DHCP to a machine", udp("other", sport=68, port=67), KEPT)
    yield of("firewall", "GRE by a machine that forwards", protocol(47, "open"), KEPT)


def frames():
    for what, destination in [("the broadcast address", BROADCAST), ("a group", MULTICAST),
                              ("somebody else", FOREIGN)]:
        yield of("open", f"UDP in a frame to {what}", framed(udp("other"), dst=destination), KEPT)
    for what, kind in RAW_FRAMES[:4]:
        yield of("open", f"a frame of {what}", raw_frame(kind), KEPT)
    yield of("open", "ARP: it is the gateway", lambda stage: [
        Ether(dst=BROADCAST) / ARP(op=2, psrc="10.1.4.1", pdst="10.1.4.1") / stage.text], KEPT)
    yield of("open", "IPv6: an echo request to all", ipv6(ICMPv6EchoRequest()), KEPT)
    yield of("open", "IPv6: UDP to another machine", ipv6(
        UDP(sport=1, dport=53), to="fd00::5", source="fd00::4"), KEPT)
    yield of("open", "a wrong IP checksum", udp("other", chksum=1), KEPT)
    yield of("open", "version 5", version(0x55)(udp("other")), KEPT)
    yield of("open", "a length beyond the frame", total_length(1400)(udp("other")), KEPT)
    yield of("open", "TTL 1", udp("other", ttl=1), KEPT)


def forwarding():
    yield of("firewall", "control: forwards as an Internet host",
             udp("open", source="8.8.8.8"), "open from 8.8.8.8")
    yield of("firewall", "control: forwards as a machine", udp("open", source="vault"),
             "open from vault")
    yield of("firewall", "forwards as a machine past the list",
             udp("database", source="vault"), LOST)
    yield of("firewall", "to the Internet as a lease", udp("payment", source="web.lease"), LOST)
    yield of("firewall", "to the Internet as an Internet host",
             udp("payment", source="8.8.8.8"), LOST)
    yield of("firewall", "to a lease as its network's machine",
             udp("web.lease", source="open"), LOST)
    yield of("firewall", "as the platform to an app's lease",
             udp("web.lease", source="168.63.129.16"), LOST)


def arp_fill(target):
    def act(stage):
        own = stage.sender.links["eth0"][0]
        frames_of_all = [Ether(src=own, dst=BROADCAST) /
                         ARP(op=1, hwsrc=own, psrc=f"10.77.{number >> 8}.{number & 255}",
                             pdst=target) for number in range(NEIGHBOURS)]
        return grown(stage, stage.sender.router, lambda: stage.send(frames_of_all))
    return act


def path_mtu(stage):
    """An ICMP error that another machine would have to believe, from the gateway of both."""
    stage.send([IP(src="10.1.4.1", dst=stage.address("other")) /
                ICMP(type=3, code=4, nexthopmtu=552) /
                IP(src=stage.address("other"), dst=stage.address("clerk")) / UDP(dport=53)])
    stage.arrivals()
    cached = output_of("ip", "-n", "eg-host-other", "route", "show", "cache")
    return "believed" if "mtu 552" in cached else "unmoved"


def shares():
    for target in ("168.63.129.16", "169.254.169.254", "169.254.255.1"):
        yield custom("machine", "open", f"fills neighbours, asking for {target}",
                     "0 entries more")(arp_fill(target))
    yield custom("machine", "payment", "fills the Internet's neighbours", "0 entries more")(
        arp_fill("127.0.0.1"))
    yield custom("machine", "open", "100 router advertisements", "0 routes and addresses")(
        router_advertisements)
    yield calls("machine", "open", "20 datagrams to a lease, each refused", "refusals",
                [lambda stage: stage.address("web.lease"), 9, 20], "20 of 20 refused")
    yield custom("machine", "open", "an ICMP error that tells another of a smaller MTU",
                 "unmoved")(path_mtu)


ATTEMPTS = [*controls(), *forged(), *past_lists(), *destinations(), *protocols(), *frames(),
            *forwarding(), *shares()]
