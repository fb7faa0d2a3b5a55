"""What every contender can be told: the same works, each in its own words."""

import json
import os
from pathlib import Path

from bench import clock, processes
from bench.clock import Command


class Contender:
    """Somebody who keeps processes. `programs` are dicts of `name`, `argv`, `keep_alive`.

    A method that answers a Command is a work whose time is taken; the others prepare it
    or look at what came of it.
    """

    name = ""

    def __init__(self, directory, env):
        self.directory = Path(directory) / self.name
        self.directory.mkdir()
        self.env = dict(env)

    def command(self, *argv, stdin=b""):
        return Command([str(word) for word in argv], self.env, stdin)

    def run(self, *argv, stdin=b""):
        return clock.run(self.command(*argv, stdin=stdin), self.directory)

    def read(self, *argv):
        return clock.read(self.command(*argv), self.directory)

    def prepare(self, programs):
        """Makes known exactly these programs, none running."""

    def start(self, program) -> Command:
        raise NotImplementedError

    def start_all(self, programs) -> Command:
        raise NotImplementedError

    def stop(self, name) -> Command:
        raise NotImplementedError

    def stop_all(self, names) -> Command:
        raise NotImplementedError

    def list(self) -> Command:
        raise NotImplementedError

    def running(self):
        """The pids of the programs that run, by name where it is known."""
        raise NotImplementedError

    def own(self):
        """The pids of the processes that are the contender itself."""
        return []

    def log(self, name):
        """The file that takes the stdout of a program."""
        return self.directory / f"{name}-out.txt"

    def leave(self):
        """Ends the contender itself; what remains is swept by whoever asks."""


class Floor(Contender):
    """Only the system calls that the work cannot do without: see floor.c."""

    name = "floor"

    def __init__(self, directory, env, binary):
        super().__init__(directory, env)
        self.binary = str(binary)

    def start(self, program):
        return self.command(
            self.binary, "start", self.directory, program["name"], *self.words(program)
        )

    def start_all(self, programs):
        names = "\n".join(program["name"] for program in programs).encode()
        words = self.words(programs[0])
        return self.command(self.binary, "start-all", self.directory, *words, stdin=names)

    def words(self, program):
        keeper = [self.binary, "keep"] if program.get("keep_alive") else []
        return keeper + program["argv"]

    def stop(self, name):
        return self.stop_all([name])

    def stop_all(self, names):
        return self.command(self.binary, "stop", self.directory, *names)

    def list(self):
        return self.command(self.binary, "list", self.directory)

    def running(self):
        return {file.stem: int(file.read_text()) for file in self.directory.glob("*.pid")}

    def own(self):
        belonging = processes.of(self.directory)
        return [pid for pid in belonging if processes.program(pid) == "floor"]

    def show(self, running):
        """Makes it list these pids, which somebody else keeps."""
        for name, pid in running.items():
            (self.directory / f"{name}.pid").write_text(f"{pid}\n")


class Bgrun(Contender):
    """Each tool by itself."""

    name = "bgrun"

    def __init__(self, directory, env, bin_dir):
        super().__init__(directory, env)
        self.bin_dir = Path(bin_dir)
        self.env["BGR_HOME"] = str(self.directory / "home")

    def verb(self, verb, *argv, stdin=b""):
        return self.command(self.bin_dir / f"bgrun-{verb}", *argv, stdin=stdin)

    def prepare(self, programs):
        self.run(self.bin_dir / "bgrun-kill", "--nuke")

    def start(self, program):
        if program.get("keep_alive"):
            return self.start_all([program])
        return self.verb("run", program["name"], "--", *program["argv"])

    def start_all(self, programs):
        return self.verb("run", "-", stdin=json.dumps(programs).encode())

    def stop(self, name):
        return self.verb("kill", name)

    def stop_all(self, names):
        return self.verb("kill", "--all")

    def list(self):
        return self.verb("ls", "--json")

    def records(self):
        return json.loads(self.read(self.bin_dir / "bgrun-ls", "--json"))

    def running(self):
        return {record["name"]: record["pid"] for record in self.records() if record["pid"]}

    def own(self):
        return [record["supervisor_pid"] for record in self.records() if record["supervisor_pid"]]

    def log(self, name):
        return Path(self.env["BGR_HOME"]) / f"{name}-out.txt"

    def leave(self):
        if os.path.isdir(self.env["BGR_HOME"]):
            self.run(self.bin_dir / "bgrun-kill", "--nuke", "--timeout", "1")


class ThroughBgrun(Bgrun):
    """The same by way of the dispatcher."""

    name = "through bgrun"

    def verb(self, verb, *argv, stdin=b""):
        return self.command(self.bin_dir / "bgrun", verb, *argv, stdin=stdin)


class WithRecord(Bgrun):
    """The same when the record is asked for, as a program would."""

    name = "with --json"

    def start(self, program):
        return self.verb("run", program["name"], "--json", "--", *program["argv"])

    def stop(self, name):
        return self.verb("kill", "--json", name)


# Other ways of bgrun, shown as works of their own.
WAYS = (ThroughBgrun, WithRecord)
