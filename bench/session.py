"""One run of the benchmark: where it happens, who takes part, how long it may last."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import clock, logs, peers, processes, works
from bench.clock import Failed, Series
from bench.contender import WAYS, Bgrun, Floor
from bench.report import Report

WORKS = {
    "one": works.one,
    "hundred": works.hundred,
    "list": works.listing,
    "crash": works.crash,
    "cost": works.cost,
    "tail": logs.tail,
    "write": logs.write,
}
# Files in memory are written and synced for nothing, and would measure nothing.
IN_MEMORY = ("tmpfs", "ramfs")
ROOM = 4 << 30


class OutOfTime(Exception):
    """The whole run has lasted as long as it may."""


class Bench:
    """What a work is given."""

    def __init__(self, directory, bin_dir, quick, peer_path):
        self.directory = Path(directory)
        self.quick = quick
        self.scratch = self.directory / "scratch"
        self.scratch.mkdir()
        # Small and the same everywhere: what is in it is stored, and read, with each process.
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory),
                    "LANG": "C.UTF-8"}
        self.report = Report(machine())
        self.note = self.report.note
        binary = compile_floor(self.directory)
        self.floor = Floor(directory, self.env, binary)
        self.bgrun = Bgrun(directory, self.env, bin_dir)
        self.ways = [way(directory, self.env, bin_dir) for way in WAYS]
        self.peers = peers.installed(directory, self.env, peer_path)

    def rounds(self, many):
        return max(3, many // 4) if self.quick else many

    def interleave(self, rounds, works):
        """As clock.interleave; answers the series by the names of the contenders."""
        self.time_true()
        series = clock.interleave(rounds, works, 3 if self.quick else 15)
        self.time_true()
        return {getattr(who, "name", who): found for who, found in series.items()}

    def time_true(self):
        """What says how fast this machine is, all through the run."""
        words = clock.read(self.floor.command(self.floor.binary, "true", 20), self.scratch)
        for nanoseconds in words.split():
            self.report.true.add(int(nanoseconds) / 1e9)

    def end(self, contenders):
        """Ends all that runs, so that the next work begins with nothing."""
        for contender in contenders:
            try:
                contender.leave()
            except Failed as failed:
                self.report.remark(f"{contender.name} could not be ended: {failed}")
            processes.sweep(contender.directory)
            for file in contender.directory.glob("*.pid"):
                file.unlink()

    def measure(self, chosen, seconds):
        """Does the chosen works, for so many seconds at most."""

        def out_of_time(*_):
            raise OutOfTime

        def interrupted(number, _):
            sys.exit(128 + number)

        signal.signal(signal.SIGALRM, out_of_time)
        signal.signal(signal.SIGTERM, interrupted)
        signal.alarm(seconds)
        try:
            for name in chosen:
                print(f"measuring: {name}", file=sys.stderr)
                try:
                    WORKS[name](self)
                except (Failed, OSError, ValueError) as failed:
                    self.report.remark(f"{name}: not measured: {failed}")
                    processes.sweep(self.directory)
        except OutOfTime:
            self.report.remark(f"the rest was not measured: {seconds} s were over")
        finally:
            signal.alarm(0)


def compile_floor(directory):
    binary = directory / "floor-program"
    binary.mkdir()
    binary = binary / "floor"
    source = Path(__file__).with_name("floor.c")
    subprocess.run(["gcc", "-std=gnu17", "-O2", "-static", "-o", binary, source], check=True)
    return binary


def machine():
    load = os.getloadavg()[0]
    return {
        "kernel": platform.release(), "cores": os.cpu_count(),
        "load before": round(load, 2),
    }


def file_system(path):
    """The type of the file system that a path is on."""
    device = os.stat(path).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == number:
            return fields[fields.index("-") + 1]
    return "unknown"


def make_directory(root):
    """A temporary directory on a real disk with room for the logs."""
    (root / "target").mkdir(exist_ok=True)
    for place in (os.environ.get("TMPDIR"), "/var/tmp", "/tmp", root / "target"):
        if not place or not os.path.isdir(place) or file_system(place) in IN_MEMORY:
            continue
        if shutil.disk_usage(place).free >= ROOM:
            return Path(tempfile.mkdtemp(prefix="bgrun-bench-", dir=place)).resolve()
    sys.exit("bench: no directory on a disk with 4 GB free; set TMPDIR")
