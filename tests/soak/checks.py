# SPDX-License-Identifier: MIT
"""What is held against what at intervals: flows against what `explain` says, the daemon against one
that starts anew, and what it holds against what it held."""

import dataclasses
import json
import random

import scenery
import surroundings
from actions import EXPORT_FILE

QUESTIONS = 6
MEMORY_BOUND_KIB = 4096
MEMORY_BOUND_SHARE = 0.12
WARM_UP = 20  # intervals, in which memory comes to what the largest of all passes takes
LONG_LIFE = 6  # intervals beyond these, for there to be halves
DESCRIPTOR_BOUND = 4  # what a request under way may have open


@dataclasses.dataclass
class Sample:
    life: int
    minutes: float
    memory: int
    descriptors: int
    namespaces: int
    resolver: int
    wire: int


class Checks:
    def __init__(self, performer, traffic, say_wrong):
        self.performer, self.daemon = performer, performer.daemon
        self.traffic, self.say_wrong = traffic, say_wrong
        self.samples = []
        self.descriptors = {}  # (life, namespaces) → the fewest
        self.questions = 0

    # --- Flows.

    def begin_eras(self):
        """For each flow that nothing open concerns: what has to become of it, as `explain` says."""
        idle = [each for each in self.traffic.flows.values() if not self.traffic.in_era(each.name)]
        if not idle:
            return
        self.traffic.refresh()
        wires = self.performer.status()["wires"]
        impaired = any(each["impairment"] or each["held"] for each in wires)
        for flow in idle:
            if impaired and scenery.netns("worker", "wired-0") in flow.passes:
                continue
            told = self.explain(flow.sender, flow.url)
            if told is None:
                continue
            arrives = told["verdict"] == "Allow"
            if (flow.barred and arrives) or (flow.steady and not flow.barred and not arrives):
                self.say_wrong(f"{flow.name}: explain says {told['verdict']}")
            self.traffic.begin(flow.name, arrives, told["sources"])

    def explain(self, *words):
        done = self.daemon.ctl("explain", *words, "-o", "json")
        if done.returncode not in (0, 1):
            self.say_wrong(f"explain {' '.join(words)} ended with {done.returncode}: "
                           f"{done.stderr.strip()[:300]}")
            return None
        return json.loads(done.stdout)

    # --- Answers.

    def expectations(self):
        done = self.daemon.ctl("test", EXPORT_FILE)
        if done.returncode != 0:
            failed = [each for each in done.stdout.splitlines() if each.startswith("not ok")]
            self.say_wrong(f"test ended with {done.returncode}: {failed or done.stderr.strip()}")

    def random_questions(self, seed, interval, lab):
        """The kernel, the daemon and a program that knows nothing but the document agree."""
        draw = random.Random(f"{seed}/questions/{interval}")
        for _ in range(QUESTIONS):
            site = draw.choice(sorted(lab["sites"]))
            capacity = lab["serverFarms"][lab["sites"][site]["serverFarm"]]["capacity"]
            sender = f"{site}/{draw.randrange(capacity)}"
            protocol = draw.choice(["tcp", "udp"])
            port = draw.choice([443, 53, 7021, 7022, 9000 + draw.randrange(900)])
            address = draw.choice(sorted(scenery.ADDRESSES.values()))
            self._ask(sender, f"{protocol}://{address}:{port}")

    def _ask(self, sender, url):
        self.questions += 1
        told = self.explain(sender, url, "--verify")
        if told is None:
            return
        if not told["observed"]["agrees"]:
            self.say_wrong(f"explain {sender} {url}: the kernel disagrees: "
                           f"{told['observed']['differences']}")
        anew = self.explain(sender, url, "--lab", EXPORT_FILE)
        for key in ("verdict", "path", "decidedBy", "nextHop"):
            if anew is not None and anew[key] != told[key]:
                self.say_wrong(f"explain {sender} {url}: {key} is {told[key]} to the daemon and "
                               f"{anew[key]} of the document alone")

    # --- What is held.

    def sample(self, life, minutes):
        pid = self.daemon.process.pid
        memory, descriptors = surroundings.memory_and_descriptors(pid)
        others = {}
        for program in ("egress-dns", "egress-wire"):
            found = surroundings.pids_of(program)
            others[program] = surroundings.memory_and_descriptors(found[0])[0] if found else 0
        count = len(surroundings.namespaces())
        taken = Sample(life, minutes, memory, descriptors, count, others["egress-dns"],
                       others["egress-wire"])
        self.samples.append(taken)
        fewest = min(self.descriptors.get((life, count), descriptors), descriptors)
        self.descriptors[life, count] = fewest
        if descriptors > fewest + DESCRIPTOR_BOUND:
            self.say_wrong(f"egressd holds {descriptors} descriptors for {count} namespaces, "
                           f"and held {fewest} before")
        return taken

    def last_life(self):
        life = self.samples[-1].life
        return [each for each in self.samples if each.life == life]

    def memory_growth(self):
        """(first half's mean, second half's mean, bound) in KiB of the last daemon's life, the
        longest, once it is warm; nothing where it was too short."""
        values = [each.memory for each in self.last_life()[WARM_UP:]]
        if len(values) < LONG_LIFE:
            return None
        middle = len(values) // 2
        first = sum(values[:middle]) / middle
        second = sum(values[middle:]) / (len(values) - middle)
        bound = max(MEMORY_BOUND_KIB, MEMORY_BOUND_SHARE * first)
        if second - first > bound:
            self.say_wrong(f"memory has grown by {second - first:.0f} KiB from the first half to "
                           f"the second")
        return first, second, bound
