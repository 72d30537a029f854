# SPDX-License-Identifier: MIT
"""The baseline: what egressd makes for a worker with one app, made with a process per command."""

import subprocess

NFT = """table ip egressd {
  chain prerouting {
    type filter hook prerouting priority -150; policy accept;
    iifname "v-app" meta mark set 1
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "v-app" oifname "integ0" accept
    iifname "e-app" oifname "direct0" accept
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "integ0" snat to 10.1.%d.%d
    oifname "direct0" snat to 240.0.%d.%d
  }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    meta l4proto tcp reject with tcp reset
    reject
  }
}
"""


def run(*command, text=None):
    subprocess.run(command, check=True, input=text, text=True, stdout=subprocess.DEVNULL)


def ip(netns, *arguments):
    run("ip", "-n", netns, *arguments)


def veth(netns, name, peer_netns, peer):
    run("ip", "link", "add", name, "netns", netns, "type", "veth",
        "peer", "name", peer, "netns", peer_netns)
    ip(netns, "link", "set", name, "up")
    ip(peer_netns, "link", "set", peer, "up")


def forward(netns, link):
    run("ip", "netns", "exec", netns, "sysctl", "-qw", f"net.ipv4.conf.{link}.forwarding=1")


def create_fabric():
    for netns in ("base-vnet", "base-stamp"):
        run("ip", "netns", "add", netns)
        ip(netns, "link", "set", "lo", "up")


def create_worker(number):
    app, worker = f"base-app-{number}", f"base-worker-{number}"
    high, low = divmod(number + 4, 256)
    for netns in (app, worker):
        run("ip", "netns", "add", netns)
        ip(netns, "link", "set", "lo", "up")
    veth(app, "eth0", worker, "e-app")
    veth(app, "vnet0", worker, "v-app")
    veth(worker, "integ0", "base-vnet", f"w-{number}")
    veth(worker, "direct0", "base-stamp", f"d-{number}")
    ip(app, "address", "add", "169.254.129.2/24", "dev", "eth0")
    ip(app, "address", "add", "169.254.254.2/24", "dev", "vnet0")
    ip(app, "route", "add", "default", "via", "169.254.254.1", "dev", "vnet0")
    ip(worker, "address", "add", "169.254.129.1/24", "dev", "e-app")
    ip(worker, "address", "add", "169.254.254.1/24", "dev", "v-app")
    ip(worker, "address", "add", f"10.1.{high}.{low}/32", "dev", "integ0")
    ip(worker, "address", "add", f"240.0.{high}.{low}/32", "dev", "direct0")
    ip(worker, "route", "add", "default", "dev", "direct0")
    ip(worker, "route", "add", "default", "dev", "integ0", "table", "101")
    ip(worker, "rule", "add", "fwmark", "1", "lookup", "101")
    ip("base-vnet", "route", "add", f"10.1.{high}.{low}/32", "dev", f"w-{number}")
    ip("base-stamp", "route", "add", f"240.0.{high}.{low}/32", "dev", f"d-{number}")
    for link in ("e-app", "v-app", "integ0", "direct0"):
        forward(worker, link)
    forward("base-vnet", f"w-{number}")
    forward("base-stamp", f"d-{number}")
    run("ip", "netns", "exec", worker, "nft", "-f", "-", text=NFT % (high, low, high, low))


def create(count):
    create_fabric()
    for number in range(count):
        create_worker(number)


def remove(count):
    names = [f"base-{kind}-{n}" for n in range(count) for kind in ("app", "worker")]
    for netns in names + ["base-vnet", "base-stamp"]:
        run("ip", "netns", "delete", netns)
