"""The works that are measured with logs: writing at full speed, the last lines, following."""

import os
import shutil
import statistics
import subprocess
import time

from bench import clock, processes
from bench.clock import Command, Failed
from bench.works import program

FULL_SPEED_MEGABYTES = 500
BIG_MEGABYTES = 1024
LINES = 100


def write(bench):
    """500 MB of lines written at full speed: how long it takes who writes them, and what
    the contender itself spends on it."""
    contenders = [bench.floor, bench.bgrun, *bench.peers]
    report = bench.directory / "report"
    argv = [str(bench.floor.binary), "write", str(FULL_SPEED_MEGABYTES), str(report)]
    rounds = bench.rounds(8)
    spent = {contender.name: [] for contender in contenders}
    for contender in contenders:
        contender.prepare([program(at, argv) for at in range(rounds)])

    def sample_of(contender):
        def sample(at):
            daemon = contender.own() if contender in bench.peers else []
            before = sum(map(processes.cpu_seconds, daemon))
            clock.run(contender.start(program(at, argv)), bench.scratch)
            # A supervisor of one process is gone with it, so it is asked while it lives.
            cpu = 0 if daemon else last_cpu(contender, report)
            clock.wait_for(report.exists, 60, f"{contender.name}: all is written")
            took = int(report.read_text()) / 1e9
            if daemon:
                cpu = until_idle(daemon) - before
            spent[contender.name].append(cpu)
            report.unlink()
            contender.log(f"w{at}").unlink(missing_ok=True)
            return took

        return sample

    series = bench.interleave(rounds, {each: sample_of(each) for each in contenders})
    for name, each in series.items():
        bench.note("write", name, each)
    for name, values in spent.items():
        if values:
            bench.note("write-cpu", name, statistics.median(values))
    bench.end(contenders)


def last_cpu(contender, report):
    """What the supervisors have used between the start of the work and its end."""
    own = [pid for pid in processes.of(contender.directory)
           if processes.program(pid) in ("bgrun-supervise", "floor")
           and processes.children(pid)]
    first, last = None, 0
    while not report.exists():
        try:
            last = sum(map(processes.cpu_seconds, own))
        except OSError:
            break
        first = last if first is None else first
        time.sleep(0.002)
    return last - (first or 0)


def until_idle(pids):
    """The time on a CPU of processes, once it no longer grows."""
    used = sum(map(processes.cpu_seconds, pids))
    for _ in range(100):
        time.sleep(0.1)
        now = sum(map(processes.cpu_seconds, pids))
        if now - used < 0.001:
            return now
        used = now
    return used


def tail(bench):
    """The last 100 lines of a log of 1 GB, written by a process that was run for it."""
    report = bench.directory / "report"
    name, log = big_log(bench, report)
    last = subprocess.run(["tail", "-n", str(LINES), str(log)], stdout=subprocess.PIPE, check=True)
    works = {
        bench.floor: bench.floor.command(bench.floor.binary, "tail", log),
        bench.bgrun: bench.bgrun.verb("logs", name, "--stdout", "-n", LINES),
        "tail(1)": Command([shutil.which("tail"), "-n", str(LINES), str(log)], bench.env),
    }
    for who, command in works.items():
        if clock.read(command, bench.scratch) != last.stdout:
            raise Failed(f"{getattr(who, 'name', who)} prints other lines than tail(1)")
    series = bench.interleave(
        bench.rounds(40),
        {who: lambda _, command=command: clock.run(command, bench.scratch)
         for who, command in works.items()},
    )
    for who, each in series.items():
        bench.note("tail", who, each)
    follow(bench, name, log)
    search(bench, name, log)
    log.unlink()
    bench.end([bench.bgrun])


def big_log(bench, report):
    bench.bgrun.prepare([])
    argv = [str(bench.floor.binary), "write", str(BIG_MEGABYTES), str(report)]
    clock.run(bench.bgrun.start(program("big", argv)), bench.scratch)
    clock.wait_for(report.exists, 120, "1 GB is written")
    report.unlink()
    log = bench.bgrun.log("wbig")
    # So that its way to the disk is not in the way of what is measured.
    with open(log, "rb") as file:
        os.fsync(file.fileno())
    return "wbig", log


# What is searched for, by the work; RARE lines are put into the log for it.
RARE = b"2026-11-23T10:00:00Z ERROR payment refused after %d ms\n"
SEARCHES = {
    "grep": "payment refused",
    "grep-regex": "(payment|order) [a-z]+ after [0-9]+ ms$",
    "grep-none": "no such thing 123456",
}


def search(bench, name, log):
    """Lines of a log of 1 GB that match, beside GNU grep and ripgrep. All print the same."""
    with open(log, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for at in range(10):
            file.seek(size // 10 * at)
            file.readline()
            # A line that is not shorter is overwritten: the length stays.
            file.write(RARE % (1000 + at))
        file.seek(0, os.SEEK_END)
        file.write(RARE % 2000)
    for work, pattern in SEARCHES.items():
        ours = bench.bgrun.verb("logs", name, "--stdout", "--grep", pattern)
        works = {bench.bgrun: ours}
        for who, program, words in (
            ("grep(1)", "grep", ["-a", "-E"]),
            ("ripgrep", "rg", ["--no-config", "-a", "-N"]),
        ):
            if path := shutil.which(program):
                # Both end with 1 when nothing matches.
                code = 1 if work == "grep-none" else 0
                argv = [path, *words, pattern, str(log)]
                works[who] = Command(argv, {**bench.env, "LC_ALL": "C.UTF-8"}, code=code)
            else:
                bench.report.remark(f"{work}: {program} is not installed")
        expected = clock.read(ours, bench.scratch)
        if (work == "grep-none") != (expected == b""):
            raise Failed(f"{work}: bgrun found {len(expected)} bytes")
        for who, command in works.items():
            if clock.read(command, bench.scratch) != expected:
                raise Failed(f"{getattr(who, 'name', who)} finds other lines than bgrun")
        series = bench.interleave(
            bench.rounds(12),
            {who: lambda _, command=command: clock.run(command, bench.scratch)
             for who, command in works.items()},
        )
        for who, each in series.items():
            bench.note(work, who, each)


def follow(bench, name, log):
    """From the write of a line until it comes out of a follower."""
    commands = {
        bench.floor: [bench.floor.binary, "follow", log],
        bench.bgrun: [bench.bgrun.bin_dir / "bgrun-logs", name, "--stdout", "-f", "-n", "0"],
        "tail(1)": [shutil.which("tail"), "-n", "0", "-f", log],
    }
    # One after the other: two who are woken by the same write would wait for each other.
    for who, argv in commands.items():
        follower = subprocess.Popen(
            list(map(str, argv)), env=bench.bgrun.env, stdout=subprocess.PIPE, bufsize=0
        )
        try:
            bench.note("follow", getattr(who, "name", who), latencies(follower, log, bench.rounds(60)))
        finally:
            follower.kill()
            follower.wait()
            follower.stdout.close()


def latencies(follower, log, rounds):
    series = clock.Series()
    with open(log, "ab", buffering=0) as out:
        for at in range(rounds + 5):
            # It sleeps again by then; and the first lines may come before it looks.
            time.sleep(0.2 if at == 0 else 0.01)
            line = b"%d\n" % time.monotonic_ns()
            start = time.perf_counter()
            out.write(line)
            came = follower.stdout.read(len(line))
            took = time.perf_counter() - start
            if came != line:
                raise Failed(f"a follower gave {came!r} for {line!r}")
            if at >= 5:
                series.add(took)
    return series
