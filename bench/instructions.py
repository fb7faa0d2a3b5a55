"""Instruction counts: a regression is seen on a noisy machine too.

Each tool is counted by valgrind's callgrind, alone: what it starts runs as it is. The
supervisor is counted by putting a script in its place that starts the real one under
valgrind. Compared with instructions.json, which is written by `--accept`.
"""

import json
import platform
import subprocess
from pathlib import Path

from bench import clock, valgrind
from bench.clock import Failed
from bench.contender import Bgrun
from bench.works import HUNDRED, SLEEP, program

ACCEPTED = Path(__file__).with_name("instructions.json")
# Of another address, another pid, another directory.
NOISE = 0.05
MAY_NOT_BE_EXECUTED = 126


def check(bench, accept):
    """Counts, and compares or accepts. Answers the counts and the exit status."""
    accepted = json.loads(ACCEPTED.read_text()) if ACCEPTED.exists() else {"instructions": {}}
    try:
        counter = valgrind.Counter(bench.directory)
    except Failed as failed:
        bench.report.remark(f"instructions: not counted: {failed}")
        return None, 1
    counted = count_all(bench, counter)
    made_by = {"machine": platform.machine(), "rustc": rustc(), "valgrind": counter.version}
    rows = [compare(what, now, accepted["instructions"].get(what))
            for what, now in counted.items()]
    for key, value in made_by.items():
        if accepted.get("made_by", made_by)[key] != value:
            bench.report.remark(
                f"instructions: accepted with {key} {accepted['made_by'][key]}, this is {value}"
            )
    failures = {what: count for what, count in counted.items() if isinstance(count, Failed)}
    for what, failed in failures.items():
        bench.report.remark(f"instructions: {what}: not counted: {failed}")
    if accept and not failures:
        text = json.dumps({"made_by": made_by, "instructions": counted}, indent=2)
        ACCEPTED.write_text(text + "\n")
        return rows, 0
    return rows, 1 if failures or any(row["grown"] for row in rows) else 0


def compare(what, now, before):
    now = None if isinstance(now, Failed) else now
    change = (now - before) / before if now and before else None
    return {
        "what": what, "instructions": now, "accepted": before, "change": change,
        "grown": change is not None and change > NOISE,
    }


def count_all(bench, counter):
    """Counts by what was counted; a Failed where it could not be."""
    bin_dir, supervised = counter.copy_tools(bench.bgrun.bin_dir)
    tools = Bgrun(bench.scratch, bench.env, bin_dir)
    counts = {}

    def note(what, *argv, code=0):
        command = tools.command(*argv)
        command.code = code
        try:
            counts[what] = counter.count(command, bench.scratch)
        except Failed as failed:
            counts[what] = failed

    # The verb is there and may not be executed, so what is counted is all that the
    # dispatcher does, and that it says so.
    note("bgrun, a verb", bin_dir / "bgrun", "broken", code=MAY_NOT_BE_EXECUTED)
    tools.run(bin_dir / "bgrun-run", "w0", "--", *SLEEP)
    note("bgrun-ls --json, 1 running", bin_dir / "bgrun-ls", "--json")
    note("bgrun-run, start one", bin_dir / "bgrun-run", "w1", "--", *SLEEP)
    note("bgrun-kill, stop one", bin_dir / "bgrun-kill", "w1")
    try:
        # A process that ends by itself, so that the supervisor does.
        tools.run(supervised / "bgrun-run", "short", "--", "true")
        counts["bgrun-supervise, one run"] = counter.result("supervise")
    except Failed as failed:
        counts["bgrun-supervise, one run"] = failed
    clock.run(tools.start_all([program(at) for at in range(1, HUNDRED)]), bench.scratch)
    note(f"bgrun-ls --json, {HUNDRED} running", bin_dir / "bgrun-ls", "--json")
    bench.end([tools])
    return counts


def rustc():
    words = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, check=False)
    return " ".join(words.stdout.split()[1:2])


def as_text(rows):
    lines = [f"{'instructions':<45} {'counted':>12} {'accepted':>12} {'change':>8}"]
    for row in rows:
        change = "" if row["change"] is None else f"{row['change'] * 100:+.1f} %"
        verdict = "  GROWN" if row["grown"] else ""
        lines.append(f"{row['what']:<45} {grouped(row['instructions']):>12}"
                     f" {grouped(row['accepted']):>12} {change:>8}{verdict}")
    return "\n".join(lines)


def grouped(number):
    return "" if number is None else f"{number:,}"
