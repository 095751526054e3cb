"""Run commands as a person's shell does. Each function says what it saves of the time of a new process.

A cold `katas` takes half a second for its imports and three more to start a judge. So tests that are about what a
command does, not about how it starts or ends, call `katas`.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.shell.fork_server import ForkServer
from tests.workshop import ROOT

KATAS = str(Path(sys.executable).with_name("katas"))
PATIENCE_S = 600  # for one command on a busy machine
QUICK = {"diff", "explain", "feedback", "gradebook", "hint", "list", "next", "progress", "reset", "review", "solution"}
RESIDENT = "import sys; sys.path.insert(0, sys.argv[1]); from tests.shell import resident; resident.serve()"


class Finished(NamedTuple):
    """The exit status and output of a command. `left` are the command lines of processes that outlived it."""

    status: int
    out: str
    err: str
    left: list[str]

    @property
    def said(self) -> str:
        return self.out + self.err


def environment(**changes: str) -> dict[str, str]:
    """Return a learner's shell environment: 80 columns, without variables from the outer pytest or a build machine."""
    foreign = ("PYTEST", "PYTHON", "COV", "CI", "BUILD_NUMBER")  # the last two make pytest's summary untruncated
    foreign += ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "TTY_", "TERMINAL_WIDTH")  # change the output
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return kept | {"COLUMNS": "80", "LC_ALL": "C.UTF-8"} | changes


def run(*command: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, text: str = "") -> Finished:
    """Run a command with `text` on standard input, in a learner's shell environment or the one that is given."""
    done = subprocess.run(
        command,
        cwd=cwd,
        input=text,
        capture_output=True,
        encoding="utf-8",
        env=environment() if env is None else env,
        timeout=PATIENCE_S,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr, [])


def pytest(
    *words: str,
    cwd: Path,
    text: str | None = None,
    env: Mapping[str, str] | None = None,
    cold: bool = False,
    torch: bool = False,
) -> Finished:
    """Run `pytest words…` in `cwd` with `text` on standard input; `cold` starts a new interpreter for it.

    Otherwise the run is a fork of a process that has already imported pytest and the harness (and, on request, torch),
    which saves the time of the imports. A checkout that brings its own harness always gets a new interpreter.
    """
    more = dict(env or {})
    own_harness = next((each for each in (cwd, *cwd.parents) if (each / "graders" / "cli").is_dir()), None)
    if not cold and own_harness in (None, ROOT):
        server = _preloaded(*["torch"] * torch)
        return Finished(*server.run(["pytest", *words], cwd, environment(PYTHONPATH=str(ROOT), **more), text or ""))
    own = more if own_harness else {"PYTHONPATH": str(ROOT), **more}
    return run(sys.executable, "-P", "-m", "pytest", *words, cwd=cwd, env=environment(**own), text=text or "")


# Imports what a learner's pytest imports. pytest must import the plugin itself, because it warns about plugins that are
# already there.
PRELOADED = """
import asyncio, code, json, pdb, runpy, socket, ssl, sys, unittest
import numpy, pytest
import graders.learner.progress
import graders.pytest_plugin.plugin
import graders.report.wording, graders.checks, graders.intake
from tests.shell.fork_server import serve
for name in [each for each in sys.modules if each.partition(".")[0] == "tests"]:
    del sys.modules[name]
del sys.modules["graders.pytest_plugin.plugin"]
for name in sys.argv[1:]:
    __import__(name)
serve(lambda: runpy.run_module("pytest", run_name="__main__", alter_sys=True))
"""


@functools.cache
def _preloaded(*more: str) -> ForkServer:
    return ForkServer(PRELOADED, *more, env=environment(PYTHONPATH=str(ROOT)))


KEEPER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))]  # keeper.py says what it does


def katas_cold(
    *words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
) -> Finished:
    """Run `katas words…` in `cwd` with a new interpreter, and report the processes that it leaves behind."""
    reading, writing = os.pipe()
    with open(reading, "rb") as report:
        done = subprocess.run(
            [*KEEPER, str(writing), KATAS, *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(**(env or {})),
            pass_fds=[writing],
            timeout=PATIENCE_S,
            check=False,
        )
        os.close(writing)
        status, left = json.load(report)
    return Finished(status, done.stdout or "", done.stderr, left)


def katas(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """Run `katas words…` in `cwd`: in this process if it only reads or writes files, otherwise in a fork.

    The fork comes from a process that has already imported the command. Two things differ from a cold run: all
    gradings share one resident judge, and `katas grade-batch` grades in its own process instead of a pool.
    """
    command = words[2:3] if words[:1] == ("--root",) else words[:1]
    if QUICK & set(command) and not may_grade(words):
        return katas_here(*words, cwd=cwd, env=env)
    return Finished(*_resident().run([KATAS, *words], cwd, environment(**(env or {}))))


@functools.cache
def _resident() -> ForkServer:
    return ForkServer(RESIDENT, str(ROOT), env=environment())


def may_grade(words: Sequence[str]) -> bool:
    return bool({"grade", "grade-batch", "replay", "regrade", "release", "check"} & set(words))


def katas_here(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """Run `katas words…` in `cwd`, in this process, which takes a hundredth of the time of a fork."""
    import pytest
    import typer.main

    from graders.cli.app import run_command_line

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        for name, value in environment(**(env or {})).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["katas", *words])
        patch.setattr(typer.main, "get_command", _built())
        patch.setattr(sys.modules["__main__"], "__package__", None)  # so that help calls the command `katas`
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run_command_line()
    return Finished(status, out.getvalue(), err.getvalue(), [])


@functools.cache
def _built() -> Callable[[Any], Any]:
    """Return a function that builds all commands once, because that takes most of a short command's time."""
    import typer.main

    return functools.cache(typer.main.get_command)
