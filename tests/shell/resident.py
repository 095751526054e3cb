"""The process that `tests.shell.katas` forks: it has imported all commands, and keeps a judge for all gradings."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.shell import may_grade
from tests.shell.fork_server import serve as serve_forks
from tests.workshop import ROOT

HEAVY = {"show": ("matplotlib.figure", "matplotlib.backends.backend_svg")}
COURSE = find_spec("katas_course") is not None


def serve() -> None:
    """Fork a command for each request, until standard input closes. They share one judge, started on demand."""
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

    kept: list[process.JudgeProcess] = []

    def prepare(words: list[str]) -> None:
        if not kept and may_grade(words):
            started = process.start(ROOT)
            kept.append(Kept(started.process, started.control, started.folder))
        for name in {name for word in words for name in HEAVY.get(word, ())}:
            importlib.import_module(name)

    serve_forks(lambda: _run(kept[0] if kept else None), prepare)
    for judge in kept:
        process.JudgeProcess.close(judge)
    os._exit(0)


def _import_commands() -> None:
    """Import what the commands import, and build the command line once."""
    import typer.main

    from graders.cli.app import app

    built = typer.main.get_command(app)
    typer.main.get_command = lambda _: built
    with contextlib.redirect_stdout(io.StringIO()):
        app(["list", "--help"], standalone_mode=False)

    for name in ("graders.bundles", "graders.cli", "graders.report", *(["katas_course"] if COURSE else [])):
        package = importlib.import_module(name)
        for each in pkgutil.iter_modules(package.__path__, f"{name}."):
            if each.name != "graders.cli.__main__":
                importlib.import_module(each.name)
    for name in ("encodings.utf_8_sig", "graders.intake.archive", "graders.judge.messages", "graders.judge.grading"):
        importlib.import_module(name)
    for name in ("multiprocessing.synchronize", "pwd", "rich.progress", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)


def _run(kept: Any) -> None:
    """Run the command of this process with the judge that all share."""
    import graders.cli
    from graders.judge import process

    if COURSE:
        _grade_batches_here(kept)
    process.start = lambda *_, **__: kept
    graders.cli.main()


def _grade_batches_here(kept: Any) -> None:
    """Let `katas grade-batch` grade in this process."""
    from concurrent.futures import ThreadPoolExecutor

    from graders.judge.client import Judge
    from katas_course import executors

    class Here(executors.JobExecutor):
        """Grades a batch in this process."""

        def __init__(self, root: Path, at_once: int | None = None, require: Any = None) -> None:
            del at_once
            super().__init__(ThreadPoolExecutor(1), 1)
            executors._idle.append(Judge(root, require=require, crowded=True, started=kept))

    executors.ThisMachine = Here  # type: ignore[misc, assignment]
