# SPDX-License-Identifier: MIT
"""The control plane: what `egressctl` takes, as its user waits for it, and the same number of
workers made by a process per command and by mininet."""

import json
import pathlib
import socket
import subprocess
import time

import by_commands
import daemon
import labs

BASELINE_WORKERS = 100  # the largest number that the baselines are made to repeat
SETTLE_SECONDS = 60
MIXED = {"spokes": 4, "workers_per_spoke": 5, "apps_per_worker": 2, "rules": 200}
RULES = 10  # of the labs that grow


def settle():
    """Waits until the kernel has taken down what was removed before: it does so in the background
    and in order, so a link that goes with one more namespace says when."""
    subprocess.run(["ip", "netns", "add", "settle"], check=True)
    subprocess.run(["ip", "link", "add", "settle", "type", "veth", "peer", "name", "settle",
                    "netns", "settle"], check=True)
    subprocess.run(["ip", "netns", "delete", "settle"], check=True)
    deadline = time.monotonic() + SETTLE_SECONDS
    while any(name == "settle" for _, name in socket.if_nameindex()):
        if time.monotonic() > deadline:
            raise RuntimeError("the kernel still takes down what was removed")
        time.sleep(0.01)


def seconds(action, *arguments):
    start = time.monotonic()
    action(*arguments)
    return time.monotonic() - start


def passes(programs, folder, lab, options=()):
    """Seconds of each command in the life of a lab."""
    variants = {"lab": lab, "rule": labs.with_one_rule_changed(lab),
                "route": labs.with_one_route_changed(lab)}
    files = {name: str(folder / f"{name}.json") for name in variants}
    for name, value in variants.items():
        labs.write(value, files[name])
    with daemon.Daemon(programs, folder / "egressd", options=options) as running:
        taken = {
            "create": running.ctl("apply", files["lab"]),
            "again": running.ctl("apply", files["lab"]),
            "idle": running.answer("status")["lastPass"]["seconds"],
            "status": running.ctl("status"),
            "plan": running.ctl("plan", files["lab"]),
            "rule": running.ctl("apply", files["rule"]),
        }
        running.ctl("apply", files["lab"])
        taken["route"] = running.ctl("apply", files["route"])
        plan, declared = next(iter(lab["serverFarms"].items()))
        if declared["capacity"] < labs.PLAN_SIZE:
            taken["scale"] = running.ctl("scale", plan, "--capacity", str(declared["capacity"] + 1))
        taken["down"] = running.ctl("down")
    settle()
    return taken


def commands(count):
    taken = {"create": seconds(by_commands.create, count),
             "down": seconds(by_commands.remove, count)}
    settle()
    return taken


def mininet(count):
    # Debian's Python, for which Debian installs mininet.
    done = subprocess.run(
        ["/usr/bin/python3", "-B", pathlib.Path(__file__).parent / "by_mininet.py", str(count)],
        stdout=subprocess.PIPE, text=True, check=True)
    settle()
    return json.loads(done.stdout)


def measure_round(programs, folder, workers, backwards):
    sizes = sorted(workers)
    baseline = max((size for size in sizes if size <= BASELINE_WORKERS), default=sizes[0])
    tasks = [("mixed", lambda where: passes(programs, where, labs.hub_and_spokes(**MIXED)))]
    for size in sizes:
        lab = labs.hub_and_spokes(1, size, 1, RULES)
        tasks.append((size, lambda where, lab=lab: passes(programs, where, lab)))
        if size == baseline:
            tasks.append(("off", lambda where, lab=lab: passes(programs, where, lab,
                                                               ("--fast-path", "off"))))
    tasks.append(("commands", lambda _: commands(baseline)))
    tasks.append(("mininet", lambda _: mininet(baseline)))
    results = {"baseline": baseline}
    for name, task in reversed(tasks) if backwards else tasks:
        where = folder / str(name)
        where.mkdir()
        results[name] = task(where)
    return results


def measure(programs, folder, rounds, workers, say):
    """Per round: seconds by lab ("mixed", the number of workers, "off" for that of the baselines
    without the fast path) and baseline."""
    results = []
    for number in range(rounds):
        say(f"control plane, round {number + 1} of {rounds}")
        where = pathlib.Path(folder) / f"round{number}"
        where.mkdir()
        results.append(measure_round(programs, where, workers, backwards=number % 2 == 1))
    return results
