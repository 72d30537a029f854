# SPDX-License-Identifier: MIT
"""The table of flows that a daemon has given to the kernel, as the kernel tells of it."""

import json
import pathlib
import re
import subprocess

PROGRAM, MAP = "egressd_fast", "egressd_flows"


def bpftool(*arguments):
    done = subprocess.run(["/usr/sbin/bpftool", "-j", *map(str, arguments)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def programs_of(pid):
    """The ids of those that the process holds."""
    for file in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        found = re.search(r"^prog_id:\s*(\d+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            yield int(found[1])


def ways(map_id):
    """How many flows a bucket has room for."""
    types = bpftool("btf", "dump", "map", "id", map_id, "value")["types"]
    by_id = {entry["id"]: entry for entry in types}
    bucket = next(entry for entry in types if entry["name"] == "bucket")
    flows = next(member for member in bucket["members"] if member["name"] == "flows")
    return by_id[flows["type_id"]]["nr_elems"]


def look(pid):
    program = next(shown for shown in (bpftool("prog", "show", "id", number)
                                       for number in programs_of(pid))
                   if shown["name"] == PROGRAM)
    table = next(shown for shown in (bpftool("map", "show", "id", number)
                                     for number in program["map_ids"]) if shown["name"] == MAP)
    return {"bytes": table["bytes_memlock"], "entries": table["max_entries"] * ways(table["id"])}
