"""What planted faults showed that no test of the command line protects; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

from tests.workshop import SOLUTION, katas, write, write_repository


def test_one_failed_kata_decides_the_exit_status(tmp_path: Path) -> None:
    root = write_repository(tmp_path, ["alpha", "beta"])
    write(root / "katas/alpha/twice.py", SOLUTION)
    done = katas("grade", "alpha", "beta", cwd=root)
    assert done.status == 1, done.said
    assert "2 katas, 1 passed" in done.out
