"""Hidden suites that are stored elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from graders import catalogue
from graders.hidden_suites import with_hidden
from tests.workshop import SOLUTION, SUMMED, write, write_repository


def test_solutions_with_hidden_suites_replace_public_ones(tmp_path: Path) -> None:
    root = write_repository(tmp_path / "public", ["alpha"])
    shutil.move(root / "graders/hidden", tmp_path / "hidden")
    write(tmp_path / "hidden/solutions/alpha/twice.py", SUMMED)
    with with_hidden(root, tmp_path / "hidden") as place:
        kata = catalogue.load(place, "alpha")
        assert (kata.solution / "twice.py").read_text(encoding="utf-8") == SUMMED
    assert (root / "solutions/alpha/twice.py").read_text(encoding="utf-8") == SOLUTION
