"""Tests that the benchmarks still run, because the code and the texts that they read change."""

import subprocess
import sys

import pytest

from tests.workshop import ROOT

SHORT = {
    "all_katas": ("exercise01", "--rounds", "1"),
    "cohort": ("--people", "10", "--workers", "1", "--rounds", "1"),
    "framework": ("--rounds", "1"),
    "grade_latency": ("--rounds", "1"),
    "list_latency": ("--rounds", "1"),
    "watch_latency": ("--rounds", "1"),
    "worker_memory": (),
}


@pytest.mark.deep
@pytest.mark.parametrize("name", SHORT)
def test_a_benchmark_runs(name: str) -> None:
    command = [sys.executable, f"benchmarks/{name}.py", *SHORT[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
