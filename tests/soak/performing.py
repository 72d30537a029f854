# SPDX-License-Identifier: MIT
"""Does what actions say, and waits until what they broke is mended."""

import difflib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import surroundings
from actions import EXPORT_FILE, LAB_FILE
from machine import Trouble

REPAIR_SECONDS = 90
OPERATION_SECONDS = 120
LOOK_SECONDS = 0.1


def eventually(condition, seconds=REPAIR_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


class Performer:
    def __init__(self, daemon, traffic, say_wrong):
        self.daemon, self.traffic, self.say_wrong = daemon, traffic, say_wrong
        self.empty_inventory = surroundings.inventory()
        self.idle_descriptors = self.descriptors()
        # Namespace → what it held before it was damaged, or None where it need not come back.
        self.damaged = {}
        self.open_fault = False
        self.last, self.longest = "nothing", (0, "nothing")
        self.census = {}   # of programs, as the lab needs them
        self.needed = []   # namespaces, likewise

    def descriptors(self):
        return surroundings.memory_and_descriptors(self.daemon.process.pid)[1]

    def status(self):
        done = self.daemon.ctl("status", "-o", "json")
        return json.loads(done.stdout) if done.returncode in (0, 1) else {}

    def lab(self):
        # As it is stored, which after an operation is JSON; for people it is YAML.
        text = json.loads(self.daemon.must("export", "-o", "json"))["text"]
        pathlib.Path(EXPORT_FILE).write_text(text, encoding="utf-8")
        lab = json.loads(text)
        self.needed = surroundings.namespaces_of(lab)
        return lab

    def perform(self, action):
        kinds = {"operation": self.operation, "question": self.operation, "down": self.down,
                 "change": self.change, "held change": self.held_change,
                 "namespace deleted": self.namespace_deleted, "kill": self.kill,
                 "stop": self.stop, "run folder removed": self.run_folder_removed,
                 "daemon killed": self.daemon_killed, "daemon replaced": self.daemon_replaced,
                 "killed operation": self.killed_operation}
        self.last = action.name
        kinds[action.kind](action)
        self.open_fault = self.open_fault or action.kind not in ("question", "operation", "down")
        if not self.daemon.lives():
            self.say_wrong(f"egressd has ended by itself after {action.name}")
            self.daemon.start()

    def operation(self, action):
        try:
            done = self.daemon.ctl("--wait", *action.words, timeout=OPERATION_SECONDS)
        except subprocess.TimeoutExpired:
            self.say_wrong(f"{' '.join(action.words)}: no answer within {OPERATION_SECONDS} s")
            return
        # What is broken meanwhile may keep an operation from all that it has to do.
        forgiven = (3,) if self.damaged else ()
        if done.returncode not in action.expects + forgiven:
            self.say_wrong(f"{' '.join(action.words)} ended with {done.returncode}: "
                           f"{done.stderr.strip()[:600]}")
        if action.kind == "operation" and 0 in action.expects:
            self.damaged = {name: None for name in self.damaged}

    def remember(self, netns):
        """What a namespace holds before it is damaged, which nobody knows while another fault is
        open: that may have taken links or carriers from this one, too."""
        if self.open_fault:
            self.mended()
        self.damaged[netns] = surroundings.netns_text(netns)

    def change(self, action):
        netns = action.words[0]
        if netns in surroundings.namespaces():
            self.remember(netns)
            surroundings.within(netns, "change", *action.words[1:])

    def held_change(self, action):
        netns = action.words[0]
        if netns not in surroundings.namespaces():
            return
        self.remember(netns)
        self.daemon.must("hold", "--for", "5m")
        surroundings.within(netns, "change", *action.words[1:])
        before = self.damaged[netns]
        after = surroundings.netns_text(netns)
        if before != after and not eventually(lambda: self.status().get("drift")):
            self.say_wrong(f"held: status does not show what differs after {action.name}")
        if surroundings.netns_text(netns) != after:
            self.say_wrong(f"held: {action.name} in {netns} was undone")
        self.daemon.must("release")

    def namespace_deleted(self, action):
        netns = action.words[0]
        if netns not in surroundings.namespaces():
            return
        self.remember(netns)
        subprocess.run(["ip", "netns", "del", netns], check=False)

    def kill(self, action):
        program, number = action.words
        found = sorted(surroundings.pids_of(program))
        if found:
            os.kill(found[int(number) % len(found)], signal.SIGKILL)

    def stop(self, action):
        self.daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(action.seconds)
        self.daemon.process.send_signal(signal.SIGCONT)

    def run_folder_removed(self, action):
        shutil.rmtree(action.words[0], ignore_errors=True)

    def daemon_killed(self, _=None):
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()

    def daemon_replaced(self, _=None):
        """One that finds the lab of a killed one in calm has nothing to change."""
        self.mended()
        self.daemon_killed()
        self.mended()
        told = self.status()
        if told["lastRepair"] or not told["lastPass"] or told["lastPass"]["operations"]:
            self.say_wrong("a daemon that started anew had something to do where all was in sync: "
                           f"{told['lastPass']}, {told['lastRepair']}")

    def killed_operation(self, action):
        client = subprocess.Popen(self.daemon.ctl_words(*action.words), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(action.seconds)
        self.daemon_killed()
        client.wait()
        self.damaged = {name: None for name in self.damaged}

    def down(self, _=None):
        """Whatever is broken at the moment."""
        self.operation_of_down()
        if not eventually(lambda: self.descriptors() <= self.idle_descriptors, 10):
            self.say_wrong(f"after down egressd holds {self.descriptors()} descriptors, "
                           f"{self.idle_descriptors} before the first lab")
        self.traffic.let_go()
        surroundings.bury()
        if not eventually(lambda: surroundings.inventory() == self.empty_inventory, 10):
            self.say_wrong("after down the machine is not as it was:\n" + difference(
                self.empty_inventory, surroundings.inventory()))
            surroundings.end_strays(self.daemon.process.pid)
        self.damaged, self.open_fault = {}, False

    def operation_of_down(self):
        done = self.daemon.ctl("--wait", "down")
        if done.returncode != 0:
            self.say_wrong(f"down ended with {done.returncode}: {done.stderr.strip()[:600]}")

    def apply(self):
        self.daemon.must("--wait", "apply", LAB_FILE)
        self.lab()
        self.census = self.census or surroundings.census()

    def mended(self):
        """Waits until nothing that has been done to the machine is left."""
        begun = time.monotonic()
        self.wait_until_mended()
        self.longest = max(self.longest, (time.monotonic() - begun, self.last))

    def wait_until_mended(self):
        for netns, before in sorted(self.damaged.items()):
            if before is None:
                continue
            if not eventually(lambda: surroundings.netns_text(netns) == before):
                self.say_wrong(f"{netns} was not mended:\n"
                               + difference(before, surroundings.netns_text(netns)))
        self.damaged, self.open_fault = {}, False
        self.lab()
        if not eventually(self.is_calm):
            self.say_wrong("not in sync again: " + self.unrest())
            self.start_over()

    def unrest(self):
        told = self.status()
        reasons = (told.get("problems") or told.get("drift") or [])[:4]
        if surroundings.namespaces() != self.needed:
            reasons.append("namespaces:\n" + difference("\n".join(self.needed),
                                                        "\n".join(surroundings.namespaces())))
        if surroundings.census() != self.census:
            reasons.append(f"{surroundings.census()} run instead of {self.census}")
        return "; ".join(reasons) or "no reason told"

    def is_calm(self):
        surroundings.bury()
        if self.daemon.process.poll() is not None:
            raise Trouble("egressd has ended")
        told = self.status()
        return (told.get("inSync") and not told["scaling"] and not told["operation"]
                and all(each["carrying"] or each["held"] for each in told["wires"])
                and all(each["state"] == "running" for each in told["apps"])
                and surroundings.census() == self.census
                and surroundings.namespaces() == self.needed)

    def start_over(self):
        """So that one fault that is not mended does not hide what comes after it."""
        self.traffic.end(list(self.traffic.flows))
        self.down()
        self.apply()


def difference(before, after):
    """The lines that only one of them has, or has where the other has not."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(f"  {each}" for each in list(lines)[2:] if not each.startswith("@@"))[:1500]
