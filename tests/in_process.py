"""Run `katas` in the tests' own process, for help, lists and messages, where a separate process doesn't matter."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer.main

from graders.cli.app import run_command_line as run
from tests.workshop import ROOT, Finished, environment

built = functools.cache(typer.main.get_command)  # to build all commands takes most of a short command's time


def katas(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """Run `katas words…` in `cwd`, without starting an interpreter."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        for name, value in environment(**(env or {})).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["katas", *words])
        patch.setattr(typer.main, "get_command", built)
        patch.setattr(sys.modules["__main__"], "__package__", None)  # so that help calls the command `katas`
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(None)
    return Finished(status, out.getvalue(), err.getvalue(), [])


def sub_commands(command: object, *words: str) -> dict[str, object]:
    """Return every command below this one by its full name, such as "gradebook" and "gradebook import"."""
    found: dict[str, object] = {}
    for name, lazy in getattr(command, "commands", {}).items():
        each = getattr(lazy, "real", lazy)
        found[" ".join((*words, name))] = each
        found |= sub_commands(each, *words, name)
    return found
