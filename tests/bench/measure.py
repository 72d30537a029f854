#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures egressd against a baseline of the same round and prints a Markdown table.

Runs inside private namespaces (scripts/bench sees to it). Every figure is a ratio within one
round; rounds are interleaved, and the order within a round alternates.
"""

import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import by_commands
import labs


class Daemon:
    """One egressd with its own prefix, socket and state, for the length of a `with`."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.socket = f"{folder}/socket"

    def __enter__(self):
        self.log = open(f"{self.folder}/log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.programs / "egressd/egressd", "--state-dir", f"{self.folder}/state",
             "--run-dir", f"{self.folder}/run", "--socket", self.socket],
            stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while not pathlib.Path(self.socket).exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"egressd did not start: {self.folder}/log")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def ctl(self, *arguments):
        """Seconds that the command took, as its user sees them."""
        start = time.monotonic()
        subprocess.run([self.programs / "egressctl/egressctl", "--socket", self.socket, *arguments],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return time.monotonic() - start


def seconds(action, *arguments):
    start = time.monotonic()
    action(*arguments)
    return time.monotonic() - start


def measure_passes(programs, folder, lab):
    """Seconds of: first apply, the same again, one rule changed, down."""
    labs.write(lab, f"{folder}/lab.json")
    labs.write(labs.with_one_rule_changed(lab), f"{folder}/changed.json")
    with Daemon(programs, folder) as daemon:
        return {
            "create": daemon.ctl("apply", f"{folder}/lab.json"),
            "again": daemon.ctl("apply", f"{folder}/lab.json"),
            "one rule": daemon.ctl("apply", f"{folder}/changed.json"),
            "down": daemon.ctl("down"),
        }


def measure_creation(programs, folder, count, order):
    """Seconds to create `count` workers with one app each: by egressd, by commands."""
    lab = labs.hub_and_spokes(spokes=1, workers_per_spoke=count, apps_per_worker=1, rules=10)
    labs.write(lab, f"{folder}/lab.json")
    taken = {}
    for who in order:
        if who == "commands":
            taken[who] = seconds(by_commands.create, count)
            by_commands.remove(count)
        else:
            with Daemon(programs, folder) as daemon:
                taken[who] = daemon.ctl("apply", f"{folder}/lab.json")
                daemon.ctl("down")
    return taken


def spread(values, digits):
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f}–{max(values):.{digits}f})")


def table(passes, creation):
    rows = ["| what | baseline in the same round | ratio | seconds |", "|---|---|---|---|"]
    rows.append(f"| create: 20 workers, 40 apps, 5 VNets, 200 rules each | – | 1 | "
                f"{spread([p['create'] for p in passes], 2)} |")
    for name, what in (("again", "apply again, nothing differs"),
                       ("one rule", "apply with one rule changed"), ("down", "down")):
        rows.append(f"| {what} | create | {spread([p[name] / p['create'] for p in passes], 3)} | "
                    f"{spread([p[name] for p in passes], 3)} |")
    for count, rounds in creation.items():
        rows.append(
            f"| a process per command, {count} workers with one app | egressd | "
            f"{spread([r['commands'] / r['egressd'] for r in rounds], 1)} | "
            f"{spread([r['egressd'] for r in rounds], 2)} against "
            f"{spread([r['commands'] for r in rounds], 2)} |")
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="folder of the built programs, build/release/daemon")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[20, 50, 100])
    arguments = parser.parse_args()

    large = labs.hub_and_spokes(spokes=4, workers_per_spoke=5, apps_per_worker=2, rules=200)
    passes, creation = [], {count: [] for count in arguments.workers}
    for number in range(arguments.rounds):
        order = ["egressd", "commands"] if number % 2 == 0 else ["commands", "egressd"]
        with tempfile.TemporaryDirectory() as folder:
            passes.append(measure_passes(arguments.programs, folder, large))
        for count in arguments.workers:
            with tempfile.TemporaryDirectory() as folder:
                creation[count].append(
                    measure_creation(arguments.programs, folder, count, order))
    print(table(passes, creation))


if __name__ == "__main__":
    main()
