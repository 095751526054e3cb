"""Fuzz every reader of submitted files with a few hundred inputs; tests/fuzz_files.py uses a million."""

from __future__ import annotations

import sys

import pytest

from tests import fuzz_files
from tests.shell import run

RUNS = 300


@pytest.mark.deep
@pytest.mark.security
def test_readers_of_files_refuse_or_return_within_their_limits(tmp_path):
    words = (f"--runs={RUNS}", "--expensive=50", f"--keep={tmp_path}")
    done = run(sys.executable, "tests/fuzz_files.py", *words)
    assert done.status == 0, done.said
    assert [line.split(":")[0] for line in done.out.splitlines()] == list(fuzz_files.TARGETS)


def broken(_: bytes) -> None:
    raise ZeroDivisionError


def endless(_: bytes) -> None:
    while True:
        pass


def greedy(_: bytes) -> None:
    bytearray(2 * fuzz_files.MEMORY_BYTES)


@pytest.mark.parametrize(
    ("read", "said"),
    [(broken, "ZeroDivisionError"), (endless, "of CPU time"), (greedy, "MemoryError")],
    ids=["broken", "endless", "greedy"],
)
def test_a_reader_that_breaks_a_limit_fails(read, said):
    code = (
        "from tests import fuzz_files\n"
        "from tests.repo import test_fuzz\n"
        "fuzz_files.CPU_S = 0.1\n"
        f"target = fuzz_files.Target(test_fuzz.{read.__name__}, (ValueError,), [b'1'], [b'2'], lambda rng: b'3')\n"
        "fuzz_files.fuzz(target, 10, 0, 5)\n"
    )
    last = run(sys.executable, "-c", code).err.splitlines()[-1]
    assert "Failed" in last
    assert said in last
