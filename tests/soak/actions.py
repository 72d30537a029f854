# SPDX-License-Identifier: MIT
"""What is done to a lab: operations, questions and faults, as data that a log keeps and a replay
does again. Each is drawn from the seed, its number and the lab in force, and from nothing else."""

import dataclasses
import json
import random

import scenery
from scenery import LISTS, NOISE, TABLES, noise_route, noise_rule, rule

LAB_FILE = "/run/soak/lab.json"
WRONG_FILE = "/run/soak/wrong.json"
EXPORT_FILE = "/run/soak/export.json"
EVERYBODY = "everybody"
# Where faults happen that concern no steady flow, and where they break a whole network.
NARROW = ["worker-elastic-0", "app-shop-0", "app-api-0", "app-mover-0", "worker-wired-0",
          "app-wired-0", "host-spare", "host-clerk", "vnet-side"]
BROAD = ["vnet-spoke", "vnet-hub", "internet", "stamp", "nat-nat", "worker-still-0", "app-steady-0",
         "host-nva", "host-database"]


@dataclasses.dataclass(frozen=True)
class Action:
    name: str
    kind: str          # how it is done, see performing.py
    words: tuple = ()
    concerns: tuple = ()  # what flows pass: namespaces and apps
    expects: tuple = (0,)
    seconds: float = 0

    def concerned(self, flows):
        if EVERYBODY in self.concerns:
            return [each.name for each in flows]
        return [each.name for each in flows if each.passes.intersection(self.concerns)]

    def text(self):
        return json.dumps(dataclasses.asdict(self))


def from_text(text):
    told = json.loads(text)
    return Action(**{name: tuple(value) if isinstance(value, list) else value
                     for name, value in told.items()})


# --- Operations.

def scale_out_or_in(draw, lab):
    farm = draw.choice(["elastic", "elastic", "wired"])
    capacity = lab["serverFarms"][farm]["capacity"]
    wanted = draw.choice([each for each in (1, 2, 3) if each != capacity])
    return operation("scale", [farm, "--capacity", str(wanted)])


def scale_up(draw, lab):
    farm = draw.choice(["elastic", "elastic", "wired"])
    sku = "P2v3" if lab["serverFarms"][farm]["sku"] == "P1v3" else "P1v3"
    return operation("scale", [farm, "--sku", sku], instances_of(farm))


def restart(draw, lab):
    site = draw.choice(["shop", "api", "mover", "wired"])
    return operation("restart", [site], [site])


def connect_or_disconnect(draw, lab):
    now = lab["sites"]["mover"].get("virtualNetworkSubnet")
    choices = [each for each in (None, "spoke/apps", "spoke/spare-apps") if each != now]
    wanted = draw.choice(choices)
    words = ["connect", "mover", wanted] if wanted else ["disconnect", "mover"]
    return operation(words[0], words[1:], ["mover"])


def set_or_unset(draw, lab, path, value, concerns=()):
    """Takes the property away where it is there, or gives it another value."""
    at = lab
    for part in path.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    if at is not None and draw.random() < 0.6:
        return operation("unset", [path], concerns)
    return operation("set", [path, json.dumps(value)], concerns)


def gate(draw, lab):
    value = rule(200, "Outbound", draw.choice(["Allow", "Deny"]),
                 scenery.ADDRESSES[draw.choice(["database", "vault"])], "7000-7100")
    name = draw.choice(["changing", "second"])
    return set_or_unset(draw, lab, f"networkSecurityGroups.{name}.securityRules.gate", value,
                        instances_of("elastic"))


def noise_in_list(draw, lab):
    number = draw.randrange(len(NOISE))
    path = f"networkSecurityGroups.{draw.choice(LISTS)}.securityRules.{NOISE[number]}"
    return set_or_unset(draw, lab, path, noise_rule(draw, number))


def hole(draw, lab):
    value = {"addressPrefix": draw.choice(["10.0.2.0/24", "10.1.2.0/25", "203.0.113.80/32"]),
             "nextHopType": draw.choice(["None", "Internet"])}
    return set_or_unset(draw, lab, "routeTables.changing-routes.routes.hole", value,
                        instances_of("elastic"))


def noise_in_table(draw, lab):
    number = draw.randrange(len(NOISE))
    path = f"routeTables.{draw.choice(TABLES)}.routes.{NOISE[number]}"
    return set_or_unset(draw, lab, path, noise_route(draw, number))


def other_list(draw, lab):
    path = "virtualNetworks.spoke.subnets.apps.networkSecurityGroup"
    subnet = lab["virtualNetworks"]["spoke"]["subnets"]["apps"]
    wanted = "second" if subnet.get("networkSecurityGroup") == "changing" else "changing"
    return operation("set", [path, wanted], instances_of("elastic"))


def routing(draw, lab):
    on = lab["sites"]["api"]["outboundVnetRouting"]["applicationTraffic"]
    return operation("set", ["sites.api.outboundVnetRouting.applicationTraffic",
                             "false" if on else "true"], ["api"])


def apply_again(draw, lab):
    return Action("apply", "operation", ("apply", LAB_FILE),
                  (*instances_of("elastic"), *instances_of("wired")))


def down(draw, lab):
    return Action("down", "down", (), (EVERYBODY,))


def advance(draw, lab):
    seconds = draw.choice([10, 40, 100, 170, 600, 3600])
    # What is idle for four minutes is forgotten, and connections end with that.
    streams = ("stamp", "nat-nat", "internet") if seconds > 200 else ()
    return operation("clock", ["advance", f"{seconds}s"],
                     tuple(f"{scenery.PREFIX}-{each}" for each in streams))


def wire(draw, lab):
    words = draw.choice([["--latency", "20ms", "--for", "1m"], ["--loss", "30%", "--for", "1m"],
                         ["--hold", "--for", "1m"], ["--clear"]])
    return operation("wire", ["wired", *words], instances_of("wired"))


def refused(draw, lab):
    words = draw.choice([
        ["set", "networkSecurityGroups.changing.securityRules.gate.priority", "7"],
        ["set", "serverFarms.elastic.capacity", "four"],
        ["set", "sites.shop.nobodyKnowsThis", "1"],
        ["delete", "subnet", "spoke/apps"],
        ["connect", "mover", "hub/nowhere"],
        ["scale", "nobody", "--capacity", "2"],
        ["apply", WRONG_FILE]])
    return Action("refused", "operation", tuple(words), (), (1, 3))


def operation(name, words, concerns=()):
    return Action(name, "operation", (name, *words), tuple(concerns))


def instances_of(farm):
    return (scenery.netns("worker", f"{farm}-0"),
            *(site for site, plan in scenery.PLANS.items() if plan == farm))


# --- Questions, which change nothing.

def question(draw, lab):
    site = draw.choice(list(scenery.PLANS))
    host = draw.choice(["database", "vault", "payment", "elsewhere"])
    words = draw.choice([
        ["plan", LAB_FILE], ["plan", LAB_FILE, "--kernel"], ["export"], ["graph"],
        ["effective-routes", "shop"], ["effective-rules", "wired"], ["leases", "spoke/apps"],
        ["env", site], ["startup", site], ["exec", site, "--", "true"], ["validate", LAB_FILE],
        ["resolve", site, f"{draw.choice(['payment', 'elsewhere'])}.example.com"],
        ["ip-flow-verify", "steady", "--remote", "10.1.2.4:7001"],
        ["next-hop", "shop", "10.0.2.4"], ["watch", "--for", "1s"], ["doctor"],
        ["exec", "--host", host, "--", "true"]])
    expects = (0, 1) if words[0] == "doctor" else (0,)
    return Action(f"ask {words[0]}", "question", tuple(words), (), expects)


# --- Faults.

# In the words of the program `change`, which makes them.
CHANGES = ["address added", "address deleted", "foreign route", "foreign table",
           "kernel's route deleted", "link deleted", "link down", "mtu changed",
           "neighbour changed", "neighbour deleted", "route deleted", "rule deleted",
           "rules flushed", "table deleted", "table flushed"]
PORT_CHANGES = ["port deleted", "port down"]


def place_of(draw):
    return draw.choice(BROAD if draw.random() < 0.12 else NARROW)


def change(draw, lab):
    return change_in(f"{scenery.PREFIX}-{place_of(draw)}", draw.choice(CHANGES), draw)


def port_change(draw, lab):
    netns = f"{scenery.PREFIX}-vnet-spoke"
    return dataclasses.replace(change_in(netns, draw.choice(PORT_CHANGES), draw),
                               concerns=instances_of("elastic"))


def change_in(netns, name, draw):
    return Action(name, "change", (netns, name, str(draw.randrange(100))), (netns,))


def held_change(draw, lab):
    done = change(draw, lab)
    return dataclasses.replace(done, name=f"hold, {done.name}", kind="held change")


def namespace_deleted(draw, lab):
    netns = f"{scenery.PREFIX}-{place_of(draw)}"
    return Action("namespace deleted", "namespace deleted", (netns,), (netns,))


def responder_killed(draw, lab):
    return Action("responder killed", "kill", ("egress-host", str(draw.randrange(100))))


def resolver_killed(draw, lab):
    return Action("resolver killed", "kill", ("egress-dns", "0"))


def wire_killed(draw, lab):
    return Action("wire killed", "kill", ("egress-wire", "0"), instances_of("wired"))


def daemon_stopped(draw, lab):
    return Action("daemon stopped", "stop", (), seconds=round(draw.uniform(0.1, 1.5), 3))


def run_folder_removed(draw, lab):
    return Action("run folder removed", "run folder removed", (f"/run/egressd/{scenery.PREFIX}",),
                  instances_of("wired"))


def daemon_killed(draw, lab):
    return Action("daemon killed", "daemon killed")


def daemon_replaced(draw, lab):
    return Action("daemon replaced in calm", "daemon replaced")


def daemon_killed_meanwhile(draw, lab):
    done = drawn(draw, lab, OPERATIONS)
    return dataclasses.replace(done, name=f"daemon killed in {done.name}", kind="killed operation",
                               seconds=round(draw.uniform(0, 0.4), 3))


OPERATIONS = [(3, scale_out_or_in), (2, scale_up), (2, restart), (3, connect_or_disconnect),
              (3, gate), (3, noise_in_list), (2, hole), (2, noise_in_table), (1, other_list),
              (1, routing), (1, apply_again), (1, advance), (1, wire)]
QUESTIONS = [(5, question), (2, refused)]
FAULTS = [(8, change), (1, port_change), (1, held_change), (2, namespace_deleted),
          (1, responder_killed), (1, resolver_killed), (1, wire_killed), (1, daemon_stopped),
          (0.5, run_folder_removed)]
KILLS = [(2, daemon_killed), (3, daemon_killed_meanwhile), (1, daemon_replaced)]
DOWN_SHARE = 0.012


def drawn(draw, lab, choices):
    made = draw.choices([each for _, each in choices], [weight for weight, _ in choices])[0]
    return made(draw, lab)


def next_action(seed, number, lab, may_kill, without):
    """`without` are names of actions that are not to happen."""
    draw = random.Random(f"{seed}/{number}")
    while True:
        kind = draw.random()
        if kind < DOWN_SHARE:
            action = down(draw, lab)
        elif kind < 0.42:
            action = drawn(draw, lab, OPERATIONS)
        elif kind < 0.55:
            action = drawn(draw, lab, QUESTIONS)
        elif kind < 0.92 or not may_kill:
            action = drawn(draw, lab, FAULTS)
        else:
            action = drawn(draw, lab, KILLS)
        if not action.name.endswith(tuple(without)):  # "hold, …" is one, too
            return action
