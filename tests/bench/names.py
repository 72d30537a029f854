# SPDX-License-Identifier: MIT
"""Names: questions a second that the resolver answers on one core, against unbound with the same local
data on a machine of the same network; and whether answers pause while the daemon is killed and starts
again. All servers exist at once; each round asks every one, and a figure is a ratio within one round."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

import daemon
import datapath
import labs

RUNS = 30  # of a cell through all names
GAP_SECONDS = 2
START_SECONDS = 30
# Who asks whom, by what the rows of the report are called.
SERVERS = {
    "azure": ("eg-host-client", "168.63.129.16"),
    "machine": ("eg-host-client", labs.NAME_SERVER),
    "app": ("eg-app-app-0", "127.0.0.11"),
    "unbound": ("eg-host-client", labs.UNBOUND),
}


def cores():
    """One for the server and another, where there is one, for who asks."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


def on_the_clients_core():
    os.sched_setaffinity(0, cores()[1])


def threads(pid):
    return list(pathlib.Path(f"/proc/{pid}/task").iterdir())


def busy_seconds(pid):
    """What the process has had of the processor."""
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0])
               for thread in threads(pid)) / 1e9


def ask(where, questions, pid):
    """Answers per second of the server's processor."""
    netns, server = where
    before = busy_seconds(pid)
    text = subprocess.run(
        ["ip", "netns", "exec", netns, "dnsperf", "-s", server, "-d", str(questions),
         "-n", str(RUNS), "-c", "1", "-T", "1"],
        stdout=subprocess.PIPE, text=True, check=True, preexec_fn=on_the_clients_core).stdout
    busy = busy_seconds(pid) - before
    completed = int(re.search(r"Queries completed: +(\d+)", text)[1])
    right = re.search(r"NOERROR (\d+) ", text)
    if right is None or int(right[1]) != completed or "Queries lost:         0" not in text:
        raise RuntimeError(f"{server} did not answer all questions:\n{text}")
    return completed / busy


def start_unbound(stack, folder):
    configuration = folder / "unbound.conf"
    configuration.write_text(
        'server:\n  username: ""\n  chroot: ""\n  directory: ""\n  pidfile: ""\n  use-syslog: no\n'
        f"  verbosity: 0\n  num-threads: 1\n  interface: {labs.UNBOUND}\n"
        '  access-control: 0.0.0.0/0 allow\n  module-config: "iterator"\n'
        + "".join(f'  local-data: "{name}. 3600 A {address}"\n' for name, address in labs.many_names()),
        encoding="utf-8")
    # Through a pipe, since the profile that AppArmor holds it to lets it read no file of ours.
    process = subprocess.Popen(["ip", "netns", "exec", "eg-host-unbound", "bash", "-c",
                                'exec unbound -d -c <(cat "$0")', str(configuration)])
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process.pid


def wait_for(netns, server):
    deadline = time.monotonic() + START_SECONDS
    name, address = labs.many_names()[0]
    while subprocess.run(["ip", "netns", "exec", netns, "dig", "+short", "+tries=1", "+time=1",
                          f"@{server}", name], stdout=subprocess.PIPE, text=True,
                         check=False).stdout != address + "\n":
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer from {server}")
        time.sleep(0.05)


def gap(running, kill):
    """The longest time between two answers to an app, how many there were, and how many were lost."""
    netns, server = SERVERS["app"]
    with subprocess.Popen(
            ["ip", "netns", "exec", netns, "/usr/bin/python3", "-B",
             pathlib.Path(__file__).parent / "ask_names.py", server, labs.many_names()[0][0]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=on_the_clients_core) as asking:
        time.sleep(GAP_SECONDS / 2)
        if kill:
            running.kill_and_start()
        time.sleep(GAP_SECONDS / 2)
        return json.loads(asking.communicate()[0])


def prepare(stack, programs, folder):
    lab = folder / "lab.json"
    labs.write(labs.names_lab(), lab)
    questions = folder / "questions"
    questions.write_text("".join(f"{name} A\n" for name, _ in labs.many_names()), encoding="ascii")
    running = stack.enter_context(daemon.Daemon(programs, folder / "egressd"))
    stack.callback(running.ctl, "down")
    running.ctl("apply", str(lab))
    resolver = int(subprocess.run(["pgrep", "-x", "egress-dns"], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout)
    pids = {name: resolver for name in SERVERS} | {"unbound": start_unbound(stack, folder)}
    for name, pid in pids.items():
        wait_for(*SERVERS[name])
        for thread in threads(pid):
            os.sched_setaffinity(int(thread.name), cores()[0])
    return running, questions, pids


def measure(programs, folder, rounds, say):
    """Per round: answers a second by server, and what was seen without and with a kill."""
    results = []
    with contextlib.ExitStack() as stack:
        where = pathlib.Path(folder) / "names"
        where.mkdir()
        running, questions, pids = prepare(stack, programs, where)
        for number in range(rounds):
            say(f"names, round {number + 1} of {rounds}")
            rates = {name: ask(SERVERS[name], questions, pids[name])
                     for name in datapath.rotated(list(SERVERS), number)}
            gaps = {kill: gap(running, kill)
                    for kill in datapath.rotated([False, True], number)}
            results.append({"rates": rates, "gaps": gaps})
    return results
