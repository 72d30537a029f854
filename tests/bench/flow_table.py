# SPDX-License-Identifier: MIT
"""The table of flows that a daemon has given to the kernel, as the kernel tells of it."""

import json
import pathlib
import re
import subprocess

PROGRAM, FLOWS = "egressd_fast", "egressd_flows"
TABLE = FLOWS, "egressd_buckets", "egressd_seen"


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


def ways(types_id):
    """How many flows a bucket has room for."""
    types = bpftool("btf", "dump", "id", types_id)["types"]
    by_id = {entry["id"]: entry for entry in types}
    flows = next(entry for entry in types if entry["name"] == "flows")
    array = next(member for member in flows["members"] if member["name"] == "ways")
    return by_id[array["type_id"]]["nr_elems"]


def look(pid):
    program = next(shown for shown in (bpftool("prog", "show", "id", number)
                                       for number in programs_of(pid))
                   if shown["name"] == PROGRAM)
    maps = {shown["name"]: shown for shown in (bpftool("map", "show", "id", number)
                                               for number in program["map_ids"])}
    flows = maps[FLOWS]
    return {"bytes": sum(maps[name]["bytes_memlock"] for name in TABLE),
            "entries": flows["max_entries"] * ways(flows["btf_id"])}
