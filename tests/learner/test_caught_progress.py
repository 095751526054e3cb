"""Tests of progress that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

from pathlib import Path

from graders.learner.progress import Progress, Standing
from graders.verdict import Verdict


def test_done_date_is_that_of_the_first_pass(tmp_path: Path) -> None:
    with Progress(tmp_path / "progress.sqlite") as progress:
        for day in (2, 5):
            progress.record(Verdict(kata="alpha", status="passed", score=1, graded_at=f"2026-03-0{day}T12:00:00+00:00"))
        assert progress.standings(["alpha"]) == {"alpha": Standing("alpha", 2, 1, "2026-03-02")}
