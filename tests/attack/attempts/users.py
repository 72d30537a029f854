# SPDX-License-Identifier: MIT
"""What a user of the machine who has no rights may do to the daemon, its folders and its processes;
and where a daemon refuses to begin, as somebody else has a hand in its files."""

import os
import pathlib
import subprocess

from table import calls, custom

DENIED = "Permission denied"
NOT_PERMITTED = "Operation not permitted"
NOBODY = "nobody"
RUN = "/run/egressd"
SOCKET = f"{RUN}/egressd.sock"


def of_user(name, function, arguments, expected):
    return calls("user", NOBODY, name, function, arguments, expected)


def daemon_pid(stage):
    return stage.machine.daemon.process.pid


def program_pid(stage):
    """Of a responder, which has outlived nobody yet."""
    for each in pathlib.Path("/proc").glob("[0-9]*/comm"):
        if each.read_text(encoding="utf-8").strip() == "egress-host":
            return int(each.parent.name)
    raise FileNotFoundError("egress-host")


def in_state(name):
    return lambda stage: str(stage.machine.daemon.state / name)


def the_socket():
    yield of_user("connects to the control socket", "connect_unix", [SOCKET], DENIED)
    yield of_user("removes the control socket", "remove", [SOCKET], DENIED)
    yield of_user("puts something in its place", "rename", [SOCKET, SOCKET + ".old"], DENIED)
    for command in (["status"], ["down"], ["exec", "web", "--", "true"]):
        yield of_user(f"egressctl {' '.join(command)}", "run", [
            lambda stage: stage.machine.daemon.client_for_everybody(), *command], "failed")


def folders():
    yield of_user("reads the database", "read", [in_state("egressd.db")], DENIED)
    yield of_user("reads the database's log", "read", [in_state("egressd.db-wal")], DENIED)
    yield of_user("lists the state folder", "list_folder", [in_state("")], DENIED)
    yield of_user("takes the lock of the state folder", "lock", [in_state("egressd.lock")], DENIED)
    yield of_user("lists the claims of prefixes", "list_folder", [f"{RUN}/prefixes"], DENIED)
    yield of_user("takes the claim of a prefix", "lock", [f"{RUN}/prefixes/eg.lock"], DENIED)
    yield of_user("claims another prefix", "create", [f"{RUN}/prefixes/other.lock"], DENIED)
    for folder in (RUN, f"{RUN}/eg", f"{RUN}/eg/processes", "/run/netns"):
        yield of_user(f"writes into {folder}", "create", [f"{folder}/planted"], DENIED)
    yield of_user("moves the run folder away", "rename", [RUN, "/run/moved"], DENIED)
    yield of_user("removes a namespace's name", "remove", ["/run/netns/eg-stamp"],
                  (DENIED, "Device or resource busy"))


def processes():
    folder = f"{RUN}/eg/processes/eg-host-open/responder"
    yield of_user("takes the lock of a program", "lock", [f"{folder}/.process"], DENIED)
    yield of_user("reads what a program is told", "read", [f"{folder}/.attached"], DENIED)
    yield of_user("speaks to a program", "connect_unix", [f"{folder}/.control"], DENIED)
    yield of_user("writes into a program's folder", "create", [f"{folder}/planted"], DENIED)
    for name, pid in (("the daemon", daemon_pid), ("a program", program_pid)):
        yield of_user(f"kills {name}", "kill", [pid], NOT_PERMITTED)
        yield of_user(f"traces {name}", "ptrace", [pid], NOT_PERMITTED)
        yield of_user(f"reads the environment of {name}", "read",
                      [lambda stage, of=pid: f"/proc/{of(stage)}/environ"], DENIED)
        yield of_user(f"enters the network of {name}", "enter",
                      [lambda stage, of=pid: f"/proc/{of(stage)}/ns/net"], DENIED)
    yield of_user("enters a machine by its name", "enter", ["/run/netns/eg-host-database"],
                  NOT_PERMITTED)
    yield of_user("opens a packet socket", "packet_socket", [], NOT_PERMITTED)


def begins(stage, state, run, socket, prefix="zz"):
    """Whether a second daemon begins with these."""
    program = stage.machine.daemon.programs / "daemon/egressd/egressd"
    done = subprocess.Popen([program, "--state-dir", state, "--run-dir", run, "--socket", socket,
                             "--prefix", prefix], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    while done.poll() is None:
        if os.path.exists(socket) and subprocess.run(
                [stage.machine.daemon.ctl_words()[0], "--socket", socket, "clock"], check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            done.terminate()
            done.wait()
            return "begins"
    return "refuses"


def trial(stage):
    folder = pathlib.Path("/run") / f"trial-{stage.number}"
    folder.mkdir()
    return folder


def by_folder(prepare, which):
    """A daemon one of whose folders somebody has prepared."""
    def act(stage):
        folder = trial(stage)
        prepare(folder / which)
        return begins(stage, folder / "state", folder / "run", folder / "socket")
    return act


def nothing(_):
    pass


def link_elsewhere(path):
    target = path.parent / "elsewhere"
    target.mkdir()
    path.symlink_to(target)


def for_everybody(path):
    path.mkdir()
    path.chmod(0o777)


def of_another(path):
    path.mkdir()
    os.chown(path, 65534, 65534)


def plain_file(path):
    path.write_text("precious", encoding="utf-8")


def beside(**changed):
    """A second daemon that has something of the first one's."""
    def act(stage):
        folder = trial(stage)
        first = stage.machine.daemon
        told = {"state": folder / "state", "run": folder / "run", "socket": folder / "socket",
                "prefix": "zz"}
        told.update({key: value(first) for key, value in changed.items()})
        return begins(stage, **told)
    return act


def beginnings():
    def of_root(name, expected, act):
        return custom("user", NOBODY, name, expected)(act)
    yield of_root("control: a daemon in folders of its own", "begins", by_folder(nothing, "run"))
    yield of_root("control: a state folder by a link to it", "begins",
                  by_folder(link_elsewhere, "state"))
    yield of_root("a run folder that is a link", "refuses", by_folder(link_elsewhere, "run"))
    for which in ("state", "run"):
        yield of_root(f"a {which} folder that all may write", "refuses",
                      by_folder(for_everybody, which))
        yield of_root(f"a {which} folder of somebody else", "refuses", by_folder(of_another, which))
        yield of_root(f"a {which} folder that is a file", "refuses", by_folder(plain_file, which))
    yield of_root("a socket's place with a file in it", "refuses", by_folder(plain_file, "socket"))
    yield of_root("a second daemon with the state folder", "refuses",
                  beside(state=lambda first: first.state))
    yield of_root("a second daemon with the prefix", "refuses", beside(prefix=lambda _: "eg"))
    yield of_root("a second daemon with a prefix that names of the lab begin with", "refuses",
                  beside(prefix=lambda _: "eg-app"))


ATTEMPTS = [*the_socket(), *folders(), *processes(), *beginnings()]
