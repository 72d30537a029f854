# SPDX-License-Identifier: MIT
"""What an attempt is, and how the kinds of attempts are made and seen."""

import dataclasses
import functools
import time
import typing

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import wire
from machine import ROUTER, Trouble

KEPT = "nowhere"          # no further than the first router
LOST = "reaches nobody"   # no machine and no app, however far it comes
CONTROL_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class Attempt:
    position: str  # app, machine, user, client
    name: str
    sender: str
    expected: typing.Any  # a text, or several of which each will do
    act: typing.Callable  # of a Stage: what was seen

    def is_met_by(self, stage, seen):
        wanted = self.expected if isinstance(self.expected, tuple) else (self.expected,)
        if seen.startswith(LOST) or seen == KEPT:
            return LOST in wanted or seen in wanted
        return seen in [stage.with_addresses(each) for each in wanted]


class Stage:
    """Where an attempt is made: who sends, by which number its packets are known."""

    def __init__(self, machine, observers, sender, number):
        self.machine, self.observers, self.number = machine, observers, number
        self.sender = machine.senders.get(sender)
        self.mark = wire.Mark(number)
        self.port = number  # a source port that no other attempt has
        self.text = Raw(self.mark.text)

    def address(self, name):
        if name == "own":
            return self.machine.addresses[self.sender.name]
        return self.machine.address(name)

    def with_addresses(self, text):
        """'open from lease' with the sender's lease, and so on."""
        head, separator, source = text.partition(" from ")
        if not separator:
            return text
        own = f"{self.sender.name}.{source}"
        return f"{head} from {self.machine.addresses.get(own) or self.address(source)}"

    def ip(self, to="open", source="own", **fields):
        fields.setdefault("id", self.number)
        return IP(src=self.address(source), dst=self.address(to), **fields)

    def frame(self, packet, link=None):
        """As it stands on the link: an Ethernet frame is sent as it is, all else to the router."""
        own = self.sender.links[link or self.sender.link][0]
        if isinstance(packet, bytes):
            return bytes(Ether(dst=ROUTER, src=own, type=0x0800)) + packet
        if isinstance(packet, Ether):
            if "src" not in packet.fields:
                packet.src = own
            return bytes(packet)
        return bytes(Ether(dst=ROUTER, src=own, type=0x0800) / packet)

    def send(self, packets, link=None):
        link = link or self.sender.link
        frames = [self.frame(each, link).hex() for each in packets]
        said = self.sender.agent.ask({"link": link, "frames": frames})
        if said != "sent":
            raise Trouble(f"{self.sender.name} may not send frames: {said}")

    def arrivals(self):
        """Where the packets of the attempt have come. Packets that one processor sends hardly
        overtake each other: what is sent afterwards and does arrive, twice, says that they are
        through."""
        found = set()
        for _ in range(2):
            control = wire.Mark(CONTROLS.next_number())
            target, packet = CONTROLS.of(self, control)
            self.send([packet])
            deadline = time.monotonic() + CONTROL_SECONDS
            came = False
            while not came:
                if time.monotonic() > deadline:
                    raise Trouble(f"the way from {self.sender.name} to {target} is dead")
                for netns, link, frame in self.observers.pending(100):
                    if self.mark.bears(frame):
                        found.add(wire.arrival(netns, link, frame))
                    came = came or (netns == f"eg-host-{target}" and control.bears(frame))
        return found

    def seen(self, found):
        """In words, as expectations have them."""
        here = (self.sender.netns, self.sender.router)
        others = [each for each in found if each.netns not in here]
        ends = {end_name(each.netns) + (f" from {each.source}" if each.source else "")
                for each in others if end_name(each.netns)}
        if ends:
            return ", ".join(sorted(ends))
        if others:
            return f"{LOST} ({', '.join(sorted({each.netns for each in others}))})"
        return KEPT


def end_name(netns):
    for kind in ("eg-host-", "eg-service-"):
        if netns.startswith(kind):
            return netns.removeprefix(kind)
    return "app " + netns.removeprefix("eg-app-") if netns.startswith("eg-app-") else ""


class Controls:
    """For each sender a packet that arrives, by the longest way that it has."""

    TARGETS = {"guarded": ("vault", TCP, 443), "private": ("vault", TCP, 443),
               "bare": ("payment", UDP, 53), "foreign": ("apart", UDP, 53),
               "open": ("other", UDP, 53),
               "clerk": ("database", UDP, 53), "payment": ("elsewhere", UDP, 53)}

    def __init__(self):
        self.number = 0xE000

    def next_number(self):
        self.number += 1
        return self.number

    def of(self, stage, mark):
        target, kind, port = self.TARGETS.get(stage.sender.name, ("open", UDP, 53))
        layer = kind(sport=self.number, dport=port)
        return target, stage.ip(target, id=mark.number) / layer


CONTROLS = Controls()


# --- Recipes: what is put on the wire, made when it is known who sends.

def udp(to="open", source="own", port=53, sport=None, checksum=None, length=None, **fields):
    def make(stage):
        layer = UDP(sport=stage.port if sport is None else sport, dport=port)
        if checksum is not None:
            layer.chksum = checksum
        if length is not None:
            layer.len = length
        return [stage.ip(to, source, **fields) / layer / stage.text]
    return make


def tcp(flags="S", to="open", source="own", port=443, data=b"", checksum=None, sport=None,
        **fields):
    def make(stage):
        layer = TCP(sport=stage.port if sport is None else sport, dport=port, flags=flags, seq=1000,
                    ack=1 if "A" in flags else 0)
        if checksum is not None:
            layer.chksum = checksum
        return [stage.ip(to, source, **fields) / layer / Raw(data)]
    return make


def icmp(kind, code=0, to="open", source="own", quoted=None, **fields):
    """`quoted`: (from, to) of the packet that an error is about."""
    def make(stage):
        packet = stage.ip(to, source) / ICMP(type=kind, code=code, **fields)
        if quoted:
            inner = IP(src=stage.address(quoted[0]), dst=stage.address(quoted[1]))
            packet = packet / inner / UDP(sport=53, dport=53)
        return [packet / stage.text]
    return make


def protocol(number, to="open", source="own", inner=None):
    """A packet of another protocol, with `inner` or some bytes in it."""
    def make(stage):
        content = inner(stage) if inner else Raw(bytes(24))
        return [stage.ip(to, source, proto=number) / content / stage.text]
    return make


def raw_ip(make_bytes):
    """A packet that is a recipe's with its bytes tampered with."""
    def change(recipe):
        return lambda stage: [make_bytes(bytearray(bytes(recipe(stage)[0])))]
    return change


# --- Kinds of attempts.

def packets(position, sender, name, recipe, expected, link=None):
    def act(stage):
        stage.observers.forget()
        stage.send(recipe(stage), link)
        return stage.seen(stage.arrivals())
    return Attempt(position, name, sender, expected, act)


def calls(position, sender, name, function, arguments, expected):
    def act(stage):
        filled = [each(stage) if callable(each) else each for each in arguments]
        return stage.sender.agent.call(function, *filled)
    return Attempt(position, name, sender, expected, act)


def custom(position, sender, name, expected):
    """Makes an attempt of a function of its own kind."""
    return functools.partial(Attempt, position, name, sender, expected)
