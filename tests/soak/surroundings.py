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
NETNS_COMMANDS = [
    "ip -o link show | sed -E 's/^[0-9]+: //; s/@[^:]*//; s/NO-CARRIER,|M-DOWN,//; "
    "s/ (qlen|link-netnsid|state) [^ ]+//g' | sort",
    "ip -o -4 addr show | sed -E 's/^[0-9]+: //' | sort",
    "ip route show table all | grep -v '^local\\|^broadcast\\|proto kernel' | sort",
    "ip rule show | sort",  # those of one priority never concern one packet
    "ip neigh show nud permanent | sort",
    # What counts a sender's flows has an element for as long as there are any.
    "nft -s list ruleset | grep -v 'ct count over' | sed -E 's/^(\\s*comment \"[0-9a-f]{32}) [0-9]+\"/\\1\"/; s|//[0-9]+||g' "
    "| sort"]
SCRIPT = "; ".join(NETNS_COMMANDS)


def shell(script, *words):
    return subprocess.run(["bash", "-c", script, "bash", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout


def netns_text(name):
    """All that a namespace holds, as text that is equal where it is."""
    return shell('nsenter --net="/run/netns/$1" bash -c "$2"', name, SCRIPT)


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


def bury(kept=()):
    """Whose parent has died is ours by then, as we are the first process here."""
    for pid, (_, state, parent) in processes().items():
        if state == "Z" and parent == os.getpid() and pid not in kept:
            os.waitpid(pid, 0)


def census():
    """Program → how many run; those that have ended and that nobody has asked about by themselves."""
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
    files = shell("find /run -path /run/soak -prune -o -printf '%y %m %p\\n' | sort -k3")
    mounts = shell("cut -d' ' -f4- /proc/self/mountinfo | grep ' /run' | "
                   "sed -E 's/ (shared|master):[0-9]+//g'")
    here = shell(SCRIPT)
    return "\n".join(["== namespaces", *namespaces(), "== processes", json.dumps(census()),
                      "== files", files, "== mounts", mounts, "== here", here])


def settle():
    """Waits until the kernel has taken down what was removed before: it does so in the background
    and in order, so a link that goes with one more namespace says when."""
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
