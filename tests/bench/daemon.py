# SPDX-License-Identifier: MIT
"""An egressd for the length of a `with`, and its client."""

import json
import pathlib
import subprocess
import time

START_SECONDS = 30


class Daemon:
    """egressd with its own prefix, socket, run and state folders. Leaves its lab behind, unless
    told `down`."""

    def __init__(self, programs, folder, prefix="eg", options=()):
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.prefix = prefix
        self.options = options
        self.socket = self.folder / "socket"

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(
            [self.programs / "daemon/egressd/egressd", "--prefix", self.prefix,
             "--state-dir", self.folder / "state", "--run-dir", self.folder / "run",
             "--socket", self.socket, *self.options],
            stdout=self.log, stderr=subprocess.STDOUT)
        self.wait_for(self.socket.exists)

    def wait_for(self, condition):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"egressd did not start: {self.folder}/log")
            time.sleep(0.01)

    def kill_and_start(self):
        """As after a crash: the daemon ends at once, the lab stays, and another one takes over."""
        self.process.kill()
        self.process.wait()
        self.socket.unlink()
        self.start()
        self.wait_for(lambda: self.ask("status").returncode == 0)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def ask(self, *arguments):
        return subprocess.run(
            [self.programs / "daemon/egressctl/egressctl", "--socket", self.socket, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    def run(self, *arguments):
        done = self.ask(*arguments)
        if done.returncode != 0:
            raise RuntimeError(f"egressctl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def ctl(self, *arguments):
        """Seconds that the command took, as its user sees them."""
        start = time.monotonic()
        self.run(*arguments)
        return time.monotonic() - start

    def answer(self, *arguments):
        return json.loads(self.run("-o", "json", *arguments))
