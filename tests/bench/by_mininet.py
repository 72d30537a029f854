# SPDX-License-Identifier: MIT
"""The other baseline: as many apps in mininet, each a host behind a router host of its own, all
routers on one more. Half the links that egressd makes for a worker with one app, no firewall and no
address translation, so the comparison favours it. No switch and no controller.

Prints {"create": SECONDS, "down": SECONDS} for the number of apps given.
"""

import json
import sys
import time

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node
from mininet.topo import Topo


class Router(Node):
    def config(self, **params):
        super().config(**params)
        self.cmd("sysctl -qw net.ipv4.ip_forward=1")


class Apps(Topo):
    def build(self, count):
        self.addHost("vnet", cls=Router, ip=None)
        for number in range(count):
            app, router = f"app{number}", f"r{number}"
            net = f"10.{1 + number // 250}.{number % 250}"
            self.addHost(router, cls=Router, ip="169.254.129.1/24",
                         defaultRoute=f"via {net}.1")
            self.addHost(app, ip="169.254.129.2/24", defaultRoute="via 169.254.129.1")
            self.addLink(app, router, params2={"ip": "169.254.129.1/24"})
            self.addLink(router, "vnet", params1={"ip": f"{net}.2/24"},
                         params2={"ip": f"{net}.1/24"})


def main():
    setLogLevel("error")
    # Otherwise mininet raises limits of the whole machine.
    Mininet.inited = True
    start = time.monotonic()
    net = Mininet(topo=Apps(int(sys.argv[1])), controller=None)
    net.start()
    created = time.monotonic()
    net.stop()
    print(json.dumps({"create": created - start, "down": time.monotonic() - created}))


if __name__ == "__main__":
    main()
