"""Counting instructions with valgrind, also where it is older than the system calls we make.

valgrind knows each system call by number, and answers ENOSYS to those that are younger
than itself: pidfd_open since Linux 5.3 is one that valgrind 3.19 does not know, and
without it no process is ever seen to run. What it does with a call that it has nothing
to say about, as with getpid, is to hand it to the kernel. So a copy of it is given the
entry of getpid in the place of the missing ones.

And it unmaps the vdso but lets prctl(PR_GET_AUXV), of Linux 6.4, tell its address; asked
for an option that does not exist, the tools read /proc/self/auxv, which valgrind has
thought of. So what is counted are copies that ask for that.
"""

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from bench import clock
from bench.clock import Command, Failed

# Numbers of x86-64; on others valgrind is taken as it is.
GETPID = 39
PIDFD_SEND_SIGNAL, PIDFD_OPEN = 424, 434
WANTED = (PIDFD_SEND_SIGNAL, PIDFD_OPEN)
PR_GET_AUXV = (0x41555856).to_bytes(4, "little")
UNKNOWN_OPTION = (0x00555856).to_bytes(4, "little")
ENTRY = struct.Struct("<QQ")
# System calls that have something to do after the kernel's part, that have not, and that
# no longer exist.
BEFORE_AND_AFTER, ONLY_BEFORE, NEITHER = (0, 2, 3), (1, GETPID, 102, 104, 110), range(180, 184)


class Counter:
    """valgrind, as it is installed or as it is lent."""

    def __init__(self, directory):
        self.tool = shutil.which("valgrind")
        if not self.tool:
            raise Failed("valgrind is not installed")
        self.directory = Path(directory) / "callgrind"
        self.directory.mkdir()
        words = subprocess.run([self.tool, "--version"], stdout=subprocess.PIPE, text=True,
                               check=True)
        self.version = words.stdout.strip().removeprefix("valgrind-")
        self.env = {}
        if library := self.patched():
            self.env["VALGRIND_LIB"] = str(library)

    def argv(self, what):
        return [self.tool, "--tool=callgrind", "--trace-children=no",
                f"--log-file={self.directory}/{what}.log",
                f"--callgrind-out-file={self.directory}/{what}.out"]

    def count(self, command, scratch, what="counted"):
        """How many instructions a command executes."""
        argv = [*self.argv(what), *command.argv]
        counted = Command(argv, {**command.env, **self.env}, command.stdin)
        counted.code = command.code
        clock.run(counted, scratch)
        return self.result(what)

    def result(self, what):
        """The count of what has been executed as `what`."""
        out, log = (self.directory / f"{what}.{kind}" for kind in ("out", "log"))
        clock.wait_for(lambda: out.exists() and "totals:" in out.read_text(), 20,
                       f"callgrind counts {what}")
        unknown = re.findall(r"unhandled .* syscall: (\d+)", log.read_text())
        if unknown:
            raise Failed(f"valgrind {self.version} does not know system call {unknown[0]}")
        total = int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE).group(1))
        out.unlink()
        return total

    def copy_tools(self, bin_dir):
        """Copies of the tools that can be counted, and beside them the verb `broken`, which
        may not be executed. Answers where they are, and where a `bgrun-run` is whose
        supervisor is counted as `supervise`."""
        counted, supervised = self.directory / "bin", self.directory / "supervised"
        for copies in (counted, supervised):
            copies.mkdir()
            # No links, because a tool looks for its siblings where it really is.
            for tool in bin_dir.glob("bgrun*"):
                copy = copies / tool.name
                copy.write_bytes(tool.read_bytes().replace(PR_GET_AUXV, UNKNOWN_OPTION))
                copy.chmod(0o755)
        broken = counted / "bgrun-broken"
        broken.touch()
        # bgrun sees that some may execute it; valgrind looks closer, at its owner.
        broken.chmod(0o655)
        words = " ".join(f"'{word}'" for word in self.argv("supervise"))
        lent = " ".join(f"{key}='{value}'" for key, value in self.env.items())
        real = counted / "bgrun-supervise"
        (supervised / real.name).write_text(
            f"#!/bin/sh\nexec env {lent} {words} '{real}' \"$@\"\n"
        )
        return counted, supervised

    def patched(self):
        """A copy of valgrind's files that hands the wanted system calls to the kernel, or
        None if it is not needed or not understood."""
        places = [os.environ.get("VALGRIND_LIB"), "/usr/libexec/valgrind", "/usr/lib/valgrind"]
        for library in filter(None, places):
            original = Path(library) / "callgrind-amd64-linux"
            if original.exists():
                break
        else:
            return None
        binary = bytearray(original.read_bytes())
        table = find_table(binary)
        if table is None:
            return None
        passed_on = entry(binary, table, GETPID)
        for number in WANTED:
            if entry(binary, table, number) == (0, 0):
                ENTRY.pack_into(binary, table + number * ENTRY.size, *passed_on)
        copy = self.directory / "valgrind"
        copy.mkdir()
        for file in original.parent.iterdir():
            (copy / file.name).symlink_to(file)
        (copy / original.name).unlink()
        (copy / original.name).write_bytes(binary)
        (copy / original.name).chmod(0o755)
        return copy


def entry(binary, table, number):
    return ENTRY.unpack_from(binary, table + number * ENTRY.size)


def find_table(binary):
    """Where the table of system calls is: two addresses for each, of what is done before
    and after the kernel's part. None if no place, or more than one, looks like it."""

    def looks_like_it(at):
        return (
            all(all(entry(binary, at, number)) for number in BEFORE_AND_AFTER)
            and all(entry(binary, at, number)[0] and not entry(binary, at, number)[1]
                    for number in ONLY_BEFORE)
            and not any(any(entry(binary, at, number)) for number in NEITHER)
        )

    last = len(binary) - (PIDFD_OPEN + 1) * ENTRY.size
    found = [at for at in range(0, last, 32) if looks_like_it(at)]
    return found[0] if len(found) == 1 else None
