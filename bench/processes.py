"""Processes as /proc shows them: what they cost, and ending by identity those of a directory.

Nothing here asks bgrun, so that a broken bgrun leaves nothing behind either.
"""

import os
import select
import signal
from pathlib import Path


class Life:
    """A process, held by a pidfd: another one that gets its pid is never taken for it."""

    def __init__(self, pid):
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)

    def wait(self, seconds):
        """Whether it is gone within so many seconds."""
        return bool(select.select([self.descriptor], [], [], seconds)[0])

    def kill(self):
        try:
            signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __del__(self):
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def belongs_to(pid, directory):
    """Whether a process names, executes, stands in or has open what is in the directory."""
    proc, directory = f"/proc/{pid}", str(directory)
    try:
        if directory.encode() in Path(proc, "environ").read_bytes():
            return True
        links = [f"{proc}/cwd", f"{proc}/exe"]
        links += [f"{proc}/fd/{name}" for name in os.listdir(f"{proc}/fd")]
    except OSError:
        return False
    for link in links:
        try:
            if os.readlink(link).startswith(directory + "/"):
                return True
        except OSError:
            continue
    return False


def of(directory):
    """The processes that belong to a directory, without this one."""
    return [pid for pid in pids() if pid != os.getpid() and belongs_to(pid, directory)]


def program(pid):
    """The file name of what a process executes; empty when it cannot be seen."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        pass
    return found


def sweep(directory):
    """Ends every process that belongs to a directory, until two looks in a row find none."""
    empty_looks = 0
    for _ in range(200):
        lives = []
        for pid in of(directory):
            try:
                lives.append(Life(pid))
            except ProcessLookupError:
                continue
        # Looked at again with the pidfd in hand: the pid may have changed hands since.
        lives = [life for life in lives if belongs_to(life.pid, directory)]
        if not lives:
            empty_looks += 1
            if empty_looks == 2:
                return
            continue
        empty_looks = 0
        for life in lives:
            life.kill()
        for life in lives:
            life.wait(0.2)


def pss_bytes(pid):
    """Memory of a process, what it shares divided among those who share it."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def switches(pid):
    """How many times a process, all its threads together, was put onto or off a CPU."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        for line in Path(f"/proc/{pid}/task/{task}/status").read_text().splitlines():
            if "ctxt_switches" in line:
                total += int(line.split()[1])
    return total


def cpu_seconds(pid):
    """How long a process, all its threads together, has been on a CPU."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return total / 1e9
