"""Tests of replays that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

from graders.cli.replaying import differences
from graders.verdict import TestResult, Verdict


def test_a_replay_reports_another_counterexample() -> None:
    def verdict(code: str) -> Verdict:
        test = TestResult(name="test_a", task="t", visibility="visible", status="failed", counterexample=code)
        return Verdict(kata="any", status="failed", tests=(test,))

    assert differences(verdict("f(1)"), verdict("f(2)")) == ["test_a: the counterexample differs"]
    assert differences(verdict("f(1)"), verdict("f(1)")) == []
