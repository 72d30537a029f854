# SPDX-License-Identifier: MIT
"""Flows that never stop, all of one thread: it enters namespaces to make its sockets, which stay
there. What arrives on any machine is seen by packet sockets, so that nothing escapes that comes to
the wrong one.

While it is known what is to become of a flow's datagrams it is in an *era*: those that it sends
bear the era's number, and each of them has to arrive, or none may. Between eras it sends on, and
nobody counts."""

import collections
import itertools
import os
import select
import socket
import struct
import threading
import time

import scenery
import surroundings
from wire import ALL_PROTOCOLS, FOLDER, OUTGOING, Within, ipv4_of, make_room

RATE = 20                 # datagrams of a flow in a second
ARRIVAL_SECONDS = 10      # for what is under way when an era ends
GHOST_DATAGRAMS = 10
# In turns, and the same again when all have forgotten it: a flow that is remembered may go on where
# a new one may not.
FRESH_PORTS = range(8000, 32000)
MARK = b"soak "
CLOSED_ERA = 0
UDP = 17


class Era:
    def __init__(self, number, arrives, sources):
        self.number, self.arrives, self.sources = number, arrives, sources
        self.sent = self.arrived = 0


class Sender:
    """The sending end of a flow in the namespace that now has its name."""

    def __init__(self, flow, ports):
        self.flow, self.ports = flow, ports
        self.identity = identity_of(flow.origin)
        self.socket = self._made()

    def _made(self):
        with Within(self.flow.origin):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if self.flow.fresh:
            made.bind(("0.0.0.0", next(self.ports)))
        made.setblocking(False)
        return made

    def _take_another_port(self):
        """While the namespace is still the one that has the name."""
        if identity_of(self.flow.origin) != self.identity:
            return
        try:
            made = self._made()
        except OSError:
            return
        self.socket.close()
        self.socket = made

    def send(self, text):
        if self.flow.fresh:
            self._take_another_port()
        try:
            self.socket.sendto(text, (scenery.ADDRESSES[self.flow.target], self.flow.port))
        except OSError:
            pass  # of a link that is down, for instance: what counts is that it does not arrive


def identity_of(netns):
    try:
        return os.stat(FOLDER / netns).st_ino
    except OSError:
        return None


class Stream:
    """A connection that lives as long as its era: numbers, a line each, which have to come in order
    and without an end."""

    def __init__(self, flow, listener):
        self.flow, self.number, self.read, self.rest = flow, 0, 0, b""
        self.trouble, self.accepted, self.listener = "", None, listener
        self._forget_earlier()
        with Within(flow.origin):
            self.client = socket.socket()
        self.client.setblocking(False)
        self.client.connect_ex((scenery.ADDRESSES[flow.target], flow.port))

    def _forget_earlier(self):
        try:
            while True:
                self.listener.accept()[0].close()
        except BlockingIOError:
            pass

    def step(self):
        if self.trouble:
            return
        try:
            if self.accepted is None:
                self.accepted, _ = self.listener.accept()
                self.accepted.setblocking(False)
            self.client.send(b"%d\n" % (self.number + 1))
            self.number += 1
            self.receive()
        except BlockingIOError:
            error = self.client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self.trouble = os.strerror(error)
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def receive(self):
        heard = self.accepted.recv(65536)
        if not heard:
            self.trouble = "the end of the connection"
        *lines, self.rest = (self.rest + heard).split(b"\n")
        for line in lines:
            self.read += 1
            if int(line) != self.read:
                self.trouble = f"{int(line)} where {self.read} was to come"

    def is_behind(self, sent):
        return not self.trouble and (self.accepted is None or self.read < sent)

    def close(self):
        for each in (self.client, self.accepted):
            if each is not None:
                each.close()


class Machines:
    """What hears on all machines: packet sockets, and sockets that take what comes, as the kernel
    would otherwise refuse it."""

    def __init__(self):
        self.identities, self.sockets, self.listeners = {}, {}, {}

    def refresh(self):
        for host in scenery.ADDRESSES:
            netns = scenery.netns("host", host)
            identity = identity_of(netns)
            if identity is None or self.identities.get(host) == identity:
                continue
            self.close(host)
            with Within(netns):
                self.sockets[host] = list(self._made(host))
            self.identities[host] = identity

    def _made(self, host):
        heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        make_room(heard)
        heard.setblocking(False)
        yield heard
        for flow in scenery.flows():
            if flow.target == host and not flow.stream:
                taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                taken.bind(("0.0.0.0", flow.port))
                yield taken
            elif flow.target == host:
                listener = socket.socket()
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("0.0.0.0", flow.port))
                listener.listen()
                listener.setblocking(False)
                self.listeners[flow.port] = listener
                yield listener

    def close(self, host):
        for each in self.sockets.pop(host, []):
            each.close()
        self.identities.pop(host, None)

    def close_all(self):
        for host in list(self.sockets):
            self.close(host)

    def pending(self):
        """(host, source, payload) of what has come and is ours."""
        heard = {each[0].fileno(): (host, each[0]) for host, each in self.sockets.items()}
        if not heard:
            return
        for number in select.select(list(heard), [], [], 0)[0]:
            host, observer = heard[number]
            while True:
                try:
                    frame, where = observer.recvfrom(65536)
                except OSError:
                    break
                if where[2] != OUTGOING and where[0] != "lo":
                    found = datagram_of(frame)
                    if found:
                        yield host, *found


def datagram_of(frame):
    packet = ipv4_of(frame)
    if packet is None or packet[9] != UDP:
        return None
    at = 4 * (packet[0] & 15)
    length = struct.unpack_from("!H", packet, at + 4)[0]
    payload = packet[at + 8:at + length]
    return (socket.inet_ntoa(packet[12:16]), payload) if payload.startswith(MARK) else None


class Traffic:
    def __init__(self, say_wrong):
        self.flows = {each.name: each for each in scenery.flows()}
        self.say_wrong = say_wrong
        self.machines = Machines()
        self.senders, self.streams, self.eras, self.ghosts = {}, {}, {}, []
        self.all_eras, self.seen_ghosts = {}, set()
        self.counts = collections.defaultdict(collections.Counter)
        self.last_era = CLOSED_ERA
        self.fresh_ports = itertools.cycle(FRESH_PORTS)
        self.lock = threading.RLock()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # --- What the thread does.

    def _run(self):
        number = 0
        while not self.ended.wait(1 / RATE):
            number += 1
            with self.lock:
                self._hear()
                for flow, sender in list(self.senders.items()):
                    self._send(flow, sender, number)
                for flow, stream in self.streams.items():
                    stream.step()
                self._haunt(number)

    def _send(self, name, sender, number):
        era = self.eras.get(name)
        if era:
            era.sent += 1
        self.counts[name]["sent" if era and era.arrives else "barred" if era else "free"] += 1
        sender.send(self._text(name, era.number if era else CLOSED_ERA, number))

    def _text(self, name, era, number):
        return MARK + f"{name} {era} {number}".encode()

    def _haunt(self, number):
        """Whose namespace is no more sends on for a while, and is to reach nobody."""
        for ghost in list(self.ghosts):
            sender, left = ghost
            self.counts[sender.flow.name]["ghost"] += 1
            sender.send(self._text(sender.flow.name, "ghost", number))
            ghost[1] = left - 1
            if left == 1:
                sender.socket.close()
                self.ghosts.remove(ghost)

    def _hear(self):
        for host, source, payload in self.machines.pending():
            try:
                _, name, number, _ = payload.decode().split(" ")
            except ValueError:
                continue
            self._arrived(host, source, name, number)

    def _arrived(self, host, source, name, number):
        flow = self.flows[name]
        if host != flow.target:
            if not (host == "nva" and "eg-host-nva" in flow.passes):
                self.say_wrong(f"a datagram of {name} came to {host}")
        elif number == "ghost":
            self.counts[name]["reached"] += 1
            if name not in self.seen_ghosts:
                self.seen_ghosts.add(name)
                self.say_wrong(f"{name}: came from a namespace that is no more")
        elif int(number) != CLOSED_ERA:
            era = self.all_eras[int(number)]
            era.arrived += 1
            if not era.arrives:
                self.counts[name]["reached"] += 1
                if era.arrived == 1:
                    self.say_wrong(f"{name}: reached {host} from {source}, which it may not")
            elif era.sources and source not in era.sources:
                self.say_wrong(f"{name}: came from {source} instead of {era.sources}")
                era.sources = None

    # --- What others ask of it.

    def refresh(self):
        """Follows namespaces that have come anew under their names."""
        if any(each.identity != identity_of(each.flow.origin) for each in self.senders.values()):
            surroundings.settle()
        with self.lock:
            self.seen_ghosts.clear()
            self.machines.refresh()
            for name, flow in self.flows.items():
                if flow.stream:
                    continue
                sender = self.senders.get(name)
                identity = identity_of(flow.origin)
                if sender and sender.identity != identity:
                    self.ghosts.append([self.senders.pop(name), GHOST_DATAGRAMS])
                if identity is not None and name not in self.senders:
                    self.senders[name] = Sender(flow, self.fresh_ports)

    def begin(self, name, arrives, sources):
        """From now on each datagram has to arrive, or none may."""
        with self.lock:
            self.last_era += 1
            era = Era(self.last_era, arrives, sources)
            self.eras[name] = self.all_eras[era.number] = era
            flow = self.flows[name]
            if flow.stream and arrives:
                self.streams[name] = Stream(flow, self.machines.listeners[flow.port])

    def in_era(self, name):
        return name in self.eras

    def end(self, names):
        """Ends eras, and says what was lost in them once all could have arrived."""
        with self.lock:
            ended = {each: self.eras.pop(each) for each in names if each in self.eras}
        deadline = time.monotonic() + ARRIVAL_SECONDS
        for name, era in ended.items():
            if name in self.streams:
                self._end_stream(name, deadline)
                continue
            while era.arrives and era.arrived < era.sent and time.monotonic() < deadline:
                time.sleep(1 / RATE)
            with self.lock:
                self._judge(name, era)

    def _judge(self, name, era):
        if era.arrives and era.arrived != era.sent:
            self.counts[name]["lost"] += max(0, era.sent - era.arrived)
            self.say_wrong(f"{name}: {era.arrived} of {era.sent} datagrams arrived")

    def _end_stream(self, name, deadline):
        stream = self.streams[name]
        sent = stream.number
        while stream.is_behind(sent) and time.monotonic() < deadline:
            time.sleep(1 / RATE)
        with self.lock:
            del self.streams[name]
            stream.close()
            self.counts[name]["sent"] += sent
            self.counts[name]["lost"] += max(0, sent - stream.read)
            if stream.trouble or stream.is_behind(sent):
                self.say_wrong(f"{name}: {stream.read} of {sent} came, "
                               f"{stream.trouble or 'and no more'}")

    def so_far(self):
        """(sent, lost) of what has to arrive, and (sent, arrived) of what may not."""
        with self.lock:
            counts = list(self.counts.values())
            return ((sum(each["sent"] for each in counts), sum(each["lost"] for each in counts)),
                    (sum(each["barred"] + each["ghost"] for each in counts),
                     sum(each["reached"] for each in counts)))

    def let_go(self):
        """Waits until who is no more has sent in vain, then holds nothing any longer."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        self.refresh()
        while self.ghosts and time.monotonic() < deadline:
            time.sleep(1 / RATE)
        with self.lock:
            for sender, _ in self.ghosts:
                sender.socket.close()
            for sender in self.senders.values():
                sender.socket.close()
            self.ghosts.clear()
            self.senders.clear()
            self.machines.close_all()

    def close(self):
        self.ended.set()
        self.thread.join()
