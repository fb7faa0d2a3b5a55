"""What was measured, beside what it may cost: as a table, as JSON."""

import json
from pathlib import Path

from bench.clock import Failed, Series
from bench.contender import WAYS

BUDGETS = json.loads(Path(__file__).with_name("budgets.json").read_text())
REFERENCE = BUDGETS["reference"]
WORKS = BUDGETS["works"]
FACTOR = {"ms": 1000, "MB": 1, "": 1}


class Report:
    """Rows, one for each work and contender."""

    def __init__(self, machine):
        self.machine = machine
        self.true = Series()
        self.measured = {}
        self.remarks = []

    def note(self, work, who, value):
        """`value` is a series of seconds, a number, or the failure to get one."""
        if who in (way.name for way in WAYS):
            work, who = f"{work} {who}", "bgrun"
        if isinstance(value, Failed):
            self.remarks.append(f"{work}, {who}: not measured: {value}")
        elif work in WORKS:
            self.measured.setdefault(work, {})[who] = value

    def remark(self, words):
        self.remarks.append(words)

    def scale(self):
        """How this machine compares with the one that the budgets are from."""
        return self.true.median * 1000 / REFERENCE["true_ms"]

    def rows(self):
        for work, entry in WORKS.items():
            found = self.measured.get(work, {})
            # A way of bgrun has the floor of its work.
            floor = found.get("floor") or self.measured.get(work.split(" ")[0], {}).get("floor")
            if "bgrun" in found:
                yield self.row(work, entry, found, numbers(floor, entry))

    def row(self, work, entry, found, floor):
        ours = numbers(found["bgrun"], entry)
        budget = entry.get("budget")
        allowed = budget
        if budget is not None and entry.get("scales"):
            allowed = budget * self.scale()
        if "times_floor" in entry and floor:
            allowed = floor["median"] * entry["times_floor"]
        others = {who: numbers(value, entry) for who, value in found.items()
                  if who not in ("bgrun", "floor")}
        return {
            "work": work, "title": entry["title"], "unit": entry["unit"], **ours,
            "floor": floor and floor["median"],
            "times_floor": ratio(ours["median"], floor and floor["median"]),
            "reference_floor": entry.get("floor"),
            "budget": budget, "budget_here": allowed,
            "holds": None if allowed is None else ours["median"] <= allowed,
            "others": {who: {**value, "times_bgrun": ratio(value["median"], ours["median"])}
                       for who, value in others.items()},
            "others_at_reference": entry.get("others"),
        }

    def as_json(self, instructions):
        return json.dumps({
            "machine": self.machine,
            "true_ms": self.true.samples and self.true.median * 1000,
            "scale": self.true.samples and self.scale(),
            "works": list(self.rows()) if self.true.samples else [],
            "instructions": instructions,
            "remarks": self.remarks,
        }, indent=1)

    def as_text(self):
        lines = [", ".join(f"{key} {value}" for key, value in self.machine.items())]
        if self.true.samples:
            lines += self.table()
        lines += [f"note: {remark}" for remark in self.remarks]
        return "\n".join(lines)

    def table(self):
        scale = self.scale()
        yield (
            f"fork, exec and wait of `true`: {self.true.median * 1000:.2f} ms here, "
            f"{REFERENCE['true_ms']} ms where the budgets are from ({REFERENCE['machine']}):\n"
            f"single times do not carry over, so budgets of time are multiplied by {scale:.2f}."
        )
        yield ""
        yield (f"{'work':<45} {'median':>9} {'(min..max)':>17} {'floor':>8} {'ratio':>7}"
               f" {'budget':>7} {'here':>7}  holds")
        for row in self.rows():
            unit = row["unit"]
            spread = f"({show(row['min'])}..{show(row['max'])})" if row["rounds"] > 1 else ""
            holds = {None: "", True: "yes", False: "NO"}[row["holds"]]
            yield (f"{row['title']:<45} {show(row['median']) + ' ' + unit:>9} {spread:>17}"
                   f" {show(row['floor']):>8} {times(row['times_floor']):>7}"
                   f" {show(row['budget']):>7} {show(row['budget_here']):>7}  {holds}")
            for who, value in row["others"].items():
                of_ours = times(value["times_bgrun"])
                yield (f"    {who:<41} {show(value['median']) + ' ' + unit:>9}"
                       + (f" {of_ours + ' of bgrun':>17}" if of_ours else ""))
        yield ""


def numbers(value, entry):
    """A series, or a single number, in the unit of its work."""
    if value is None:
        return None
    factor = FACTOR[entry["unit"]]
    if isinstance(value, Series):
        found = (value.median, value.least, value.most)
        return {
            "median": found[0] * factor, "min": found[1] * factor, "max": found[2] * factor,
            "rounds": len(value.samples),
        }
    return {"median": value * factor, "min": value * factor, "max": value * factor, "rounds": 1}


def ratio(value, to):
    return value / to if to else None


def times(number):
    if number is None:
        return ""
    return f"{number:.0f}x" if number >= 10 else f"{number:.1f}x"


def show(number):
    if number is None:
        return ""
    if number >= 100 or number == int(number):
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
