# SPDX-License-Identifier: MIT
"""The baselines of the data path: client, router, router, server; three veth pairs made in place,
one queue each. The plain one does nothing but forward: no nftables, no connection tracking, no
rules. The tracked one does what no stateful design can do without: connection tracking in both
routers, and a source NAT in the first. And one such pair alone, which is what nothing on the way
could be faster than."""

import subprocess

ADDRESS = "10.3.0.1"
SOURCE, TRACKED_SOURCE, PAIR_SOURCE = "10.1.0.1", "10.2.0.1", "10.3.0.2"

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


def names(prefix):
    return [f"{prefix}-{name}" for name in ("client", "near", "far", "server")]


def create(prefix):
    client, near, far, server = names(prefix)
    for netns in (client, near, far, server):
        ip("netns", "add", netns)
        ip("-n", netns, "link", "set", "lo", "up")
    for netns in (near, far):
        subprocess.run(["ip", "netns", "exec", netns, "sysctl", "-qw", *SYSCTLS], check=True)
    link(client, "10.1.0.1/24", near, "10.1.0.2/24")
    link(near, "10.2.0.1/24", far, "10.2.0.2/24")
    link(far, "10.3.0.2/24", server, "10.3.0.1/24")
    ip("-n", client, "route", "add", "default", "via", "10.1.0.2")
    ip("-n", near, "route", "add", "10.3.0.0/24", "via", "10.2.0.2")
    ip("-n", far, "route", "add", "10.1.0.0/24", "via", "10.2.0.1")
    ip("-n", server, "route", "add", "default", "via", "10.3.0.2")


def create_pair(prefix):
    client, _, _, server = names(prefix)
    for netns in (client, server):
        ip("netns", "add", netns)
        ip("-n", netns, "link", "set", "lo", "up")
    link(client, "10.3.0.2/24", server, "10.3.0.1/24")


def nft(netns, *lines):
    subprocess.run(["ip", "netns", "exec", netns, "nft", "-f", "-"], check=True, text=True,
                   input="\n".join(lines) + "\n")


def create_tracked(prefix):
    create(prefix)
    _, near, far, _ = names(prefix)
    for netns in (near, far):
        nft(netns, "add table ip t", "add chain ip t f { type filter hook forward priority 0; }",
            "add rule ip t f ct state established,related accept")
    nft(near, "add chain ip t p { type nat hook postrouting priority 100; }",
        f"add rule ip t p oifname {far} snat to {TRACKED_SOURCE}")
