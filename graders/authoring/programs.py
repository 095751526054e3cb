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
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan\b|inf\b)")


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
            printed = output_of(test.counterexample, folder)
            agrees = runs_as_told(test.counterexample, printed)
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


def output_of(program: str, folder: Path) -> str:
    """Return what a program prints, or its traceback."""
    words = [sys.executable, "-"]
    try:
        done = subprocess.run(words, input=program, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"TimeoutError: it takes more than {PATIENCE_S:g} s"
    return done.stdout if done.returncode == 0 else done.stderr


def runs_as_told(program: str, printed: str) -> bool:
    """Return whether a program printed the value, or raised the exception, that its last comments report."""
    raised = re.search(r"^# raises (\w+)", program, re.MULTILINE)
    if raised:
        return raised[1] in "".join(printed.splitlines()[-1:])
    yours = re.search(r"^# yours   : (.*(?:\n#  .*|\n# [^ey].*)*)", program, re.MULTILINE)
    if not yours:  # the value is too large to show
        return "..." in printed
    told, came = _numbers(re.sub(r"dtype\S+", "", yours[1])), _numbers(printed)
    if program.count("print(") > 1:  # the answer to an earlier call comes first
        came = came[max(0, len(came) - len(told)) :]
    return len(told) == len(came) and np.allclose(told, came, rtol=2e-4, equal_nan=True)


def _numbers(text: str) -> list[float]:
    """Return the numbers in a value that Python or NumPy printed."""
    return [float(each) for each in NUMBER.findall(text)]
