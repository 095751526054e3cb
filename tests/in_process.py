"""`katas` in the process of the tests: for help, lists and messages, where a process of its own does not matter."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from graders.cli.app import run_command_line as run
from tests.workshop import ROOT, Finished, environment


def katas(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """`katas words…`, typed in `cwd`: all that the command does after its start."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        for name, value in environment(**(env or {})).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["katas", *words])
        patch.setattr(sys.modules["__main__"], "__package__", None)  # so that help calls the command `katas`
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(None)
    return Finished(status, out.getvalue(), err.getvalue(), [])


def sub_commands(command: object, *words: str) -> dict[str, object]:
    """Every command below this one, by what is typed for it: "gradebook import" as well as "gradebook"."""
    found: dict[str, object] = {}
    for name, each in getattr(command, "commands", {}).items():
        found[" ".join((*words, name))] = each
        found |= sub_commands(each, *words, name)
    return found
