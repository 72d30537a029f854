# SPDX-License-Identifier: MIT
"""What arrives in which namespace: a packet socket in each, all held by this process."""

import ctypes
import dataclasses
import os
import pathlib
import select
import socket
import struct

FOLDER = pathlib.Path("/run/netns")
CLONE_NEWNET = 0x40000000
ALL_PROTOCOLS = 3
SO_RCVBUFFORCE = 33
ROOM = 4 << 20
OUTGOING = 4
VLANS = (0x8100, 0x88A8)
FRAGMENT_OFFSET = 0x1FFF
LIBC = ctypes.CDLL(None, use_errno=True)


class Within:
    """In another network namespace for the length of a `with`; sockets made there stay there."""

    def __init__(self, netns):
        self.netns = netns

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(FOLDER / self.netns, os.O_RDONLY)
        self.set(there)
        os.close(there)

    def __exit__(self, *_):
        self.set(self.home)
        os.close(self.home)

    @staticmethod
    def set(namespace):
        if LIBC.setns(namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


@dataclasses.dataclass(frozen=True)
class Arrival:
    netns: str
    link: str
    source: str  # empty of what is not IPv4
    port: int    # the destination's, 0 where the packet has none


def ipv4_of(frame):
    """The IPv4 packet in a frame, or nothing."""
    kind, at = struct.unpack_from("!H", frame, 12)[0], 14
    while kind in VLANS and len(frame) >= at + 4:
        kind, at = struct.unpack_from("!H", frame, at + 2)[0], at + 4
    return frame[at:] if kind == 0x0800 and len(frame) >= at + 20 else None


def make_room(observer):
    try:
        observer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    except PermissionError:  # the machine's root alone goes beyond the machine's bound
        observer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)


class Observers:
    def __init__(self, names):
        self.sockets = {}
        self.poll = select.poll()
        for name in names:
            with Within(name):
                made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
            make_room(made)
            made.setblocking(False)
            self.sockets[made.fileno()] = (name, made)
            self.poll.register(made, select.POLLIN)

    def pending(self, milliseconds):
        """(namespace, link, frame) of what has come in since."""
        for number, _ in self.poll.poll(milliseconds):
            name, made = self.sockets[number]
            while True:
                try:
                    frame, where = made.recvfrom(65536)
                except BlockingIOError:
                    break
                if where[2] != OUTGOING and len(frame) >= 14:
                    yield name, where[0], frame

    def forget(self):
        for _ in self.pending(0):
            pass


class Mark:
    """By which the packets of an attempt are known wherever they come: IPv4's identification, or in
    what has none a text in the payload."""

    def __init__(self, number):
        self.number = number
        self.text = b"attempt%05d" % number

    def bears(self, frame):
        packet = ipv4_of(frame)
        if packet is not None and struct.unpack_from("!H", packet, 4)[0] == self.number:
            return True
        return self.text in frame


def arrival(netns, link, frame):
    packet = ipv4_of(frame)
    if packet is None:
        return Arrival(netns, link, "", 0)
    ports_at = (packet[0] & 15) * 4
    has_ports = (packet[9] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) and
                 not struct.unpack_from("!H", packet, 6)[0] & FRAGMENT_OFFSET and
                 len(packet) >= ports_at + 4)
    port = struct.unpack_from("!H", packet, ports_at + 2)[0] if has_ports else 0
    return Arrival(netns, link, socket.inet_ntoa(packet[12:16]), port)
