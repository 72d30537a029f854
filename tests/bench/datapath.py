# SPDX-License-Identifier: MIT
"""The data path: what crosses app, worker, VNet and host against what crosses the same chain of
namespaces that only forwards. All variants exist at once; each round measures every cell on every
variant, and a figure is a ratio within one round."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess

import daemon
import flow_table
import labs
import plain_chain

CELLS = ["rr", "crr", "exchanges", "upps", "bulk"]
MILLISECONDS = 400
ROUTERS = 2
LARGE_RULES, SMALL_RULES = 1000, 10


@dataclasses.dataclass
class Variant:
    """A chain to measure: who is at its ends, and who on the way remembers flows."""
    name: str
    client: str
    server: str
    address: str
    tracking: tuple = ()
    routers: int = ROUTERS


def netns_file(name):
    return f"/run/netns/{name}"


def load(programs, variant, what, milliseconds=MILLISECONDS):
    done = subprocess.run(
        [programs / "tests/bench/load/egress-load", what,
         "--client", netns_file(variant.client), "--server", netns_file(variant.server),
         "--address", variant.address, "--port", str(labs.FIRST_PORT),
         "--milliseconds", str(milliseconds),
         "--cpu", str(min(os.sched_getaffinity(0)))],
        stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def forget_flows(variant):
    """Dead connections stay in connection tracking for two minutes, and there are thousands after
    each cell: the next one must not have to look among them."""
    for netns in variant.tracking:
        subprocess.run(["ip", "netns", "exec", netns, "conntrack", "-F"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_path(programs, variant, source):
    """A chain that is not the one meant would be measured just as happily."""
    seen = load(programs, variant, "look")
    wanted = {"source": source, "hopsThere": variant.routers, "hopsBack": variant.routers}
    if seen != wanted:
        raise RuntimeError(f"{variant.name}: the way shows {seen}, not {wanted}")


def check_last_rule(running):
    url = f"udp://{labs.SERVER}:{labs.FIRST_PORT}"
    decided = running.answer("explain", "app", url)["decidedBy"]["name"]
    if decided != "nsg/allow-measured":
        raise RuntimeError(f"{url} is decided by {decided}, not by the last rule")


def apply(stack, programs, folder, name, lab, options):
    """The lab under an egressd of its own; the variant, the daemon and the seconds that validate
    and apply took."""
    file = folder / f"{name}.json"
    labs.write(lab, file)
    running = stack.enter_context(daemon.Daemon(programs, folder / name, name, options))
    stack.callback(running.ctl, "down")
    times = {"validate": running.ctl("validate", str(file)), "apply": running.ctl("apply", str(file))}
    variant = Variant(name, f"{name}-app-app-0", f"{name}-host-server", labs.SERVER,
                      (f"{name}-worker-plan-0", f"{name}-vnet-net"))
    lease, = running.answer("leases", "net/integration")["leases"]
    check_path(programs, variant, lease["address"])
    check_last_rule(running)
    return variant, running, times


def create_chains(programs):
    """What labs are compared with."""
    variants = []
    for name, create, source, routers in (
            ("plain", plain_chain.create, plain_chain.SOURCE, ROUTERS),
            ("tracked", plain_chain.create_tracked, plain_chain.TRACKED_SOURCE, ROUTERS),
            ("pair", plain_chain.create_pair, plain_chain.PAIR_SOURCE, 0)):
        create(name)
        client, near, far, server = plain_chain.names(name)
        variants.append(Variant(name, client, server, plain_chain.ADDRESS,
                                (near, far) if name == "tracked" else (), routers))
        check_path(programs, variants[-1], source)
    return variants


def prepare(stack, programs, folder, tag_file):
    names = [f"Bench{number:04}" for number in range(LARGE_RULES - 2)]
    labs.write(labs.generated_tags(len(names)), folder / "tags.json")
    names.insert(len(names) // 2, "BenchLarge")
    large = labs.path_lab(labs.tag_rules(names), "tags.json")
    small = labs.path_lab(labs.tag_rules(names[:SMALL_RULES - 1]), "tags.json")
    wanted = {"large": (large, ()), "off": (large, ("--fast-path", "off")), "small": (small, ())}
    if tag_file is not None:
        real = labs.largest_regional_tags(tag_file, LARGE_RULES - 1)
        wanted["real"] = (labs.path_lab(labs.tag_rules(real), tag_file), ())

    variants, times, daemons = create_chains(programs), {}, {}
    for name, (lab, options) in wanted.items():
        variant, daemons[name], times[name] = apply(stack, programs, folder, name, lab, options)
        variants.append(variant)
    return variants, times, flow_table.look(daemons["large"].process.pid)


def rotated(variants, number):
    """Another one first in each round, and every other round backwards."""
    start = number // 2 % len(variants)
    order = variants[start:] + variants[:start]
    return order if number % 2 == 0 else order[::-1]


def measure(programs, folder, rounds, tag_file, say):
    """{"rates": {cell: [{variant: rate} per round]}, "times": {lab: {command: seconds}}, "table":
    {"bytes", "entries"}}"""
    with contextlib.ExitStack() as stack:
        variants, times, table = prepare(stack, programs, pathlib.Path(folder), tag_file)
        rates = {cell: [] for cell in CELLS}
        for number in range(rounds):
            say(f"data path, round {number + 1} of {rounds}")
            for cell in CELLS:
                row = {}
                for variant in rotated(variants, number):
                    seen = load(programs, variant, cell)
                    row[variant.name] = seen["count"] / seen["busySeconds"]
                    forget_flows(variant)
                rates[cell].append(row)
    return {"rates": rates, "times": times, "table": table}
