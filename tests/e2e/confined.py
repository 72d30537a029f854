#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs COMMAND with what a systemd unit leaves a service: confined.py UNIT COMMAND [ARGUMENT...]

Capabilities, system calls, address families, kinds of namespaces, writable code and the umask, as
systemd.exec(5) has them; devices are a control group's, and not restricted here. A call that is not
allowed ends the program, so that none goes unseen.
"""

import configparser
import os
import subprocess
import sys

import seccomp

CLONE_FLAGS = {"cgroup": 0x02000000, "ipc": 0x08000000, "net": 0x40000000, "mnt": 0x00020000,
               "pid": 0x20000000, "user": 0x10000000, "uts": 0x04000000}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
HIGHEST_FAMILY = 45
PROT_WRITE, PROT_EXEC = 2, 4


def service(unit):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(unit)
    return parser["Service"]


def members(name):
    """The calls that a word of SystemCallFilter= stands for."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    words = (line.strip() for line in listed.splitlines()[1:])
    calls = set()
    for word in words:
        if word and not word.startswith("#"):
            calls |= members(word)
    return calls


def restrict_calls(settings):
    allowed = {call for word in settings["SystemCallFilter"].split() for call in members(word)}
    # What systemd itself needs until the service runs, as it has it: @default.
    allowed |= members("@default")
    everything = members("@known")
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    for call in sorted(everything - allowed):
        try:
            filter_.add_rule(seccomp.KILL_PROCESS, call)
        except RuntimeError:
            pass  # none of this machine's
    families = {FAMILIES[word] for word in settings["RestrictAddressFamilies"].split()}
    for family in set(range(HIGHEST_FAMILY + 1)) - families:
        filter_.add_rule(seccomp.KILL_PROCESS, "socket", seccomp.Arg(0, seccomp.EQ, family))
    for kind in set(CLONE_FLAGS) - set(settings["RestrictNamespaces"].split()):
        flag = CLONE_FLAGS[kind]
        for call, argument in (("unshare", 0), ("clone", 0), ("setns", 1)):
            filter_.add_rule(seccomp.KILL_PROCESS, call,
                             seccomp.Arg(argument, seccomp.MASKED_EQ, flag, flag))
    if settings["MemoryDenyWriteExecute"] == "yes":
        both = PROT_WRITE | PROT_EXEC
        filter_.add_rule(seccomp.KILL_PROCESS, "mmap",
                         seccomp.Arg(2, seccomp.MASKED_EQ, both, both))
        filter_.add_rule(seccomp.KILL_PROCESS, "mprotect",
                         seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, PROT_EXEC))
    filter_.load()


def main():
    unit, *command = sys.argv[1:]
    if command[0] == "--confine":
        restrict_calls(service(unit))
        os.execvp(command[1], command[1:])
    settings = service(unit)
    os.umask(int(settings["UMask"], 8))
    kept = ["-all", *("+" + word.removeprefix("CAP_").lower()
                      for word in settings["CapabilityBoundingSet"].split())]
    os.execvp("setpriv", ["setpriv", "--no-new-privs", f"--bounding-set={','.join(kept)}",
                          "--inh-caps=-all", sys.executable, __file__, unit, "--confine", *command])


if __name__ == "__main__":
    main()
