"""Run commands without their start-up time: each is a fork of a process that has already imported what it needs."""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.shell import keeper


class ForkServer:
    """A process that runs a Python program, which ends by calling `serve`. It ends with this process."""

    def __init__(self, program: str, *words: str, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-P", "-c", program, *words]
        self._process: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, start_new_session=True
        )
        atexit.register(self._end)

    def run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], text: str = ""
    ) -> tuple[int, str, str, list[str]]:
        """Run a command. Return its exit status, its output, and the processes that it left behind."""
        with tempfile.TemporaryDirectory(prefix="forked-") as folder:
            Path(folder, "in").write_text(text, encoding="utf-8")
            given = [os.fsencode(word).decode("utf-8", "surrogateescape") for word in words]
            request = {"words": given, "cwd": str(cwd), "env": dict(env), "folder": folder}
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            assert answer, "the fork server ended"
            status, left = json.loads(answer)
            out, err = (Path(folder, name).read_text(encoding="utf-8") for name in ("out", "err"))
        return status, out, err, left

    def _end(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


# ------------------------------------------------------------------------------------- in the fork server


def serve(run: Callable[[], object], prepare: Callable[[list[str]], object] = lambda _: None) -> None:
    """Fork `run` for each request, one at a time, until standard input closes. `prepare` runs before the fork."""
    requests, answers = os.fdopen(os.dup(0)), os.dup(1)
    gc.collect()
    gc.freeze()
    for line in requests:
        request = json.loads(line)
        prepare(request["words"])
        forked = os.fork()
        if not forked:
            _keep(request, run, answers)
        os.waitpid(forked, 0)


def _keep(request: dict[str, Any], run: Callable[[], object], answers: int) -> None:
    """Run one command, adopt its orphans, and report its exit status and the orphans that do not end."""
    keeper.adopt()
    command = os.fork()
    if not command:
        os.close(answers)
        _become(**request)
        run()
        sys.exit()
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(answers, json.dumps([status, keeper.left_running()]).encode() + b"\n")
    os._exit(0)


def _become(words: list[str], cwd: str, env: dict[str, str], folder: str) -> None:
    """Give this process the command's folder, environment, arguments and output."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, name in enumerate(["in", "out", "err"]):
        descriptor = os.open(f"{folder}/{name}", os.O_RDWR | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = words
