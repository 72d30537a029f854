#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: ask_names.py SERVER NAME

Asks for the address of a name again and again, each time as soon as the answer to the question before
is there, until its standard input ends, and prints how many answers came, how many were lost and the
longest time between two."""

import json
import select
import socket
import struct
import sys
import time

LOST_SECONDS = 10  # longer than an app's resolver tries


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return labels + b"\0" + struct.pack(">HH", 1, 1)


def main(server, name):
    body = question(name)
    answers, lost, longest = 0, 0, 0.0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((server, 53))
        asking.settimeout(LOST_SECONDS)
        last = time.monotonic()
        while not select.select([sys.stdin], [], [], 0)[0]:
            number = (answers + lost) % 65536
            asking.send(struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + body)
            try:
                answer = asking.recv(512)
                while answer[:2] != struct.pack(">H", number):
                    answer = asking.recv(512)
                answers += 1
            except TimeoutError:
                lost += 1
            now = time.monotonic()
            longest = max(longest, now - last)
            last = now
    print(json.dumps({"answers": answers, "lost": lost, "longest": longest}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
