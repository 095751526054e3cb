"""Run `katas` without its start-up time: each call forks a process that has already imported the command.

A cold `katas` takes half a second for its imports and three more to start a judge. Tests that are about what a command
does, not about how it starts or ends, call `warm.katas`. It runs the same code in a separate process, with its own
arguments, folder, environment and output. Two things differ from a cold run: all gradings share one resident judge, and
`katas grade-batch` grades in its own process instead of a pool.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests import keeper
from tests.workshop import KATAS, ROOT, Finished, environment

HEAVY = {"figures": ("matplotlib.figure", "matplotlib.backends.backend_svg"), "similar": ("copydetect",)}
START = "import sys; sys.path.insert(0, sys.argv[1]); from tests import warm; warm.serve()"


def katas(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """Run `katas words…` in `cwd`."""
    server = _server()
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        request = {
            "words": [os.fsencode(word).decode("utf-8", "surrogateescape") for word in words],
            "cwd": str(cwd),
            "env": environment(**(env or {})),
            "out": f"{folder}/out",
            "err": f"{folder}/err",
        }
        server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer, "the fork server ended"
        status, left = json.loads(answer)
        out, err = (Path(folder, name).read_text(encoding="utf-8") for name in ("out", "err"))
    return Finished(status, out, err, left)


@cache
def _server() -> Any:
    """Start the process that forks the commands. It ends with this process, because its standard input then closes."""
    server = subprocess.Popen(
        [sys.executable, "-P", "-c", START, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    atexit.register(_end, server)
    return server


def _end(server: Any) -> None:
    server.stdin.close()
    server.wait()
    server.stdout.close()


# ------------------------------------------------------------------------------------- in the fork server


def serve() -> None:
    """Fork a command for each request, one at a time, until standard input closes."""
    sys.path.remove(str(ROOT))
    _import_commands()
    from graders.judge import process

    class Kept(process.JudgeProcess):
        """A judge that all commands share and none of them can close."""

        @property
        def alive(self) -> bool:
            return os.path.exists(f"/proc/{self.process.pid}")

        def close(self) -> None:
            pass

    requests, answers = os.fdopen(os.dup(0)), os.dup(1)
    kept: process.JudgeProcess | None = None
    gc.collect()
    gc.freeze()
    for line in requests:
        request = json.loads(line)
        if kept is None and _may_grade(request["words"]):
            started = process.start()
            kept = Kept(started.process, started.control, started.folder)
        for name in {name for word in request["words"] for name in HEAVY.get(word, ())}:
            importlib.import_module(name)
        forked = os.fork()
        if not forked:
            _keep(request, kept, answers)
        os.waitpid(forked, 0)
    if kept is not None:
        process.JudgeProcess.close(kept)
    os._exit(0)


def _import_commands() -> None:
    """Import what the commands import, and build the command line once."""
    import typer.main

    from graders.cli.app import app

    built = typer.main.get_command(app)
    typer.main.get_command = lambda _: built
    with contextlib.redirect_stdout(io.StringIO()):
        app(["list", "--help"], standalone_mode=False)

    for name in ("bundles", "cli", "course", "report"):
        package = importlib.import_module(f"graders.{name}")
        for each in pkgutil.iter_modules(package.__path__, f"graders.{name}."):
            if each.name != "graders.cli.__main__":
                importlib.import_module(each.name)
    for name in ("encodings.utf_8_sig", "graders.intake.archive", "graders.judge.messages", "graders.judge.grading"):
        importlib.import_module(name)
    for name in ("multiprocessing.synchronize", "pwd", "rich.progress", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)


def _may_grade(words: Sequence[str]) -> bool:
    return bool({"grade", "grade-batch", "replay", "regrade", "release", "check"} & set(words))


def _keep(request: dict[str, Any], kept: Any, answers: int) -> None:
    """Run one command, adopt its orphans, and report its exit status and the orphans that do not end."""
    keeper.adopt()
    command = os.fork()
    if not command:
        os.close(answers)
        try:
            _run(kept=kept, **request)
        finally:
            os._exit(99)
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(answers, json.dumps([status, keeper.left_running()]).encode() + b"\n")
    os._exit(0)


def _run(words: list[str], cwd: str, env: dict[str, str], out: str, err: str, kept: Any) -> None:
    """Turn this process into the command."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate([os.devnull, out, err]):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = [KATAS, *words]

    from concurrent.futures import ThreadPoolExecutor

    import graders.cli
    from graders.course import executors, pool_worker
    from graders.judge import process
    from graders.judge.client import Judge

    class Here(executors.JobExecutor):
        """Grades a batch in this process."""

        def __init__(self, root: Path, at_once: int | None = None, require: Any = None) -> None:
            del at_once
            super().__init__(ThreadPoolExecutor(1), 1)
            pool_worker._idle.append(Judge(root, require=require, crowded=True, started=kept))

    executors.ThisMachine = Here  # type: ignore[misc, assignment]
    process.start = lambda *_, **__: kept
    graders.cli.main()
