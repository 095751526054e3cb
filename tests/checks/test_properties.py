"""Tests of properties checked by Hypothesis inside a kata's test."""

from pathlib import Path

import pytest
from hypothesis import strategies as st

from graders.checks import Draw
from graders.checks.mismatch import Mismatch, fail, observing
from graders.checks.properties import EXAMPLES, SHRINK_CALLS, for_all, rows, tenths
from graders.errors import WorkerError

SEED = bytes(16)


def examples(seed: bytes = SEED) -> list[tuple[object, object]]:
    seen = []

    @for_all(Draw(seed, "a_test", 0), z=rows(), c=tenths())
    def collected(z: object, c: object) -> None:
        seen.append((repr(z), c))

    return list(seen)


def test_the_examples_depend_only_on_the_seed() -> None:
    assert 10 <= len(examples()) <= EXAMPLES
    assert examples() == examples()
    assert examples() != examples(b"another seed, 16")


def test_a_failure_is_that_of_a_small_example() -> None:
    calls = []

    def check(z: list[int], c: int) -> None:
        calls.append((z, c))
        if len(z) > 2 and c > 3:
            fail(f"wrong for {z} and {c}", None, None)

    with pytest.raises(Mismatch) as caught:
        for_all(Draw(SEED, "a_test", 0), z=st.lists(st.integers(0, 9)), c=st.integers(0, 9))(check)
    assert caught.value.message == "wrong for [0, 0, 0] and 4"
    assert not getattr(caught.value, "__notes__", [])  # Hypothesis adds nothing; the kata's report shows the call
    assert calls[-1] == ([0, 0, 0], 4)  # the report shows the last call
    assert len(calls) <= EXAMPLES + SHRINK_CALLS + 1


def test_a_worker_that_is_gone_ends_the_search() -> None:
    calls = []

    def check(c: int) -> None:
        calls.append(c)
        raise WorkerError("it took too long")

    with pytest.raises(WorkerError, match="too long"):
        for_all(Draw(SEED, "a_test", 0), c=st.integers())(check)
    assert len(calls) == 1


def test_a_diagnosis_tries_no_examples() -> None:
    with observing():
        assert examples() == []


def test_no_folder_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples(b"yet another seed")
    assert list(tmp_path.iterdir()) == []
