"""Run the programs that failures show, as a learner would, and compare what they print with what the report says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from graders import intake
from graders.catalogue import Kata
from graders.report import wording
from graders.verdict import Verdict

PATIENCE_S = 120.0
WORDS = ("True", "False", "None")
VALUE = re.compile(r"(?<![\w.])(?:-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan\b|inf\b)|True\b|False\b|None\b)")


class Tried(NamedTuple):
    """The result of running a failing test's program.

    `kind` is "agrees", "is wrong" or, if the failure has no program, "in words"; `said` is what a wrong one printed.
    """

    test: str
    kind: str
    said: str = ""


def tried(kata: Kata, files: Mapping[str, bytes], verdict: Verdict) -> Iterator[Tried]:
    """Run the program of every failing test of a submission."""
    with handed_out(kata, files) as folder:
        for test in verdict.tests:
            if test.status != "failed" or not test.counterexample:
                continue
            if not wording.can_be_pasted(test.counterexample):
                yield Tried(test.name, "in words")
                continue
            printed, ended = output_of(test.counterexample, folder)
            agrees = runs_as_told(test.counterexample, printed, ended)
            yield Tried(test.name, *(("agrees",) if agrees else ("is wrong", printed.strip()[-200:])))


@contextmanager
def handed_out(kata: Kata, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Yield a folder with the kata and the solved earlier ones, as learners have them, and these files."""
    with TemporaryDirectory() as name:
        for each in (*kata.earlier, kata):
            folder = Path(name, "katas", each.slug)
            shutil.copytree(each.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
            for path, data in (files if each is kata else intake.shipped(each, each.solution)).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        yield Path(name)


def output_of(program: str, folder: Path) -> tuple[str, str]:
    """Return what a program prints and "", or its traceback and the name of the exception that ended it."""
    words = [sys.executable, "-"]
    try:
        done = subprocess.run(words, input=program, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"it takes more than {PATIENCE_S:g} s", "TimeoutError"
    if done.returncode == 0:
        return done.stdout, ""
    raised = re.search(r"^[\w.]*?(\w+)(?::|$)", done.stderr.rpartition("Traceback (most")[2], re.MULTILINE)
    return done.stderr, raised[1] if raised else "no exception"


def runs_as_told(program: str, printed: str, ended: str) -> bool:
    """Return whether a program printed the value, or raised the exception, that its last comments report.

    If they report neither, because the message says what is wrong, it only has to run.
    """
    raised = re.search(r"^# raises (\w+)", program, re.MULTILINE)
    if raised or ended:
        return raised is not None and raised[1] == ended
    yours = re.search(r"^# yours   : (.*(?:\n#  .*|\n# [^ey].*)*)", program, re.MULTILINE)
    if not yours:
        return True
    if yours[1].startswith("np.empty("):  # without an entry
        return printed.strip().endswith("[]")
    told, came = _values(re.sub(r"dtype\S+", "", yours[1])), _values(printed)
    if yours[1].endswith("…"):  # the last number may be cut, too
        told, came = told[:-1], came[: len(told) - 1]
    elif program.count("print(") > 1:  # the answer to an earlier call comes first
        came = came[max(0, len(came) - len(told)) :]
    if not told and (words := re.findall(r"\w+", yours[1])):  # a string, a dtype or a type
        return words[-1] in printed and not came
    return len(told) == len(came) and all(map(_alike, told, came))


def _values(text: str) -> list[float | str]:
    """Return the numbers, and the words that can be a value, in what Python or NumPy printed."""
    return [each if each in WORDS else float(each) for each in VALUE.findall(text)]


def _alike(told: float | str, came: float | str) -> bool:
    if isinstance(told, str) or isinstance(came, str):
        return told == came
    return bool(np.isclose(told, came, rtol=6e-4, equal_nan=True))  # NumPy prints float16 with four digits
