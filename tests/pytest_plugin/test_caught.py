"""Tests of learner mode that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

from tests.workshop import ADDED, pytest, write, write_repository


def test_behaviour_of_two_misconceptions_has_no_diagnosis(tmp_path: Path) -> None:
    root = write_repository(tmp_path, ["alpha"])
    write(root / "graders/hidden/alpha/wrong/also.py", f"# two is put beside it\n# task: twice\n{ADDED}")
    write(root / "katas/alpha/twice.py", ADDED)
    done = pytest("-p", "no:cacheprovider", "katas", cwd=root)
    assert "yours   :" in done.out
    assert "exactly like a known mistake" not in done.out
