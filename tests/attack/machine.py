# SPDX-License-Identifier: MIT
"""An egressd with the attacked lab, and an agent wherever somebody attacks from."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
LAB = HERE / "lab.yaml"
PYTHON = "/usr/bin/python3"  # Debian's, for which Debian installs scapy
ROUTER = "12:34:56:78:9a:bc"
START_SECONDS = 60


class Trouble(Exception):
    """What keeps attempts from being made; none of their outcomes."""


class Agent:
    def __init__(self, words):
        # Its text, as who attacks may not read this folder.
        program = (HERE / "agent.py").read_text(encoding="utf-8")
        self.process = subprocess.Popen([*words, PYTHON, "-BI", "-c", program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        print(json.dumps(question), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise Trouble(f"an agent has ended: {' '.join(map(str, self.process.args))}")
        return json.loads(answer)

    def call(self, name, *arguments):
        return self.ask({"call": name, "arguments": arguments})

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Daemon:
    """With its own state folder; all else where a user's daemon has it, since /run is ours."""

    def __init__(self, programs, folder=pathlib.Path("/run/attack"), log=None):
        self.programs = pathlib.Path(programs)
        self.folder = folder
        self.folder.mkdir()
        self.state = self.folder / "state"
        self.run = pathlib.Path("/run/egressd")
        self.socket = self.run / "egressd.sock"
        self.log = log or self.folder / "egressd.log"
        self.start()

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.programs / "daemon/egressd/egressd", "--state-dir", self.state],
                stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while self.ctl("status").returncode == 3 and "unreachable" in self.last_error:
            if not self.lives() or time.monotonic() > deadline:
                raise Trouble(f"egressd did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def lives(self):
        return self.process.poll() is None

    def ctl_words(self, *words):
        return [self.programs / "daemon/egressctl/egressctl", *map(str, words)]

    def client_for_everybody(self):
        """Whoever attacks may not read the folder of the build, as it can be under root's own."""
        copy = self.folder / "egressctl"
        if not copy.exists():
            shutil.copy(self.ctl_words()[0], copy)
        return str(copy)

    def ctl(self, *words, timeout=None):
        done = subprocess.run(self.ctl_words(*words), timeout=timeout, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.last_error = done.stderr
        return done

    def must(self, *words):
        done = self.ctl(*words)
        if done.returncode != 0:
            raise Trouble(f"egressctl {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def end(self):
        self.process.terminate()
        self.process.wait()


def output_of(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


def links_in(netns):
    """Name → (MAC, address) of each link that has an address."""
    answer = json.loads(output_of("ip", "-n", netns, "-json", "address", "show"))
    found = {}
    for link in answer:
        ipv4 = [each["local"] for each in link["addr_info"] if each["family"] == "inet"]
        found[link["ifname"]] = (link.get("address", ""), ipv4[0] if ipv4 else "")
    return found


class Sender:
    """Who attacks: an app, by its interface into the network if it has one, or a machine. `netns`
    is where it is, `router` the namespace that its packets meet first."""

    def __init__(self, name, netns, router, links, agent_words):
        self.name, self.netns, self.router, self.links = name, netns, router, links
        inner = [link for link in links if link.startswith("vnet0")]
        self.link = inner[0] if inner else "eth0"
        self.lease = ""
        self._words, self._agent = agent_words, None

    @property
    def agent(self):
        if self._agent is None:
            self._agent = Agent(self._words)
        return self._agent

    def end(self):
        if self._agent is not None:
            self._agent.end()


class Machine:
    lab = LAB

    def __init__(self, programs):
        self.daemon = Daemon(programs)
        self.daemon.must("apply", self.lab)
        status = json.loads(self.daemon.must("status", "-o", "json"))
        self.senders, self.addresses = {}, {}
        for app in status["apps"]:
            self._add_app(app)
        networks = {}
        for each in os.listdir("/run/netns"):
            if not each.startswith("eg-vnet-"):
                continue
            for link in links_in(each):
                networks[link] = each
        for each in sorted(os.listdir("/run/netns")):
            if each.startswith("eg-host-"):
                name = each.removeprefix("eg-host-")
                self._add_host(name, each, networks.get("h-" + name, "eg-internet"))
        for each in os.listdir("/run/netns"):
            if each.startswith("eg-worker-"):
                plan = re.fullmatch(r"eg-worker-(.*)-\d+", each).group(1)
                self.addresses[f"{plan}.inside"] = links_in(each)["direct0"][1]

        self.senders["nobody"] = Sender("nobody", "", "", {}, [
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])

    def _add_app(self, app):
        netns = app["netns"]
        target = f"{app['site']}/{app['instance']}"
        sender = Sender(app["site"], netns, app["worker"], links_in(netns),
                        self.daemon.ctl_words("exec", target, "--"))
        sender.lease = app["privateIp"] or ""
        self.senders[sender.name] = sender
        self.senders[f"{sender.name} --privileged"] = Sender(
            sender.name, netns, app["worker"], sender.links,
            self.daemon.ctl_words("exec", "--privileged", target, "--"))
        self.addresses[sender.name] = sender.links[sender.link][1]
        self.addresses[f"{sender.name}.eth0"] = sender.links["eth0"][1]
        self.addresses[f"{sender.name}.lease"] = sender.lease
        self.addresses[f"{sender.name}.outbound"] = app["outboundIp"]

    def _add_host(self, name, netns, router):
        sender = Sender(name, netns, router, links_in(netns),
                        self.daemon.ctl_words("exec", "--host", name, "--"))
        self.senders[name] = sender
        self.addresses[name] = sender.links["eth0"][1]

    def lab_with_another_rule(self):
        changed = self.daemon.folder / "changed.yaml"
        text = self.lab.read_text(encoding="utf-8")
        changed.write_text(text.replace("destinationPortRange: 443}", "destinationPortRange: 444}"),
                           encoding="utf-8")
        return changed

    def address(self, name):
        """Of what has a name here; addresses are their own."""
        return self.addresses.get(name, name)

    def end(self):
        for sender in self.senders.values():
            sender.end()
        self.daemon.must("down")
        self.daemon.end()
