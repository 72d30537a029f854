# SPDX-License-Identifier: MIT
"""Attacks a lab from four positions and holds what is seen against what is expected. Runs in
namespaces of its own, which scripts/attack makes."""

import argparse
import os
import pathlib
import re
import sys
import time

import wire
from attempts import ALL
from attempts.users import NOBODY
from machine import Machine, Trouble
from table import Stage

FIRST_NUMBER = 0x4000


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def chosen(pattern):
    expression = re.compile(pattern, re.IGNORECASE)
    return [(number, each) for number, each in enumerate(ALL, 1)
            if expression.search(title_of(each))]


def title_of(attempt):
    return f"{attempt.position} {attempt.sender}: {attempt.name}"


def expectation_of(attempt):
    expected = attempt.expected
    return " or ".join(expected) if isinstance(expected, tuple) else expected


def row(number, attempt, *more):
    return " | ".join([f"{number:3}", title_of(attempt), expectation_of(attempt), *more])


def stay_on_one_processor():
    """Packets that one processor sends overtake each other hardly."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def has_other_users():
    """Whether there is anybody without rights to be: unprivileged user namespaces know one user."""
    with open("/proc/self/uid_map", encoding="utf-8") as ranges:
        return sum(int(each.split()[2]) for each in ranges) > 1


def make(attempts, programs):
    """The number of attempts that ended otherwise than expected."""
    machine = Machine(programs)
    stay_on_one_processor()
    observers = wire.Observers(sorted(os.listdir(wire.FOLDER)))
    differing = 0
    for number, attempt in attempts:
        stage = Stage(machine, observers, attempt.sender, FIRST_NUMBER + number)
        try:
            seen = attempt.act(stage)
        except Trouble as trouble:
            seen = f"trouble: {trouble}"
        met = attempt.is_met_by(stage, seen)
        differing += not met
        print(row(number, attempt, seen, "" if met else "DIFFERS"), flush=True)
        if not machine.daemon.lives():
            raise Trouble(f"egressd has ended:\n{machine.daemon.log.read_text()[-2000:]}")
    machine.end()
    return differing


def main():
    told = arguments()
    attempts = chosen(told.only)
    if not attempts:
        print(f"attack: no attempt is called like '{told.only}'", file=sys.stderr)
        sys.exit(3)
    if told.list:
        for number, attempt in attempts:
            print(row(number, attempt))
        return
    if not has_other_users():
        left_out = [each for each in attempts if each[1].sender == NOBODY]
        attempts = [each for each in attempts if each[1].sender != NOBODY]
        print(f"{len(left_out)} attempts of a user without rights need root and are not made")
    started = time.monotonic()
    print("  # | attempt | expected | seen |")
    try:
        differing = make(attempts, told.programs)
    except Trouble as trouble:
        print(f"attack: {trouble}", file=sys.stderr)
        sys.exit(3)
    print(f"{len(attempts)} attempts, {differing} ended otherwise than expected, "
          f"{time.monotonic() - started:.1f} s")
    sys.exit(1 if differing else 0)


main()
