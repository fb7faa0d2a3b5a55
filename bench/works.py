"""The works that are measured with processes that run: start, stop, list, crash, cost."""

import time

from bench import clock, processes
from bench.clock import Failed, Series

SLEEP = ["sleep", "600"]
HUNDRED = 100


def program(at, argv=None):
    return {"name": f"w{at}", "argv": argv or SLEEP}


def one(bench):
    """Start of one until the command returns, and stop of one until it is gone."""
    contenders = [bench.floor, bench.bgrun, *bench.ways, *bench.peers]
    stops = {contender.name: Series() for contender in contenders}
    rounds = bench.rounds(60)
    for contender in contenders:
        contender.prepare([program(at) for at in range(rounds + 1)])

    def start_and_stop(contender):
        def sample(at):
            took = clock.run(contender.start(program(at)), bench.scratch)
            running = clock.wait_for(contender.running, 10, f"{contender.name}: it runs")
            command = contender.stop(f"w{at}")
            command.until = [processes.Life(pid) for pid in running.values()]
            stops[contender.name].add(clock.run(command, bench.scratch))
            return took

        sample(rounds)
        stops[contender.name].samples.clear()
        return sample

    starts = bench.interleave(rounds, {each: start_and_stop(each) for each in contenders})
    for name, series in starts.items():
        bench.note("start", name, series)
    for name, series in stops.items():
        if series.samples:
            bench.note("stop", name, series)
    bench.end(contenders)


def hundred(bench):
    """Start of a hundred at once, stop of a hundred at once."""
    contenders = [bench.floor, bench.bgrun, *bench.peers]
    programs = [program(at) for at in range(HUNDRED)]
    names = [each["name"] for each in programs]
    stops = {contender.name: Series() for contender in contenders}
    for contender in contenders:
        contender.prepare(programs)

    def start_and_stop(contender):
        def sample(_):
            took = clock.run(contender.start_all(programs), bench.scratch)
            clock.wait_for(lambda: len(contender.running()) == HUNDRED, 30,
                           f"{contender.name}: all {HUNDRED} run")
            command = contender.stop_all(names)
            command.until = [processes.Life(pid) for pid in contender.running().values()]
            stops[contender.name].add(clock.run(command, bench.scratch))
            return took

        return sample

    starts = bench.interleave(
        bench.rounds(12), {each: start_and_stop(each) for each in contenders}
    )
    for name, series in starts.items():
        bench.note("start-100", name, series)
    for name, series in stops.items():
        if series.samples:
            bench.note("stop-100", name, series)
    bench.end(contenders)


def listing(bench):
    """The list as JSON with 1 to 1000 running; peers, who are slow to fill, up to 100."""
    sizes = [1, 10, 100] if bench.quick else [1, 10, 100, 500, 1000]
    bench.bgrun.prepare([])
    filled = 0
    for size in sizes:
        more = [program(at) for at in range(filled, size)]
        clock.run(bench.bgrun.start_all(more), bench.scratch)
        filled = size
        running = bench.bgrun.running()
        if len(running) != size:
            raise Failed(f"{len(running)} of {size} run")
        bench.floor.show(running)
        contenders = [bench.floor, bench.bgrun]
        if size <= HUNDRED:
            for peer in bench.peers:
                programs = [program(at) for at in range(size)]
                peer.prepare(programs)
                clock.run(peer.start_all(programs), bench.scratch)
            contenders += bench.peers
        works = {
            each: lambda _, each=each: clock.run(each.list(), bench.scratch)
            for each in contenders
        }
        for name, series in bench.interleave(bench.rounds(40), works).items():
            bench.note(f"list-{size}", name, series)
    bench.end([bench.floor, bench.bgrun, *bench.peers])


def crash(bench):
    """From a SIGKILL of the process until the next run of it executes."""
    argv = [str(bench.floor.binary), "stamp"]
    rounds = bench.rounds(16)
    contenders = [bench.floor, bench.bgrun]
    # Those that have no word for it are left out.
    contenders += [peer for peer in bench.peers if peer.name != "pueue"]
    kept = [{**program(at, argv), "keep_alive": "always"} for at in range(rounds)]
    for contender in contenders:
        contender.prepare(kept)

    def stamps(log):
        return log.read_text().split("\n")[:-1] if log.exists() else []

    def sample_of(contender):
        def sample(at):
            clock.run(contender.start(kept[at]), bench.scratch)
            log = contender.log(f"w{at}")
            first = clock.wait_for(lambda: stamps(log), 10, f"{contender.name}: it runs")
            # So that the start is over in every respect, and the next one is not refused
            # as one of too many in a row.
            time.sleep(0.05)
            life = processes.Life(int(first[-1].split()[1]))
            killed = time.monotonic_ns()
            life.kill()
            clock.wait_for(lambda: len(stamps(log)) > len(first), 10,
                           f"{contender.name}: started again")
            took = (int(stamps(log)[len(first)].split()[0]) - killed) / 1e9
            clock.run(contender.stop(f"w{at}"), bench.scratch)
            return took

        return sample

    series = bench.interleave(rounds, {each: sample_of(each) for each in contenders})
    for name, each in series.items():
        bench.note("crash", name, each)
    bench.end(contenders)


def cost(bench):
    """Memory with a hundred, and what they cost while nothing happens."""
    contenders = [bench.floor, bench.bgrun, *bench.peers]
    programs = [program(at) for at in range(HUNDRED)]
    own = {}
    for contender in contenders:
        contender.prepare(programs)
        clock.run(contender.start_all(programs), bench.scratch)
        clock.wait_for(lambda: len(contender.running()) == HUNDRED, 30,
                       f"{contender.name}: all {HUNDRED} run")
        own[contender.name] = contender.own()
    # What was left to do after the starts is done by then.
    time.sleep(1 if bench.quick else 3)
    for name, pids in own.items():
        bench.note("memory", name, sum(map(processes.pss_bytes, pids)) / 1e6)
    before = {name: observed(pids) for name, pids in own.items()}
    seconds = 10
    time.sleep(seconds)
    after = {name: observed(pids) for name, pids in own.items()}
    for name in own:
        switches, cpu = (late - early for late, early in zip(after[name], before[name]))
        bench.note("wake-ups", name, switches * 60 / seconds)
        bench.note("idle-cpu", name, cpu * 60 / seconds)
    bench.end(contenders)


def observed(pids):
    return sum(map(processes.switches, pids)), sum(map(processes.cpu_seconds, pids))
