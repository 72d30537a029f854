# SPDX-License-Identifier: MIT
"""What was measured, as a Markdown table and as a plot. Every figure is a ratio within one round:
the median of the rounds, with the smallest and the largest."""

import dataclasses
import statistics

CELLS = {
    "rr": ("TCP round trips of a byte", "{:.0f}/s", 1),
    "crr": ("TCP connections, a byte there and back", "{:.0f}/s", 1),
    "exchanges": ("UDP exchanges, a socket for a question and its answer", "{:.0f}/s", 1),
    "upps": ("one-way UDP, 18 bytes", "{:.0f}/s", 1),
    "bulk": ("bulk TCP, one connection", "{:.1f} Gbit/s", 8e-9),
}
PATH_BUDGETS = {
    "large": {"rr": 1.10, "crr": 0.78, "upps": 1.15, "bulk": 1.15},
    "off": {"rr": 0.80, "crr": 0.70, "upps": 0.65, "bulk": 0.77},
}
EXCHANGES_BUDGET = 1.0
ENTRIES_PER_FLOW = 4  # two routers, two directions
RULES_BUDGET = 0.9
PATHS = {
    "plain": "plain forwarding",
    "tracked": "connection tracking twice and a source NAT, no rules, no lists",
    "pair": "one veth pair, the limit",
    "small": "10 rules",
    "large": "1,000 rules × 10 prefixes, a tag of 10,000",
    "off": "the same with `--fast-path off`",
    "real": "999 rules of regional service tags",
}


WIRE_BUDGETS = {"rr": 0.5, "bulk": 0.6}
SLIRP_BUDGET = 2.5
NAMES_BUDGET = 0.5
SCALED = 20  # workers that the budget of one more is about
SCALE_BUDGET = 0.1
GAP_BUDGET = 2
NAMES = {
    "azure": "Azure DNS, 168.63.129.16",
    "machine": "a machine's `dnsServer`",
    "app": "an app's 127.0.0.11, which asks Azure DNS",
    "unbound": "unbound",
}


@dataclasses.dataclass
class Row:
    what: str
    against: str
    ratios: list
    budget: float = None
    at_least: bool = True  # else at most
    absolute: str = ""
    digits: int = 2

    @property
    def median(self):
        return statistics.median(self.ratios)

    def met(self):
        return self.median >= self.budget if self.at_least else self.median <= self.budget

    def markdown(self):
        budget, verdict = "–", ""
        if self.budget is not None:
            budget = f"{'≥' if self.at_least else '≤'} {self.budget:g}"
            verdict = "met" if self.met() else "**missed**"
        return (f"| {self.what} | {self.against} | {spread(self.ratios, self.digits)} | "
                f"{budget} | {verdict} | {self.absolute} |")


def spread(values, digits):
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f}–{max(values):.{digits}f})")


def table(rows):
    head = ["| what | against | ratio | budget | | absolute |", "|---|---|---|---|---|---|"]
    return "\n".join(head + [row.markdown() for row in rows])


def path_row(cell, rounds, variant, base, budget):
    title, form, scale = CELLS[cell]
    values = [form.format(statistics.median(row[name] for row in rounds) * scale)
              for name in (variant, base)]
    return Row(f"{title}: {PATHS[variant]}", PATHS[base],
               [row[variant] / row[base] for row in rounds], budget, at_least=True,
               absolute=" against ".join(values))


def path_rows(results):
    rates = results["rates"]
    rows = [path_row(cell, rounds, variant, "plain", PATH_BUDGETS.get(variant, {}).get(cell))
            for variant in ("large", "off", "pair", "tracked") for cell, rounds in rates.items()]
    rows += [path_row(cell, rounds, "large", "off",
                      EXCHANGES_BUDGET if cell == "exchanges" else None)
             for cell, rounds in rates.items()]
    variants = [name for name in ("large", "real") if name in results["times"]]
    return rows + [path_row(cell, rounds, variant, "small", RULES_BUDGET)
                   for variant in variants for cell, rounds in rates.items()]


def times_text(results):
    """How long each lab took to load and to apply, in words."""
    return "\n".join(
        f"- {PATHS[name]}: {times['validate']:.2f} s to validate, {times['apply']:.2f} s to apply"
        for name, times in results["times"].items())


def table_text(results):
    """What flows that go the fast way take, in words."""
    size, entries = results["table"]["bytes"], results["table"]["entries"]
    flows = size / entries * ENTRIES_PER_FLOW * 1000
    return (f"- the table of flows: {size / 2**20:.1f} MiB for {entries:,} entries, whatever is in "
            f"it; 1,000 flows through two routers have {flows / 2**10:.0f} KiB of them")


def wire_row(cell, rounds, pair, names, budget):
    title, form, scale = CELLS[cell]
    values = [form.format(statistics.median(row[name] for row in rounds) * scale) for name in pair]
    return Row(f"{title}: {names[0]}", names[1], [row[pair[0]] / row[pair[1]] for row in rounds],
               budget, at_least=True, absolute=" against ".join(values))


def lost_text(rounds, name):
    return (f"{sum(row[name]['lost'] for row in rounds)} of "
            f"{sum(row[name]['sent'] for row in rounds)}")


def wire_rows(found):
    rates, paced = found["rates"], found["paced"]
    rows = [wire_row(cell, rounds, ("tun", "veth"), ("the lab on wires", "on veth pairs"),
                     WIRE_BUDGETS.get(cell)) for cell, rounds in rates.items()]
    rows.append(wire_row("bulk", rates["bulk"], ("wire", "slirp"), ("a wire alone", "slirp4netns"),
                         SLIRP_BUDGET))
    # Where veth pairs lose some the machine has no time for more, and says nothing of wires.
    calm = [row for row in paced if row["veth"]["lost"] == 0] or paced
    rows.append(Row("lost of 100,000 datagrams of 18 bytes a second: the lab on wires", "sent",
                    [row["tun"]["lost"] / row["tun"]["sent"] for row in calm], 0, at_least=False,
                    absolute=f"{lost_text(calm, 'tun')}; on veth pairs {lost_text(calm, 'veth')}",
                    digits=6))
    rows.append(Row("creating 100 workers with one app: on wires", "on veth pairs",
                    [row["tun"] / row["veth"] for row in found["create"]], None, at_least=False,
                    absolute=" against ".join(
                        seconds_text(found["create"], lambda r, name=name: r[name])
                        for name in ("tun", "veth"))))
    return rows


def seconds_text(results, of, digits=2):
    return f"{statistics.median(of(result) for result in results):.{digits}f} s"


def pass_rows(results, size, title, with_budgets):
    steps = [("again", "applied again, nothing differs", None),
             ("idle", "a pass in which nothing differs", 0.02), ("status", "status", None),
             ("plan", "planned again, nothing differs", None), ("rule", "one rule changed", 0.01),
             ("route", "one route changed", 0.01), ("down", "removed", None)]
    return [
        Row(f"{title}: {what}", "creating it", [r[size][step] / r[size]["create"] for r in results],
            budget if with_budgets else None, at_least=False, digits=3,
            absolute=seconds_text(results, lambda r, step=step: r[size][step], 3) + " against " +
            seconds_text(results, lambda r: r[size]["create"]))
        for step, what, budget in steps
    ]


def scale_rows(results, size):
    """Of labs whose plan has room for one instance more."""
    if "scale" not in results[0][size]:
        return []
    return [Row(f"{size} workers with one app: scaled to {size + 1}", "creating them",
                [r[size]["scale"] / r[size]["create"] for r in results],
                SCALE_BUDGET if size == SCALED else None, at_least=False, digits=3,
                absolute=seconds_text(results, lambda r: r[size]["scale"], 3) + " against " +
                seconds_text(results, lambda r: r[size]["create"]))]


def baseline_row(results, what, baseline, step, budget):
    size = results[0]["baseline"]
    return Row(f"{what} {size} workers with one app: {baseline}", "egressd",
               [r[baseline][step] / r[size][step] for r in results], budget, at_least=True,
               digits=1,
               absolute=seconds_text(results, lambda r: r[baseline][step]) + " against " +
               seconds_text(results, lambda r: r[size][step]))


def sizes_of(results):
    return sorted(key for key in results[0] if isinstance(key, int))


def per_worker(results, size):
    """Milliseconds per worker, one figure a round."""
    return [result[size]["create"] / size * 1000 for result in results]


def fast_path_rows(results, size):
    """What ports with the fast path cost."""
    steps = [("create", "created"), ("rule", "one rule changed"), ("scale", "scaled by one"),
             ("down", "removed")]
    return [Row(f"{size} workers with one app: {what}", "with `--fast-path off`",
                [r[size][step] / r["off"][step] for r in results], None, at_least=False,
                absolute=" against ".join(
                    seconds_text(results, lambda r, which=which, step=step: r[which][step], 3)
                    for which in (size, "off")))
            for step, what in steps if step in results[0]["off"]]


def control_rows(results):
    sizes = sizes_of(results)
    rows = [
        baseline_row(results, "creating", "commands", "create", 15),
        baseline_row(results, "creating", "mininet", "create", 15),
        baseline_row(results, "removing", "mininet", "down", 50),
    ]
    size, largest = results[0]["baseline"], sizes[-1]
    if largest != size:
        rows.append(Row(
            f"creating a worker when there are {largest}", f"when there are {size}",
            [large / small for large, small in
             zip(per_worker(results, largest), per_worker(results, size))], 1.3, at_least=False,
            absolute=f"{statistics.median(per_worker(results, largest)):.2f} ms against "
                     f"{statistics.median(per_worker(results, size)):.2f} ms"))
    rows += fast_path_rows(results, size)
    for size in sizes:
        rows += pass_rows(results, size, f"{size} workers with one app", size == largest)
        rows += scale_rows(results, size)
    return rows + pass_rows(results, "mixed", "20 workers, 40 apps, 5 VNets, 200 rules each", False)


def list_rows(results):
    steps = [("replaced", "replaced by others"), ("after kill -9", "replaced after kill -9")]
    return [
        Row(f"{title}: {what}", "applying them first",
            [r[title][step] / r[title]["first"] for r in results], 2, at_least=False,
            absolute=seconds_text(results, lambda r, t=title, s=step: r[t][s]) + " against " +
            seconds_text(results, lambda r, t=title: r[t]["first"]))
        for title in results[0] for step, what in steps
    ]


def startup_rows(results):
    return [Row("starts of 100 apps, image and vault reference each", "creating and starting them",
                [r["starts"] / r["create"] for r in results],
                absolute=seconds_text(results, lambda r: r["starts"]) + " against " +
                seconds_text(results, lambda r: r["create"]))]


def rate_row(results, name, budget):
    values = [statistics.median(r["rates"][which] for r in results) for which in (name, "unbound")]
    return Row(f"questions a second on one core: {NAMES[name]}", NAMES["unbound"],
               [r["rates"][name] / r["rates"]["unbound"] for r in results], budget, at_least=True,
               absolute=" against ".join(f"{value:.0f}/s" for value in values))


def name_rows(results):
    gaps = [(r["gaps"][True], r["gaps"][False]) for r in results]
    longest = [statistics.median(pair[i]["longest"] for pair in gaps) * 1000 for i in range(2)]
    return [
        rate_row(results, "azure", NAMES_BUDGET),
        rate_row(results, "machine", NAMES_BUDGET),
        rate_row(results, "app", None),
        Row("longest time between two answers, kill -9 of the daemon and its next start", "it runs",
            [killed["longest"] / calm["longest"] for killed, calm in gaps], GAP_BUDGET, at_least=False,
            absolute=f"{longest[0]:.1f} ms against {longest[1]:.1f} ms"),
        Row("answers lost over these kills", "answers",
            [killed["lost"] / killed["answers"] for killed, _ in gaps], 0, at_least=False,
            absolute=f"{sum(killed['lost'] for killed, _ in gaps)} against "
                     f"{sum(killed['answers'] for killed, _ in gaps)}"),
    ]


def plot_budgets(axes, rows):
    """Each ratio with its spread, and its budget as a bar across."""
    for position, row in enumerate(reversed(rows)):
        below, above = row.median - min(row.ratios), max(row.ratios) - row.median
        colour = "tab:gray"
        if row.budget is not None:
            colour = "tab:green" if row.met() else "tab:red"
            axes.vlines(row.budget, position - 0.35, position + 0.35, color="black")
        axes.errorbar(row.median, position, xerr=[[below], [above]], fmt="o", color=colour,
                      capsize=3)
    axes.set_yticks(range(len(rows)), [f"{row.what}\nagainst {row.against}"
                                       for row in reversed(rows)], fontsize=7)
    axes.set_xlim(left=0)
    axes.set_title("Data path: ratio with spread; bar: budget", fontsize=9)
    axes.grid(axis="x", alpha=0.3)


def plot_growth(axes, results):
    sizes = sizes_of(results)
    values = [per_worker(results, size) for size in sizes]
    medians = [statistics.median(value) for value in values]
    spreads = [[middle - min(value) for middle, value in zip(medians, values)],
               [max(value) - middle for middle, value in zip(medians, values)]]
    axes.errorbar(sizes, medians, yerr=spreads, fmt="o-", capsize=3)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("workers with one app")
    axes.set_title("Creating a worker, ms", fontsize=9)
    axes.grid(alpha=0.3)


def plot(rows, results, path):
    import matplotlib  # not needed to print the table

    matplotlib.use("svg")
    from matplotlib import pyplot
    # The same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "egressd"
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 0.45 * len(rows) + 1.2), width_ratios=[2, 1], layout="constrained")
    plot_budgets(left, rows)
    plot_growth(right, results)
    figure.savefig(path, metadata={"Date": None})
