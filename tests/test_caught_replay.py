"""What planted faults showed that no test of replays protects; see `tests/planted.py`."""

from __future__ import annotations

from graders.cli.replaying import differences
from graders.verdict import TestResult, Verdict


def test_a_replay_with_another_counterexample_is_told() -> None:
    def verdict(code: str) -> Verdict:
        test = TestResult(name="test_a", task="t", visibility="visible", status="failed", counterexample=code)
        return Verdict(kata="any", status="failed", tests=(test,))

    assert differences(verdict("f(1)"), verdict("f(2)")) == ["test_a: another counterexample"]
    assert differences(verdict("f(1)"), verdict("f(1)")) == []
