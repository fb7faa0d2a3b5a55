"""Time: how long a command takes until it returns, and what many rounds say together.

Commands are started by posix_spawn, which copies nothing of this interpreter, and their
output goes to a file, so that what is measured is the command.
"""

import os
import statistics
import time
from dataclasses import dataclass, field


class Failed(Exception):
    """A command did not do its work, so its time means nothing."""


@dataclass
class Command:
    """What is executed, and the exit code that it is to end with. `until` are processes
    that must be gone before the clock stops."""

    argv: list
    env: dict
    stdin: bytes = b""
    code: int = 0
    until: list = field(default_factory=list)


def run(command, scratch):
    """Runs a command; answers how many seconds it took. `scratch` is a directory."""
    if command.stdin:
        stdin = os.path.join(scratch, "stdin")
        with open(stdin, "wb") as file:
            file.write(command.stdin)
    else:
        stdin = os.devnull
    said = os.path.join(scratch, "said")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, said, flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    start = time.perf_counter()
    pid = os.posix_spawn(command.argv[0], command.argv, command.env, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    for life in command.until:
        life.wait(30)
    took = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code != command.code:
        with open(said, errors="replace") as file:
            words = file.read(2000).strip()
        raise Failed(f"{' '.join(command.argv[:4])} ended with {code}: {words}")
    return took


def read(command, scratch):
    """Runs a command; answers what it printed."""
    run(command, scratch)
    with open(os.path.join(scratch, "said"), "rb") as file:
        return file.read()


class Series:
    """The samples of one contender at one work."""

    def __init__(self):
        self.samples = []

    def add(self, sample):
        self.samples.append(sample)

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def least(self):
        return min(self.samples)

    @property
    def most(self):
        return max(self.samples)


def interleave(rounds, works, seconds):
    """Does each of `works` (a dict of functions that answer a sample) so many times, by
    turns, so that a drift of the machine hits all alike. Answers a dict of series.

    Whoever has used up so many seconds takes part no longer: those who need a hundred
    times as long are known well enough then. A work that fails is left out, and its
    exception is in its place.
    """
    series = {key: Series() for key in works}
    used = dict.fromkeys(works, 0)
    keys = list(works)
    for at in range(rounds):
        # Each round begins with another one: whoever follows somebody slow is not always
        # the same.
        turn = at % len(keys)
        for key in keys[turn:] + keys[:turn]:
            if used[key] > seconds or not isinstance(series[key], Series):
                continue
            start = time.monotonic()
            try:
                series[key].add(works[key](at))
            except Failed as failed:
                series[key] = failed
            used[key] += time.monotonic() - start
    return series


def wait_for(fact, seconds, what):
    """Waits until `fact()` is true and answers it; Failed when the time is over."""
    end = time.monotonic() + seconds
    while True:
        if found := fact():
            return found
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.001)
