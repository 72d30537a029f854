# SPDX-License-Identifier: MIT
"""The attacker's hand in an app or on a machine: `egressctl exec` starts it there. Does what its
standard input says, a JSON object a line, and answers each with one:

{"link": NAME, "frames": [HEX…]}   puts frames on a link
{"call": NAME, "arguments": […]}   calls one of the functions below

Needs nothing but Python itself, as it starts in many places."""

import ctypes
import json
import os
import resource
import socket
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
MS_BIND = 4096

links = {}  # name → packet socket
kept = []   # what stays open as long as the agent


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def enter(path):
    with open(path, "rb") as netns:
        checked(LIBC.setns(netns.fileno(), CLONE_NEWNET))
    return "entered"


def unshare_network():
    checked(LIBC.unshare(CLONE_NEWNET))
    return "a namespace of its own"


def mount(what, where):
    checked(LIBC.mount(what.encode(), where.encode(), b"tmpfs" if what == "none" else None,
                       0 if what == "none" else MS_BIND, None))
    return "mounted"


def ptrace(pid):
    checked(LIBC.ptrace(16, pid, None, None))  # PTRACE_ATTACH
    os.waitpid(pid, 0)
    LIBC.ptrace(17, pid, None, None)
    return "attached"


def read(path):
    with open(path, "rb") as file:
        file.read(64)
    return "read"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return "written"


def create(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    return "created"


def lock(path):
    """Takes the lock of a file that it may open, if only for reading."""
    import fcntl
    file = open(path, "rb")
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    kept.append(file)
    return "locked"


def remove(path):
    os.unlink(path)
    return "removed"


def rename(path, other):
    os.rename(path, other)
    return "renamed"


def list_folder(path):
    return f"{len(os.listdir(path))} entries"


def kill(pid):
    os.kill(pid, 0)
    return "may be killed"


def connect_unix(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    return "connected"


def connect(address, port, device=None, ttl=None):
    """A connection, perhaps bound to an interface; the first line that the far end says."""
    with socket.socket() as client:
        client.settimeout(1)
        if device:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if ttl:
            client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        client.connect((address, port))
    return "connected"


def half_requests(address, port, count):
    """As many clients as asked for, who begin to ask and never end."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    begun = 0
    for _ in range(count):
        client = socket.socket()
        client.settimeout(1)
        kept.append(client)
        try:
            client.connect((address, port))
            client.sendall(b"GET / HT")
            begun += 1
        except OSError:
            pass
    return begun


def let_go():
    for each in kept:
        each.close()
    kept.clear()
    return "let go"


def request(address, port):
    with socket.socket() as client:
        client.settimeout(5)
        client.connect((address, port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return "answered" if client.recv(100).startswith(b"HTTP/1.1 200") else "cut off"


def refusals(address, port, count):
    """How many of so many datagrams are refused, as their sender is told."""
    refused = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((address, port))
        for _ in range(count):
            try:
                client.send(b"x")
                client.recv(1)
            except ConnectionRefusedError:
                refused += 1
            except TimeoutError:
                pass
    return f"{refused} of {count} refused"


def datagrams(network, count, device):
    """One to each address of a /16, for which the kernel needs a neighbour if it is on the link. A
    socket waits for few of its own."""
    sent = 0
    for number in range(count):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        try:
            client.sendto(b"x", (f"{network}.{number >> 8}.{number & 255}", 9))
            sent += 1
        except OSError:
            pass
        client.close()
    return f"{sent} sent"


def listen(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))
    server.listen()
    kept.append(server)
    return "listening"


def raw_socket(protocol):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol).close()
    return "opened"


def packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    return "opened"


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    return "done" if done.returncode == 0 else "failed"


def send_frames(link, frames):
    if link not in links:
        links[link] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        links[link].bind((link, 0))
    for frame in frames:
        links[link].send(bytes.fromhex(frame))
    return "sent"


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if "frames" in asked:
                said = send_frames(asked["link"], asked["frames"])
            else:
                said = globals()[asked["call"]](*asked["arguments"])
        except OSError as error:
            said = error.strerror or type(error).__name__
        print(json.dumps(said), flush=True)


main()
