# SPDX-License-Identifier: MIT
"""What there is on the machine: inventories to compare, processes, and what the daemon holds."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import scenery
from machine import Trouble

SETTLE_SECONDS = 60
PROGRAMS = ("egressd", "egress-host", "egress-dns", "egress-identity", "egress-wire")
HERE = pathlib.Path(__file__).resolve().parent


def within(netns, *words):
    """What a program of this folder says in a namespace."""
    entering = [] if netns is None else ["nsenter", f"--net=/run/netns/{netns}", "--"]
    return subprocess.run([*entering, HERE / words[0], *words[1:]], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout


def netns_text(name):
    return within(name, "inventory")


def namespaces():
    folder = pathlib.Path("/run/netns")
    return sorted(os.listdir(folder)) if folder.exists() else []


def processes():
    """Process id → (program, state, parent), of all but ours that are passing by."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = pathlib.Path(f"/proc/{entry}/stat").read_text(encoding="utf-8")
        except OSError:
            continue
        head, _, tail = text.rpartition(")")
        state, parent = tail.split()[:2]
        name = head.partition("(")[2]
        if name in PROGRAMS:
            found[int(entry)] = (name, state, int(parent))
    return found


def pids_of(program):
    return [pid for pid, (name, state, _) in processes().items()
            if name == program and state != "Z"]


def bury():
    """Whose parent has died is ours by then, as we are the first process here."""
    for pid, (name, state, parent) in processes().items():
        if state == "Z" and parent == os.getpid() and name != "egressd":
            os.waitpid(pid, 0)


def census():
    """Program → how many run; those that have ended, of which nobody has heard, by themselves."""
    counts = {}
    for name, state, _ in processes().values():
        key = f"{name} (ended)" if state == "Z" else name
        counts[key] = counts.get(key, 0) + 1
    return counts


def end_strays(daemon_pid):
    """Ends what an earlier daemon has left; how many there were."""
    strays = [pid for pid in processes() if pid != daemon_pid]
    for pid in strays:
        os.kill(pid, signal.SIGKILL)
    return len(strays)


def inventory():
    """What the programs may leave on a machine that has no lab."""
    return "\n".join(["== namespaces", *namespaces(), "== processes", json.dumps(census()),
                      within(None, "inventory", "--machine")])


def settle():
    """Waits until the kernel has taken down what was removed before. It does so in the background
    and in order, and sockets give a namespace up a little later than they are closed, but before
    the next one that goes is done with: so the second one to go says when."""
    for _ in range(2):
        settle_once()


def settle_once():
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE) as holder:
        ours = os.stat("/proc/self/ns/net").st_ino
        while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == ours:
            time.sleep(0.01)
        subprocess.run(["ip", "link", "add", "settle", "type", "veth", "peer", "name", "settle",
                        "netns", str(holder.pid)], check=True)
        holder.stdin.close()
    deadline = time.monotonic() + SETTLE_SECONDS
    while any(name == "settle" for _, name in socket.if_nameindex()):
        if time.monotonic() > deadline:
            raise Trouble("the kernel still takes down what was removed")
        time.sleep(0.01)


def memory_and_descriptors(pid):
    """KiB of resident memory, and open descriptors."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return (int(re.search(r"VmRSS:\s+(\d+)", status).group(1)),
            len(os.listdir(f"/proc/{pid}/fd")))


def namespaces_of(lab):
    """What the lab needs, by its document alone."""
    named = [("internet", ""), ("stamp", "")]
    named += [("vnet", each) for each in lab["virtualNetworks"]]
    named += [("host", each) for each in lab["hosts"]]
    named += [("nat", each) for each in lab["natGateways"]]
    used = {site["serverFarm"] for site in lab["sites"].values()}
    for plan, declared in lab["serverFarms"].items():
        if plan in used:
            named += [("worker", f"{plan}-{each}") for each in range(declared["capacity"])]
    for site, declared in lab["sites"].items():
        capacity = lab["serverFarms"][declared["serverFarm"]]["capacity"]
        named += [("app", f"{site}-{each}") for each in range(capacity)]
    return sorted(f"{scenery.PREFIX}-{kind}" + (f"-{name}" if name else "") for kind, name in named)
