# SPDX-License-Identifier: MIT
"""What a program in an app writes into headers: below IP, in IP's options, fragments, lengths."""

from scapy.layers.inet import (ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR,
                               IPOption_Router_Alert, IPOption_SSRR, IPOption_Timestamp)
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_RA,
                                ICMPv6NDOptPrefixInfo, IPv6)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from machine import ROUTER
from table import KEPT, LOST, custom, packets, raw_ip, tcp, udp

BROADCAST = "ff:ff:ff:ff:ff:ff"
MULTICAST = "01:00:5e:00:00:01"
FOREIGN = "02:00:00:00:00:01"
RAW_FRAMES = [("LLDP", 0x88CC), ("EAPOL", 0x888E), ("MPLS", 0x8847), ("PPPoE", 0x8863),
              ("spanning tree", 0x0026), ("loopback test", 0x9000), ("IPX", 0x8137),
              ("PTP", 0x88F7), ("MACsec", 0x88E5)]


def of_app(sender, name, recipe, expected, link=None):
    return packets("app", sender, name, recipe, expected, link)


def framed(recipe, *layers, **ether):
    """A recipe's packet in a frame of its own making."""
    def make(stage):
        frame = Ether(**{"dst": ROUTER, **ether})
        for layer in layers:
            frame = frame / layer
        return [frame / recipe(stage)[0]]
    return make


def raw_frame(kind, destination=BROADCAST):
    return lambda stage: [Ether(dst=destination, type=kind) / stage.text / Raw(bytes(46))]


def frames():
    for what, destination in [("the broadcast address", BROADCAST), ("a group", MULTICAST),
                              ("somebody else", FOREIGN)]:
        yield of_app("web", f"UDP in a frame to {what}", framed(udp(), dst=destination), KEPT)
    yield of_app("web", "control: UDP in a frame from somebody else, on its own link",
                 framed(udp(), src=FOREIGN), "open from lease")
    yield of_app("guarded", "UDP in VLAN 7 past its list", framed(udp("vault"), Dot1Q(vlan=7)),
                 KEPT)
    yield of_app("guarded", "UDP in VLAN 0 past its list", framed(udp("vault"), Dot1Q(vlan=0)),
                 LOST)
    yield of_app("web", "UDP in a VLAN in a VLAN", framed(udp(), Dot1AD(vlan=7), Dot1Q(vlan=8)),
                 KEPT)
    for what, kind in RAW_FRAMES:
        yield of_app("web", f"a frame of {what}", raw_frame(kind), KEPT)


def arp(stage, **fields):
    own = stage.sender.links[stage.sender.link][0]
    return Ether(dst=BROADCAST) / ARP(hwsrc=own, **fields) / stage.text


def neighbours():
    yield of_app("web", "ARP: it is the gateway",
                 lambda stage: [arp(stage, op=2, psrc="169.254.254.1", pdst="169.254.254.1")], KEPT)
    yield of_app("web", "ARP: it is a neighbour", lambda stage: [
        arp(stage, op=2, psrc=stage.address("neighbour"), pdst=stage.address("neighbour"))], KEPT)
    yield of_app("web", "ARP: who has a machine's address", lambda stage: [
        arp(stage, op=1, psrc=stage.address("own"), pdst=stage.address("open"))], KEPT)


def ipv6(*layers, to="ff02::1", source="fe80::1"):
    def make(stage):
        frame = Ether(dst="33:33:00:00:00:01" if to.startswith("ff") else ROUTER)
        frame = frame / IPv6(src=source, dst=to, hlim=255)
        for layer in layers:
            frame = frame / layer
        return [frame / stage.text]
    return make


def internet_protocol_6():
    yield of_app("web", "IPv6: an echo request to all", ipv6(ICMPv6EchoRequest()), KEPT)
    yield of_app("web", "IPv6: a router advertisement", ipv6(
        ICMPv6ND_RA(), ICMPv6NDOptPrefixInfo(prefix="fd00:dead::", prefixlen=64)), KEPT)
    yield of_app("web", "IPv6: a neighbour advertisement", ipv6(ICMPv6ND_NA(tgt="fe80::2")), KEPT)
    yield of_app("web", "IPv6: UDP to the Internet", ipv6(
        UDP(sport=1, dport=53), to="2001:db8::1", source="fd00::2"), KEPT)
    yield of_app("web", "IPv6: UDP to an IPv4-mapped address", ipv6(
        UDP(sport=1, dport=53), to="::ffff:10.1.4.4", source="::ffff:10.1.4.5"), KEPT)
    yield of_app("web", "IPv6: UDP to a 6to4 address", ipv6(
        UDP(sport=1, dport=53), to="2002:a01:404::1", source="2002:a01:405::1"), KEPT)


def times_to_live():
    yield of_app("web", "TTL 0", udp(ttl=0), KEPT)
    yield of_app("web", "TTL 1", udp(ttl=1), KEPT)
    yield of_app("web", "TTL 2", udp(ttl=2), LOST)
    yield of_app("web", "control: TTL 3", udp(ttl=3), "open from lease")
    yield of_app("bare", "TTL 1 by the direct path", udp("payment", ttl=1), KEPT)
    yield of_app("bare", "TTL 2 by the direct path", udp("payment", ttl=2), LOST)
    yield of_app("bare", "TTL 3 by the direct path", udp("payment", ttl=3), LOST)


def options():
    by_database = ["10.1.2.4"]
    for what, option, expected in [
            ("loose source route", IPOption_LSRR(routers=by_database, pointer=4), KEPT),
            ("strict source route", IPOption_SSRR(routers=by_database, pointer=4), KEPT),
            ("control: record route", IPOption_RR(routers=["0.0.0.0"] * 2), "open from lease"),
            ("control: timestamp", IPOption_Timestamp(pointer=5, flg=0, oflw=0, timestamp=0),
             "open from lease"),
            ("control: router alert", IPOption_Router_Alert(), "open from lease")]:
        yield of_app("web", f"option {what}", udp(options=[option]), expected)
    yield of_app("guarded", "a source route by the gateway past the list", udp(
        "169.254.254.1", options=[IPOption_LSRR(routers=by_database, pointer=4)]), KEPT)
    yield of_app("web", "options that end nowhere", bad_options, KEPT)


def bad_options(stage):
    header = bytes(stage.ip(ihl=6, proto=17, options=[]))[:20] + b"\x07\xff\xff\xff"
    packet = IP(header + bytes(UDP(sport=stage.port, dport=53) / stage.text))
    del packet.chksum
    packet.len = None
    return [bytes(packet)]


def version(value):
    def change(packet):
        packet[0] = value
        return bytes(packet)
    return raw_ip(change)


def total_length(value):
    def change(packet):
        packet[2:4] = value.to_bytes(2, "big")
        return bytes(packet)
    return raw_ip(change)


def tampered():
    yield of_app("web", "a wrong IP checksum", udp(chksum=1), KEPT)
    yield of_app("web", "a wrong UDP checksum", udp(checksum=1), KEPT)
    yield of_app("web", "a wrong TCP checksum", tcp(checksum=1), KEPT)
    yield of_app("bare", "a wrong UDP checksum by the direct path",
                 udp("payment", checksum=1), KEPT)
    yield of_app("web", "control: no UDP checksum", udp(checksum=0), "open from lease")
    yield of_app("web", "a UDP length beyond the packet", udp(length=400), KEPT)
    yield of_app("web", "a UDP length of 4", udp(length=4), KEPT)
    yield of_app("web", "version 5", version(0x55)(udp()), KEPT)
    yield of_app("web", "a header of 16 bytes", version(0x44)(udp()), KEPT)
    yield of_app("web", "a length beyond the frame", total_length(1400)(udp()), KEPT)
    yield of_app("web", "a length of 10", total_length(10)(udp()), KEPT)
    yield of_app("web", "control: every bit of the service field", udp(tos=255, flags="DF"),
                 "open from lease")
    yield of_app("web", "control: the evil bit", udp(flags=4), "open from lease")
    yield of_app("web", "control: a SYN with data", tcp(data=b"abc"), "open from lease")
    yield of_app("web", "TCP to port 0", tcp(port=0), ("open from lease", KEPT))
    yield of_app("web", "UDP from port 0", udp(sport=0), ("open from lease", KEPT))
    yield of_app("web", "a TCP header of 8 bytes",
                 lambda stage: [stage.ip(proto=6) / Raw(bytes(8))], KEPT)
    yield of_app("web", "an IP header alone", lambda stage: [stage.ip(proto=17)], KEPT)
    yield of_app("web", "an echo request with a wrong checksum", lambda stage: [
        stage.ip() / ICMP(chksum=1) / stage.text], KEPT)


def pieces(stage, layer, to, sizes):
    content, at, made = bytes(stage.ip(to) / layer)[20:], 0, []
    for size in sizes:
        more = "MF" if at + size < len(content) else 0
        made.append(stage.ip(to, proto=17 if isinstance(layer, UDP) else 6, flags=more,
                             frag=at // 8) / Raw(content[at:at + size]))
        at += size
    return made


def long_udp(stage):
    return UDP(sport=stage.port, dport=53) / stage.text / Raw(bytes(40))


def overlapping(stage):
    allowed, denied = (TCP(sport=stage.port, dport=port) / Raw(bytes(12)) for port in (443, 22))
    first, rest = pieces(stage, allowed, "vault", [16, 16])
    return [first, pieces(stage, denied, "vault", [16, 16])[0], rest]


def overlapping_ports(stage):
    stage.observers.forget()
    stage.send(overlapping(stage))
    ports = {each.port for each in stage.arrivals() if each.netns == "eg-host-vault" and each.port}
    return "port 443 alone" if ports <= {443} else f"ports {sorted(ports)}"


def fragments():
    yield of_app("web", "control: fragments in order",
                 lambda stage: pieces(stage, long_udp(stage), "open", [24, 24, 24]),
                 "open from lease")
    yield of_app("web", "the first fragment alone",
                 lambda stage: pieces(stage, long_udp(stage), "open", [24, 48])[:1], KEPT)
    yield of_app("web", "the last fragment alone",
                 lambda stage: pieces(stage, long_udp(stage), "open", [24, 48])[1:], KEPT)
    yield of_app("guarded", "eight bytes of TCP in the first fragment", lambda stage: pieces(
        stage, TCP(sport=stage.port, dport=22) / Raw(bytes(12)), "vault", [8, 24]), LOST)
    yield custom("app", "guarded", "a second first fragment with a port that the list denies",
                 "port 443 alone")(overlapping_ports)
    yield of_app("web", "a fragment beyond 64 KiB",
                 lambda stage: [stage.ip(proto=17, frag=8189) / Raw(bytes(800))], KEPT)


ATTEMPTS = [*frames(), *neighbours(), *internet_protocol_6(), *times_to_live(), *options(),
            *tampered(), *fragments()]
