# SPDX-License-Identifier: MIT
"""Starts of apps: what `egressctl apply` takes when all of them pull their image and ask a vault."""

import pathlib

import control
import daemon
import labs

APPS = {"spokes": 1, "workers_per_spoke": 10, "apps_per_worker": 10, "rules": 10}


def measure_round(programs, folder):
    lab = labs.with_tasks(labs.hub_and_spokes(**APPS))
    files = {"lab": lab, "restarted": labs.with_one_setting_changed(lab)}
    for name, value in files.items():
        labs.write(value, str(folder / f"{name}.json"))
    with daemon.Daemon(programs, folder / "egressd") as running:
        taken = {"create": running.ctl("apply", folder / "lab.json"),
                 "starts": running.ctl("apply", folder / "restarted.json")}
        states = {app["state"] for app in running.answer("status")["apps"]}
        if states != {"running"}:
            raise RuntimeError(f"apps that do not run: {folder}/egressd/log")
        running.ctl("down")
    control.settle()
    return taken


def measure(programs, folder, rounds, say):
    """Per round: seconds to create 100 apps, their starts among it, and to start them once more."""
    results = []
    for number in range(rounds):
        say(f"starts, round {number + 1} of {rounds}")
        where = pathlib.Path(folder) / f"startup{number}"
        where.mkdir()
        results.append(measure_round(programs, where))
    return results
