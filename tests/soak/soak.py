# SPDX-License-Identifier: MIT
"""Random operations, faults and traffic against an egressd, for as long as told. Runs in namespaces
of its own, which scripts/soak makes."""

import argparse
import collections
import json
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "attack"))

import actions
import scenery
from checks import LONG_LIFE, WARM_UP, Checks
from machine import Daemon, Trouble
from performing import Performer
from traffic import Traffic

ACTIONS_PER_INTERVAL = 25
KILLING_SHARE = 0.25  # of the time; the daemon then lives on, so that it shows what it holds
OVERLAPPING = (0, 3, 6)  # of ten actions, those behind which the next does not wait


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, required=True)
    parser.add_argument("--replay", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[])
    return parser.parse_args()


class Soak:
    def __init__(self, told):
        self.told = told
        # Before it is written anew, as it may be the one that is kept.
        self.replayed = told.replay and told.replay.read_text(encoding="utf-8").splitlines()
        told.keep.mkdir(parents=True, exist_ok=True)
        self.log = open(told.keep / "log", "w", encoding="utf-8")
        self.played = open(told.keep / "actions", "w", encoding="utf-8")
        self.started = time.monotonic()
        self.wrong, self.counts = [], collections.Counter()
        self.number = self.interval = self.life = 0
        self.growth = None
        self.daemon = Daemon(told.programs, pathlib.Path("/run/soak"), told.keep / "egressd.log")
        self.traffic = Traffic(self.say_wrong)
        self.performer = Performer(self.daemon, self.traffic, self.say_wrong)
        self.checks = Checks(self.performer, self.traffic, self.say_wrong)

    def minutes(self):
        return (time.monotonic() - self.started) / 60

    def note(self, text):
        print(f"{60 * self.minutes():8.2f} {text}", file=self.log, flush=True)

    def say_wrong(self, text):
        said = f"wrong, behind action {self.number}: {text}"
        self.wrong.append(said)
        self.note(said)
        print(said, flush=True)

    # --- The run.

    def actions(self):
        if self.replayed is not None:
            yield from map(actions.from_text, self.replayed)
            return
        while self.minutes() < self.told.minutes:
            may_kill = self.minutes() < self.told.minutes * KILLING_SHARE
            yield actions.next_action(self.told.seed, self.number, self.performer.lab(), may_kill,
                                      self.told.without)

    def run(self):
        lab = scenery.lab(self.told.seed)
        wrong = {**lab, "routeTables": {}}
        for path, written in ((actions.LAB_FILE, lab), (actions.WRONG_FILE, wrong),
                              (self.told.keep / "lab.json", lab)):
            pathlib.Path(path).write_text(json.dumps(written, indent=1), encoding="utf-8")
        self.performer.apply()
        self.look()
        for action in self.actions():
            self.act(action)
            self.number += 1
            if self.number % ACTIONS_PER_INTERVAL == 0:
                self.look()
        self.finish()

    def act(self, action):
        print(action.text(), file=self.played, flush=True)
        self.note(f"{self.number} {action.name} {' '.join(action.words)[-150:]}")
        self.counts["questions" if action.kind == "question" else action.name] += 1
        self.traffic.end(action.concerned(self.traffic.flows.values()))
        before = self.daemon.process.pid
        self.performer.perform(action)
        if action.kind == "down":
            self.performer.apply()
        if self.daemon.process.pid != before:
            self.life += 1
        if action.kind == "question" or self.number % 10 in OVERLAPPING:
            return
        self.performer.mended()
        self.checks.begin_eras()

    def look(self):
        """What an interval ends with."""
        self.daemon.ctl("wire", "wired", "--clear")
        self.performer.mended()
        self.checks.begin_eras()
        lab = self.performer.lab()
        self.checks.expectations()
        self.checks.random_questions(self.told.seed, self.interval, lab)
        self.traffic.end(list(self.traffic.flows))
        self.checks.begin_eras()
        taken = self.checks.sample(self.life, self.minutes())
        self.interval += 1
        (sent, lost), (barred, reached) = self.traffic.so_far()
        line = (f"{taken.minutes:6.1f} min  {self.number:5} actions  {sent:7} sent {lost} lost  "
                f"{barred:6} barred {reached} arrived  {taken.namespaces} namespaces  "
                f"{taken.descriptors} descriptors  {taken.memory} KiB  {len(self.wrong)} wrong")
        self.note(line)
        print(line, flush=True)

    def finish(self):
        self.look()
        self.growth = self.checks.memory_growth()
        self.traffic.end(list(self.traffic.flows))
        self.performer.daemon_replaced()
        self.performer.down()
        self.traffic.close()
        self.daemon.end()

    # --- The table.

    def table(self):
        (sent, lost), (barred, reached) = self.traffic.so_far()
        free = sum(each["free"] for each in self.traffic.counts.values())
        yield "what", "figure"
        yield "seed, minutes", f"{self.told.seed}, {self.minutes():.1f}"
        yield "actions", self.number
        for name, count in sorted(self.counts.items()):
            yield f"  {name}", count
        yield "sent that had to arrive", sent
        yield "  lost", lost
        yield "sent that might not arrive", barred
        yield "  arrived", reached
        yield "sent while something concerned them", free
        yield "flows held against the kernel", self.checks.questions
        yield "longest until all was mended", "{:.1f} s, behind {}".format(*self.performer.longest)
        yield "lives of egressd", self.life + 1
        if self.checks.samples:
            yield from self.held()
        if self.growth:
            first, second, bound = self.growth
            yield ("  once warm, second half's mean less first half's",
                   f"{second - first:+.0f} KiB of {first:.0f} (bound {bound:.0f})")
        else:
            yield "  once warm", f"not judged before {WARM_UP + LONG_LIFE} intervals of one life"
        yield "wrong", len(self.wrong)

    def held(self):
        def row(what, samples, name, unit=""):
            values = [getattr(each, name) for each in samples]
            return (f"{what}, first/last/most",
                    f"{values[0]}/{values[-1]}/{max(values)}{unit}")
        last, whole = self.checks.last_life(), self.checks.samples
        yield row("memory of the last egressd", last, "memory", " KiB")
        yield row("descriptors of the last egressd", last, "descriptors")
        yield row("memory of egress-dns", whole, "resolver", " KiB")
        yield row("memory of egress-wire", whole, "wire", " KiB")

    def end_with_table(self):
        rows = [(name, str(value)) for name, value in self.table()]
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            text = f"{name:{width}}  {value}"
            print(text)
            self.note(text)
        print(f"kept in {self.told.keep}: lab.json, actions, log, egressd.log")


def main():
    told = arguments()
    try:
        soak = Soak(told)
    except Trouble as trouble:
        print(f"soak: {trouble}", file=sys.stderr)
        sys.exit(3)
    try:
        soak.run()
    except Trouble as trouble:
        soak.say_wrong(f"this cannot go on: {trouble}")
    soak.end_with_table()
    sys.exit(1 if soak.wrong else 0)


main()
