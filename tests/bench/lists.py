# SPDX-License-Identifier: MIT
"""Security lists that are replaced by others that share nothing with them, by the daemon that put
them there and by one that started after it was killed."""

import pathlib

import daemon
import labs

SIZES = {"300 rules × 4 prefixes": (300, 4), "1,000 rules × 10 prefixes": (999, 10)}


def replacements(programs, folder, rules, prefixes):
    """Seconds of each apply."""
    files = []
    for number, (lab, tag_file, tags) in enumerate(labs.lists_that_share_nothing(rules, prefixes)):
        labs.write(tags, folder / tag_file)
        files.append(str(folder / f"lab{number}.json"))
        labs.write(lab, files[-1])
    with daemon.Daemon(programs, folder / "egressd") as running:
        taken = {"first": running.ctl("apply", files[0]),
                 "replaced": running.ctl("apply", files[1])}
        running.kill_and_start()
        taken["after kill -9"] = running.ctl("apply", files[0])
        running.run("down")
    return taken


def measure(programs, folder, rounds, say):
    """Per round: seconds by list and apply."""
    results = []
    for number in range(rounds):
        say(f"lists, round {number + 1} of {rounds}")
        row = {}
        for title, (rules, prefixes) in SIZES.items():
            where = pathlib.Path(folder) / f"lists{number}-{rules}"
            where.mkdir()
            row[title] = replacements(programs, where, rules, prefixes)
        results.append(row)
    return results
