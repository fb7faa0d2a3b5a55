"""Other process managers, where they are installed: pm2, supervisor, pueue."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench import clock, processes
from bench.contender import Contender


class Peer(Contender):
    """One that keeps a daemon, whose children are the programs."""

    daemon = None

    def running(self):
        return {str(pid): pid for pid in processes.children(self.daemon)} if self.daemon else {}

    def own(self):
        return [self.daemon] if self.daemon else []

    def start_daemon(self, *argv):
        """Starts a daemon that stays in the foreground."""
        with open(self.directory / "daemon.log", "ab") as log:
            daemon = subprocess.Popen(
                [str(word) for word in argv],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        self.daemon = daemon.pid
        self.process = daemon

    def leave(self):
        if self.daemon:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.daemon = None


class Pm2(Peer):
    name = "pm2"

    def __init__(self, directory, env, tool):
        super().__init__(directory, env)
        self.tool = tool
        self.env["PM2_HOME"] = str(self.directory / "home")
        self.env["PATH"] = f"{os.path.dirname(shutil.which('node') or tool)}:{self.env['PATH']}"
        self.count = 0

    def prepare(self, programs):
        self.run(self.tool, "ping")
        self.daemon = int((self.directory / "home" / "pm2.pid").read_text())
        if self.running():
            self.run(self.tool, "delete", "all")

    def app(self, program):
        return {
            "name": program["name"], "script": program["argv"][0], "args": program["argv"][1:],
            "interpreter": "none", "autorestart": bool(program.get("keep_alive")),
            "out_file": str(self.log(program["name"])), "error_file": os.devnull,
            "merge_logs": True,
        }

    def start(self, program):
        return self.start_all([program])

    def start_all(self, programs):
        self.count += 1
        file = self.directory / f"{self.count}.json"
        file.write_text(json.dumps({"apps": [self.app(program) for program in programs]}))
        return self.command(self.tool, "start", file)

    def stop(self, name):
        return self.command(self.tool, "stop", name)

    def stop_all(self, names):
        return self.command(self.tool, "stop", "all")

    def list(self):
        return self.command(self.tool, "jlist")

    def leave(self):
        if self.daemon:
            self.run(self.tool, "kill")
            self.daemon = None


class Supervisor(Peer):
    name = "supervisor"

    def __init__(self, directory, env, tool):
        super().__init__(directory, env)
        self.server = tool
        self.tool = str(Path(tool).with_name("supervisorctl"))
        self.config = self.directory / "supervisord.conf"

    def prepare(self, programs):
        super().leave()
        socket = self.directory / "socket"
        text = (
            f"[unix_http_server]\nfile={socket}\n"
            f"[supervisord]\nnodaemon=true\nlogfile={self.directory}/own.log\n"
            f"pidfile={self.directory}/own.pid\nchildlogdir={self.directory}\nminfds=4096\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory="
            "supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{socket}\n"
        )
        for program in programs:
            text += (
                f"[program:{program['name']}]\ncommand={' '.join(program['argv'])}\n"
                # Otherwise a start is said to have succeeded a second after it has.
                "autostart=false\nstartsecs=0\nstdout_logfile_maxbytes=0\n"
                f"autorestart={'true' if program.get('keep_alive') else 'false'}\n"
                f"stdout_logfile={self.log(program['name'])}\nstderr_logfile=NONE\n"
            )
        self.config.write_text(text)
        self.start_daemon(self.server, "-c", self.config)
        clock.wait_for(socket.exists, 10, "supervisord listens")
        # Exit status 3 says that a program does not run, which none does yet.
        clock.wait_for(self.answers, 10, "supervisord answers")

    def answers(self):
        try:
            return self.run(self.tool, "-c", self.config, "pid") > 0
        except clock.Failed:
            return False

    def control(self, *argv):
        return self.command(self.tool, "-c", self.config, *argv)

    def start(self, program):
        return self.control("start", program["name"])

    def start_all(self, programs):
        return self.control("start", "all")

    def stop(self, name):
        return self.control("stop", name)

    def stop_all(self, names):
        return self.control("stop", "all")

    def list(self):
        return self.control("status")


class Pueue(Peer):
    name = "pueue"

    def __init__(self, directory, env, tool):
        super().__init__(directory, env)
        self.tool = tool
        self.server = str(Path(tool).with_name("pueued"))
        self.config = self.directory / "pueue.yml"
        self.config.write_text(
            "shared:\n"
            f"  pueue_directory: {self.directory}/state\n  runtime_directory: {self.directory}\n"
            f"  use_unix_socket: true\n  unix_socket_path: {self.directory}/socket\n"
            f"  pid_path: {self.directory}/own.pid\n"
            "client: {}\ndaemon: {}\n"
        )

    def prepare(self, programs):
        if not self.daemon:
            self.start_daemon(self.server, "-c", self.config)
            clock.wait_for((self.directory / "socket").exists, 10, "pueued listens")
            self.run(self.tool, "-c", self.config, "parallel", "2000")
        self.run(self.tool, "-c", self.config, "reset", "--force")
        clock.wait_for(lambda: not self.running(), 10, "pueue has ended all")

    def control(self, *argv):
        return self.command(self.tool, "-c", self.config, *argv)

    def start(self, program):
        return self.control("add", "--immediate", "--label", program["name"], "--",
                            *program["argv"])

    def start_all(self, programs):
        # It has no word for several: one call for each, as its users do.
        words = " ".join(programs[0]["argv"])
        each = f'"$0" -c "$1" add --immediate --label "$name" -- {words}'
        names = " ".join(program["name"] for program in programs)
        return self.command("/bin/sh", "-c", f"for name in {names}; do {each} || exit; done",
                            self.tool, self.config)

    def stop(self, name):
        tasks = json.loads(self.read(self.tool, "-c", self.config, "status", "--json"))["tasks"]
        number = max(int(task["id"]) for task in tasks.values() if task.get("label") == name)
        return self.control("kill", str(number))

    def stop_all(self, names):
        return self.control("kill", "--all")

    def list(self):
        return self.control("status", "--json")


PEERS = [(Pm2, "pm2"), (Supervisor, "supervisord"), (Pueue, "pueue")]


def installed(directory, env, path):
    """The peers whose tools are found on `path`."""
    found = ((kind, shutil.which(tool, path=path)) for kind, tool in PEERS)
    return [kind(directory, env, tool) for kind, tool in found if tool]


def install(directory):
    """Installs pm2 and supervisor into a directory; answers where their tools are then."""
    directory = Path(directory)
    steps = [
        ["npm", "install", "--silent", "--global", "--prefix", str(directory / "npm"), "pm2"],
        [sys.executable, "-m", "venv", str(directory / "venv")],
        [str(directory / "venv/bin/pip"), "install", "--quiet", "supervisor", "setuptools<81"],
    ]
    for step in steps:
        if shutil.which(step[0]):
            subprocess.run(step, stdout=sys.stderr, check=True)
    return [str(directory / "npm/bin"), str(directory / "venv/bin")]
