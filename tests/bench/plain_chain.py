# SPDX-License-Identifier: MIT
"""The baseline of the data path: client, router, router, server; three veth pairs made in place,
one queue each, and nothing but forwarding: no nftables, no connection tracking, no rules."""

import subprocess

CLIENT, NEAR, FAR, SERVER = (f"plain-{name}" for name in ("client", "near", "far", "server"))
ADDRESS = "10.3.0.1"

SYSCTLS = ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
           "net.ipv4.conf.default.rp_filter=0"]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def link(left, left_address, right, right_address):
    """A veth pair between two namespaces, each end named after the other's namespace."""
    ends = (left, right, left_address), (right, left, right_address)
    ip("-n", left, "link", "add", right, "numtxqueues", "1", "numrxqueues", "1", "type", "veth",
       "peer", "name", left, "netns", right, "numtxqueues", "1", "numrxqueues", "1")
    for here, there, address in ends:
        ip("-n", here, "address", "add", address, "dev", there)
        ip("-n", here, "link", "set", there, "up")


def create():
    for netns in (CLIENT, NEAR, FAR, SERVER):
        ip("netns", "add", netns)
        ip("-n", netns, "link", "set", "lo", "up")
    for netns in (NEAR, FAR):
        subprocess.run(["ip", "netns", "exec", netns, "sysctl", "-qw", *SYSCTLS], check=True)
    link(CLIENT, "10.1.0.1/24", NEAR, "10.1.0.2/24")
    link(NEAR, "10.2.0.1/24", FAR, "10.2.0.2/24")
    link(FAR, "10.3.0.2/24", SERVER, "10.3.0.1/24")
    ip("-n", CLIENT, "route", "add", "default", "via", "10.1.0.2")
    ip("-n", NEAR, "route", "add", "10.3.0.0/24", "via", "10.2.0.2")
    ip("-n", FAR, "route", "add", "10.1.0.0/24", "via", "10.2.0.1")
    ip("-n", SERVER, "route", "add", "default", "via", "10.3.0.2")
