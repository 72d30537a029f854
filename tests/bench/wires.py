# SPDX-License-Identifier: MIT
"""Wires: the large lab on TUN devices with a process between them against the same lab on veth
pairs, and that process alone against slirp4netns, which does for a network namespace what it does
for a worker. What it uses of the processor is part of the cost of its path: all of it is on one
processor with client and server, and a rate is per second of what all of them used."""

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import time

import control
import daemon
import datapath
import labs

CELLS = datapath.CELLS
PACED_MILLISECONDS = 10_000
WORKERS = 100
START_SECONDS = 30
NEAR, FAR = "10.99.0.1", "10.99.0.2"
SLIRP_HOST = "10.0.2.2"  # under which slirp4netns shows the machine that it runs on


@dataclasses.dataclass
class Carried:
    """A path, and the process that carries its packets, if one does."""
    variant: datapath.Variant
    process: int = None


def netns_pids(netns, program):
    found = subprocess.run(["ip", "netns", "pids", netns], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    return [int(pid) for pid in found
            if pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == program]


def pin(process, cpus):
    for task in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(task), cpus)


def busy_seconds(process):
    """Of all threads, on the processor: the first figure of schedstat, in nanoseconds."""
    if process is None:
        return 0
    tasks = pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="utf-8").split()[0]) for task in tasks) / 1e9


def rate(programs, path, cell):
    before = busy_seconds(path.process)
    seen = datapath.load(programs, path.variant, cell)
    datapath.forget_flows(path.variant)
    return seen["count"] / (seen["busySeconds"] + busy_seconds(path.process) - before)


def wait_for(condition, what):
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come up")
        time.sleep(0.01)


def ended(process):
    process.terminate()
    process.wait()


def attach(folder, netns, name, settings):
    """As egressd attaches it, by the process's control socket."""
    file = os.memfd_create("settings")
    os.write(file, json.dumps(settings).encode())
    space = os.open(datapath.netns_file(netns), os.O_RDONLY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control_socket:
        control_socket.connect(str(folder / ".control"))
        request = {"attach": name, "netns": netns, "digest": "bench", "home": False}
        socket.send_fds(control_socket, [json.dumps(request).encode()], [space, file])
        answer = json.loads(control_socket.recv(65536))
    os.close(file)
    os.close(space)
    if "ok" not in answer:
        raise RuntimeError(f"egress-wire: {answer}")


def tun_in(netns, address, other):
    subprocess.run(["ip", "netns", "add", netns], check=True)
    subprocess.run(["ip", "-n", netns, "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "netns", "exec", netns, "ip", "tuntap", "add", "dev", "t0", "mode", "tun",
                    "vnet_hdr"], check=True)
    for arguments in (["link", "set", "t0", "txqueuelen", "4096", "up"],
                      ["address", "add", f"{address}/32", "dev", "t0"],
                      ["route", "add", other, "dev", "t0"]):
        subprocess.run(["ip", "-n", netns, *arguments], check=True)


def wire_alone(stack, programs, folder):
    """Two namespaces and nothing between them but a wire; without a network to judge by, all
    passes."""
    folder.mkdir()
    tun_in("wire-near", NEAR, FAR)
    tun_in("wire-far", FAR, NEAR)
    process = subprocess.Popen([programs / "daemon/egress-wire/egress-wire"], cwd=folder,
                               stdin=subprocess.DEVNULL)
    stack.callback(ended, process)
    wait_for((folder / ".control").exists, "egress-wire")
    integration = {"serverFarm": "plan", "instance": 0, "vnet": "net", "subnet": "near"}
    for netns, in_worker in (("wire-near", True), ("wire-far", False)):
        attach(folder, netns, "wire-t0",
               {"wire": "alone", "inWorker": in_worker, "link": "t0", "integration": integration,
                "impairment": None, "imposed": None})
    return Carried(datapath.Variant("wire alone", "wire-near", "wire-far", FAR), process.pid)


def slirp(stack, folder):
    """A namespace whose packets slirp4netns turns into connections of the machine's own."""
    for netns in ("slirp", "slirp-machine"):
        subprocess.run(["ip", "netns", "add", netns], check=True)
    subprocess.run(["ip", "-n", "slirp", "link", "set", "lo", "up"], check=True)
    subprocess.run(["umount", datapath.netns_file("slirp-machine")], check=True)
    subprocess.run(["mount", "--bind", "/proc/self/ns/net", datapath.netns_file("slirp-machine")],
                   check=True)
    reader, ready = os.pipe()
    with open(folder / "slirp4netns", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["slirp4netns", "--configure", "--mtu=65520", f"--ready-fd={ready}",
             "--netns-type=path", datapath.netns_file("slirp"), "tap0"],
            pass_fds=[ready], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(ended, process)
    os.close(ready)
    with open(reader, "rb") as told:
        if told.read(1) != b"1":
            raise RuntimeError(f"slirp4netns did not start: {folder}/slirp4netns")
    return Carried(datapath.Variant("slirp4netns", "slirp", "slirp-machine", SLIRP_HOST),
                   process.pid)


def large_lab(folder):
    names = [f"Bench{number:04}" for number in range(datapath.LARGE_RULES - 2)]
    labs.write(labs.generated_tags(len(names)), folder / "tags.json")
    names.insert(len(names) // 2, "BenchLarge")
    return labs.path_lab(labs.tag_rules(names), "tags.json")


def prepare(stack, programs, folder):
    lab = large_lab(folder)
    veth, _ = datapath.apply(stack, programs, folder, "veth", lab)
    tun, _ = datapath.apply(stack, programs, folder, "tun", labs.on_wires(lab))
    carrying, = netns_pids("tun-stamp", "egress-wire")
    return {"veth": Carried(veth), "tun": Carried(tun, carrying),
            "wire": wire_alone(stack, programs, folder / "wire"), "slirp": slirp(stack, folder)}


def round_of(programs, paths, number):
    """{cell: {path: rate}}"""
    cells = {cell: ["veth", "tun"] for cell in CELLS}
    cells["bulk"] = cells["bulk"] + ["wire", "slirp"]
    return {cell: {name: rate(programs, paths[name], cell)
                   for name in datapath.rotated(names, number)}
            for cell, names in cells.items()}


def paced(programs, paths):
    """Lost of so many sent, with all processors for whoever wants them."""
    lost = {}
    for name in ("veth", "tun"):
        seen = datapath.load(programs, paths[name].variant, "paced", PACED_MILLISECONDS)
        datapath.forget_flows(paths[name].variant)
        lost[name] = {"sent": seen["sent"], "lost": seen["sent"] - seen["count"]}
    return lost


def creation(programs, folder, lab):
    """Seconds until a lab of many workers is there."""
    folder.mkdir()
    labs.write(lab, folder / "lab.json")
    with daemon.Daemon(programs, folder / "egressd") as running:
        taken = running.ctl("apply", str(folder / "lab.json"))
        running.ctl("down")
    control.settle()
    return taken


def measure(programs, folder, rounds, say):
    """{"rates": {cell: [{path: rate} per round]}, "paced": [{path: {"sent", "lost"}} per round],
    "create": [{path: seconds} per round]}"""
    folder.mkdir()
    one, every = {min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)
    found = {"rates": {cell: [] for cell in CELLS}, "paced": [], "create": []}
    with contextlib.ExitStack() as stack:
        paths = prepare(stack, programs, folder)
        carriers = [path.process for path in paths.values() if path.process is not None]
        for number in range(rounds):
            say(f"wires, round {number + 1} of {rounds}")
            for process in carriers:
                pin(process, one)
            for cell, row in round_of(programs, paths, number).items():
                found["rates"][cell].append(row)
            for process in carriers:
                pin(process, every)
            found["paced"].append(paced(programs, paths))
    workers = labs.hub_and_spokes(1, WORKERS, 1, control.RULES)
    for number in range((rounds + 1) // 2):
        say(f"{WORKERS} workers on wires, round {number + 1}")
        found["create"].append({
            "veth": creation(programs, folder / f"veth-{number}", workers),
            "tun": creation(programs, folder / f"tun-{number}", labs.on_wires(workers))})
    return found
