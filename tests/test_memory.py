"""What is remembered of our own files: enough to tell most of them from a submission without asking them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graders import catalogue
from graders.catalogue import Kata
from graders.judge.diagnosis import Case, diagnose, same
from graders.judge.local import LocalSide
from graders.judge.memory import ENTRIES, LARGE_BYTES, Impression, Memory, weight

SMALL = [1, (2.0, "three"), {"four": np.arange(4)}, ("RemoteFault", "ValueError"), None, True, np.float32(5)]
LARGE = np.arange(10_000, dtype=float).reshape(100, 100)
DTYPES = st.sampled_from([np.float64, np.float32, np.complex128, np.int64, np.bool_])


# ------------------------------------------------------------------------------------------- impressions


def test_the_impression_of_what_is_small_is_the_thing_itself() -> None:
    assert Impression.of(SMALL) == (SMALL, True)
    assert Impression.of(SMALL).value is SMALL


def test_of_a_large_array_some_entries_are_kept_wherever_it_stands() -> None:
    seen, whole = Impression.of([{"weights": LARGE}, (1, LARGE)])
    assert not whole
    assert weight(seen) < 4 * LARGE_BYTES < LARGE.nbytes
    name, shape, kept = seen[0]["weights"]
    assert (name, shape, kept.size, kept[-1]) == ("float64", (100, 100), ENTRIES + 1, LARGE.max())
    assert {0.0, LARGE.max()} <= set(kept)


@given(arrays.arrays(DTYPES, arrays.array_shapes(max_dims=3, min_side=8, max_side=40)), st.floats(-1e-12, 1e-12))
def test_what_is_the_same_leaves_the_same_impression(array: np.ndarray, error: float) -> None:
    with np.errstate(all="ignore"):
        other = (array * (1 + error)).astype(array.dtype) if array.dtype.kind in "fc" else array.copy()
    if same(array, other):
        assert same(Impression.of([array]).value, Impression.of([other]).value)


@pytest.mark.parametrize(
    "other",
    [LARGE + 1, LARGE.astype(np.float32), LARGE.reshape(-1), np.vstack([LARGE[1:], np.full(100, np.nan)])],
    ids=["values", "dtype", "shape", "one that is not finite"],
)
def test_another_value_dtype_or_shape_leaves_another_impression(other: np.ndarray) -> None:
    assert not same(Impression.of([LARGE]).value, Impression.of([other]).value)


# ---------------------------------------------------------------------------------------------- memory


def test_what_one_has_learnt_the_other_knows() -> None:
    one, other = Memory(), Memory()
    one.learn(b"a" * 16, Impression(SMALL, True))
    one.learn(b"b" * 16, Impression([], False))
    for message in one.news():
        other.take_in(message)
    assert same(other.known[b"a" * 16].value, SMALL)
    assert other.known[b"a" * 16].whole
    assert other.known[b"b" * 16] == ([], False)
    assert list(other.news()) == []  # it has told nobody anything new


def test_what_cannot_be_told_is_known_to_one_alone() -> None:
    memory = Memory()
    memory.learn(b"a" * 16, Impression([object()], True))
    memory.learn(b"b" * 16, Impression(["x" * 100_000], True))
    memory.learn(b"c" * 16, Impression(["short"], True))
    assert [message[:16] for message in memory.news()] == [b"c" * 16]


def test_a_full_memory_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.judge.memory.MEMORY_BYTES", 1000)
    memory = Memory()
    memory.learn(b"a" * 16, Impression(["x" * 500], True))
    memory.learn(b"b" * 16, Impression(["x" * 500], True))
    memory.learn(b"c" * 16, Impression(["short"], True))
    assert list(memory.known) == [b"a" * 16, b"c" * 16]


# ------------------------------------------------------------------------------------------- diagnosing


@pytest.fixture
def kata(repository: Path) -> Kata:
    return catalogue.load(repository, "scaling")


@pytest.fixture
def asked(kata: Kata, tmp_path: Path) -> Callable[..., tuple[str, list[str]]]:
    """asked(text, memory[, size]) is the diagnosis of a submission, and the first lines of what was loaded for it."""

    def side(text: bytes) -> LocalSide:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        (folder / "scaling.py").write_bytes(text)
        return LocalSide(kata, folder)

    def ask(text: str, memory: Memory, size: int = 3) -> tuple[str, list[str]]:
        def body(handle: Any, draw: Any) -> None:
            handle.scale(draw.normal(size), draw.normal())

        def load(files: dict[str, bytes]) -> LocalSide:
            loaded.append(files["scaling.py"].decode().splitlines()[0])
            return side(files["scaling.py"])

        loaded: list[str] = []
        cases = [Case("a", body, "visible/test_a", (0, 1)), Case("b", body, "visible/test_b", (0, 1, 2))]
        tasks = {task.name for task in kata.tasks}
        return diagnose(kata, tasks, cases, side(text.encode()), load, memory), loaded

    return ask


ADDED = "import numpy as np\n\ndef scale(x, factor):\n    return x + x.dtype.type(factor)\n"
SENTENCE = "The factor is added instead of multiplied."


def test_nothing_is_asked_twice(asked: Callable[..., tuple[str, list[str]]], kata: Kata) -> None:
    memory = Memory()
    first, loaded = asked(ADDED, memory)
    assert first == SENTENCE
    assert len(loaded) == len(kata.wrong) + 1  # and the solution
    again, loaded = asked(ADDED, memory)
    assert again == SENTENCE
    assert loaded == []


def test_another_submission_is_told_from_what_is_known(asked: Callable[..., tuple[str, list[str]]]) -> None:
    memory = Memory()
    asked(ADDED, memory)
    sentence, loaded = asked(ADDED.replace("x + ", "x - "), memory)
    assert (sentence, loaded) == ("", [])


def test_who_looks_alike_in_large_arrays_is_asked_again(asked: Callable[..., tuple[str, list[str]]]) -> None:
    memory = Memory()
    asked(ADDED, memory, 1000)
    sentence, loaded = asked(ADDED, memory, 1000)
    assert sentence == SENTENCE
    assert len(loaded) == 1
    hidden = ADDED.replace("    return", "    x[2] = 0\n    return")  # not among the entries that are kept
    sentence, loaded = asked(hidden, memory, 1000)
    assert sentence == ""
    assert len(loaded) == 1


def test_who_returns_what_is_kept_of_a_large_array_is_not_taken_for_it(
    asked: Callable[..., tuple[str, list[str]]],
) -> None:
    memory = Memory()
    asked(ADDED, memory, 1000)
    keep = f"""    right = np.linspace(0, x.size - 1, {ENTRIES}).astype(int)
    y = x + x.dtype.type(factor)
    return "float64", y.shape, np.append(y[right], np.max(np.abs(y)))
"""
    forged = ADDED[: ADDED.index("    return")] + keep
    assert asked(forged, memory, 1000)[0] == ""
    assert asked(forged, memory, 1000)[0] == ""
