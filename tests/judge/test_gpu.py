"""Tests marked gpu: when they run, and what the verdict says if they don't.

A stand-in for NVIDIA's driver library says that there is a device. The tests themselves then run on the processor.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import Judge
from graders.sandbox import gpu, runtimes
from graders.verdict import Verdict
from tests.observed import result, tasks
from tests.workshop import write

RIGHT = "def answer(number):\n    return number\n"
WRONG = "def answer(number):\n    return number or 1\n"
DRIVER = "int cuInit(unsigned flags) { return %d; }\nint cuDeviceGetCount(int *count) { *count = %d; return 0; }\n"

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="cc, which compiles the stand-in, is not installed")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Return a function: `driver(status, count)` installs a driver that has this many devices."""

    def install(status: int, count: int) -> None:
        source = write(tmp_path / "driver.c", DRIVER % (status, count))
        library = tmp_path / "libcuda.so.1"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    return install


@pytest.fixture
def graded(repository: Path, written: Callable[..., Path]) -> Callable[..., Verdict]:
    def grade(text: str, confinement: str) -> Verdict:
        with Judge(repository, confinement=confinement, resident=False) as judge:
            return judge.grade("partial", written("partial", text))

    return grade


@pytest.mark.parametrize(("status", "count"), [(0, 0), (100, 1)])
def test_without_a_device_there_is_no_gpu(driver, status: int, count: int) -> None:
    driver(status, count)
    assert gpu.missing("gpu") == "this machine has no GPU"


def test_a_device_is_used_only_by_the_runtime_gpu(driver) -> None:
    driver(0, 1)
    assert gpu.missing("gpu") == ""
    assert "confined workers cannot use this machine's GPU" in gpu.missing("numpy")


def test_unconfined_workers_run_the_tests_marked_gpu(driver, graded) -> None:
    driver(0, 1)
    right, wrong = graded(RIGHT, "none"), graded(WRONG, "none")
    assert (right.device, right.confinement, tasks(right)["fast"], right.score) == ("cuda", "none", "passed", 8)
    assert (wrong.device, tasks(wrong)["fast"], wrong.score) == ("cuda", "failed", 6)


def test_without_a_device_unconfined_workers_do_not_run_them(driver, graded) -> None:
    driver(0, 0)
    verdict = graded(WRONG, "none")
    assert (verdict.device, tasks(verdict)["fast"]) == ("cpu", "ungraded")


def test_confined_workers_do_not_run_them(driver, graded) -> None:
    driver(0, 1)
    verdict = graded(WRONG, "auto")
    assert (verdict.device, tasks(verdict)["fast"]) == ("cpu", "ungraded")
    assert "confined workers cannot use this machine's GPU" in result(verdict, "test_on_a_gpu").message


def test_workers_with_the_runtime_gpu_can_import_cupy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "cupy/__init__.py", "")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(tmp_path / "cupy") in runtimes.package_paths("gpu", ())
    assert str(tmp_path / "cupy") not in runtimes.package_paths("torch", ())
