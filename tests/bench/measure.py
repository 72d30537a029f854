#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the data path, wires, the control plane, names and starts against baselines of the same
round.

Runs inside private namespaces (scripts/bench sees to it) and prints Markdown."""

import argparse
import datetime
import os
import pathlib
import platform
import re
import sys
import tempfile

import control
import datapath
import lists
import names
import report
import startup
import wires

PARTS = ["datapath", "wires", "control", "lists", "names", "startup"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="build folder of the programs")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    parser.add_argument("--rounds", type=int, default=7,
                        help="of the data path, wires and names; the other parts make half as many")
    parser.add_argument("--workers", type=int, nargs="+", default=[20, 100, 300],
                        help="sizes of the labs whose creation is measured")
    parser.add_argument("--service-tags", type=pathlib.Path,
                        help="file as Microsoft publishes it, for one more lab")
    parser.add_argument("--page", type=pathlib.Path, help="page whose tables are to be replaced")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or min(arguments.workers) < 1:
        parser.error("--rounds and --workers are numbers from 1")
    if arguments.page and arguments.only in ("datapath", "control"):
        parser.error("the plot shows all parts: no --only datapath or control with --write")
    return arguments


def measured_on():
    return (f"Measured on: {os.cpu_count()} cores, kernel {platform.release()}, "
            f"{datetime.date.today()}.")


def replace_block(text, name, content):
    pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->\n)", re.DOTALL)
    if not pattern.search(text):
        raise RuntimeError(f"the page has no place for '{name}'")
    return pattern.sub(lambda found: found[1] + content + "\n" + found[2], text, count=1)


def write_page(page, blocks):
    text = page.read_text(encoding="utf-8")
    for name, content in blocks.items():
        text = replace_block(text, name, content)
    page.write_text(text, encoding="utf-8")


def main():
    arguments = parse()
    alone = ("wires", "lists", "names", "startup")
    blocks = {} if arguments.only in alone else {"machine": measured_on()}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only in (None, "datapath"):
            found = datapath.measure(arguments.programs, folder, arguments.rounds,
                                     arguments.service_tags, say)
            path_rows = report.path_rows(found)
            blocks["datapath"] = "\n".join(
                [report.table(path_rows), "", report.times_text(found), report.table_text(found)])
        if arguments.only in (None, "wires"):
            found = wires.measure(arguments.programs, pathlib.Path(folder) / "wires",
                                  arguments.rounds, say)
            blocks["wires"] = report.table(report.wire_rows(found))
        if arguments.only in (None, "control"):
            results = control.measure(arguments.programs, folder, (arguments.rounds + 1) // 2,
                                      arguments.workers, say)
            blocks["control"] = report.table(report.control_rows(results))
        if arguments.only in (None, "lists"):
            found = lists.measure(arguments.programs, folder, (arguments.rounds + 1) // 2, say)
            blocks["lists"] = report.table(report.list_rows(found))
        if arguments.only in (None, "names"):
            found = names.measure(arguments.programs, folder, arguments.rounds, say)
            blocks["names"] = report.table(report.name_rows(found))
        if arguments.only in (None, "startup"):
            found = startup.measure(arguments.programs, folder, (arguments.rounds + 1) // 2, say)
            blocks["startup"] = report.table(report.startup_rows(found))
    print("\n\n".join(blocks.values()))
    if arguments.page:
        write_page(arguments.page, blocks)
    if arguments.page and not arguments.only:
        report.plot(path_rows, results, arguments.page.with_suffix(".svg"))


if __name__ == "__main__":
    main()
