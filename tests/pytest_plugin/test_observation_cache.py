"""The observation cache: it rules out most variants without running them again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graders import catalogue
from graders.catalogue import Kata
from graders.checks import assert_close
from graders.pytest_plugin.diagnosis import Budget, Case, Program, alike, diagnose, observation
from graders.pytest_plugin.local_side import LocalSide
from graders.pytest_plugin.observation_cache import ENTRIES, LARGE_BYTES, Fingerprint, ObservationCache, same, weight

SMALL = [1, (2.0, "three"), {"four": np.arange(4)}, ("RemoteFault", "ValueError"), None, True, np.float32(5)]
LARGE = np.arange(10_000, dtype=float).reshape(100, 100)
Asked = Callable[..., tuple[str, list[str]]]
DTYPES = st.sampled_from([np.float64, np.float32, np.complex128, np.int64, np.bool_])


# ------------------------------------------------------------------------------------------- fingerprints


def test_the_fingerprint_of_a_small_value_is_the_value() -> None:
    assert Fingerprint.of(SMALL) == (SMALL, True, True)
    assert Fingerprint.of(SMALL).value is SMALL


def test_one_array_of_a_thousand_numbers_is_kept_whole() -> None:
    value = [np.ones((600, 2)), 1.0]
    assert Fingerprint.of(value) == (value, True, True)


def test_two_floats_weigh_the_same() -> None:
    assert weight([1.0]) == weight([np.float64(1.0)]) == weight([np.float32(1.0)])


def test_large_arrays_are_sampled_at_any_depth() -> None:
    seen, whole, _ = Fingerprint.of([{"weights": LARGE}, (1, LARGE)])
    assert not whole
    assert weight(seen) < 4 * LARGE_BYTES < LARGE.nbytes
    name, shape, kept = seen[0]["weights"]
    assert (name, shape, kept.size, kept[-1]) == ("float64", (100, 100), ENTRIES + 1, LARGE.max())
    assert {0.0, LARGE.max()} <= set(kept)


@given(arrays.arrays(DTYPES, arrays.array_shapes(max_dims=3, min_side=8, max_side=40)), st.floats(-1e-12, 1e-12))
def test_equal_values_have_equal_fingerprints(array: np.ndarray, error: float) -> None:
    with np.errstate(all="ignore"):
        other = (array * (1 + error)).astype(array.dtype) if array.dtype.kind in "fc" else array.copy()
    if same(array, other):
        assert same(Fingerprint.of([array]).value, Fingerprint.of([other]).value)


@pytest.mark.parametrize(
    "other",
    [LARGE + 1, LARGE.astype(np.float32), LARGE.reshape(-1), np.vstack([LARGE[1:], np.full(100, np.nan)])],
    ids=["values", "dtype", "shape", "one that is not finite"],
)
def test_another_value_dtype_or_shape_changes_the_fingerprint(other: np.ndarray) -> None:
    assert not same(Fingerprint.of([LARGE]).value, Fingerprint.of([other]).value)


# ---------------------------------------------------------------------------------------------- the cache


def test_messages_carry_fingerprints_that_can_be_sent_to_another_cache() -> None:
    one, other = ObservationCache(), ObservationCache()
    one.add(b"a" * 16, Fingerprint(SMALL, True))
    one.add(b"b" * 16, Fingerprint([], False))
    one.add(b"c" * 16, Fingerprint([object()], True))
    one.add(b"e" * 16, Fingerprint.of([1.0], complete=False))
    one.add(b"e" * 16, Fingerprint.of([1.0, 2.0], complete=False))
    one.add(b"d" * 16, Fingerprint(["x" * 100_000], True))
    messages = list(one.new_messages())
    assert [other.add_message(message) for message in messages] == [True] * 3
    assert [other.add_message(message) for message in messages] == [False] * 3
    assert other.fingerprints.keys() == {b"a" * 16, b"b" * 16, b"e" * 16}
    assert same(other.fingerprints[b"a" * 16].value, SMALL)
    assert other.fingerprints[b"a" * 16].whole
    assert other.fingerprints[b"b" * 16] == ([], False, True)
    assert other.fingerprints[b"e" * 16] == ([1.0, 2.0], False, False)
    assert list(other.new_messages()) == []  # received fingerprints are not sent on


def test_of_the_same_case_the_most_values_are_kept() -> None:
    cache, key = ObservationCache(), b"a" * 16
    for values, complete, kept in (
        ([1.0, 2.0], False, [1.0, 2.0]),
        ([1.0], False, [1.0, 2.0]),
        ([1.0, 2.0, 3.0], False, [1.0, 2.0, 3.0]),
        ([1.0], True, [1.0]),
        ([1.0, 2.0], False, [1.0]),
    ):
        cache.add(key, Fingerprint.of(values, complete=complete))
        assert cache.fingerprints[key].value == kept


def test_a_full_cache_keeps_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.pytest_plugin.observation_cache.MEMORY_BYTES", 1000)
    cache = ObservationCache()
    cache.add(b"a" * 16, Fingerprint(["x" * 500], True))
    cache.add(b"b" * 16, Fingerprint(["x" * 500], True))
    cache.add(b"c" * 16, Fingerprint(["short"], True))
    assert list(cache.fingerprints) == [b"a" * 16, b"c" * 16]
    for length in (500, 600, 700):  # each takes the place of the one before
        cache.add(b"a" * 16, Fingerprint.of(["x" * 200] * (length // 200), complete=length == 700))
    assert len(cache.fingerprints[b"a" * 16].value) == 3


def test_a_variant_that_makes_more_calls_is_another(kata: Kata, tmp_path: Path) -> None:
    variants = [variant for variant in kata.wrong if variant.path.stem == "added"]
    cache = ObservationCache()

    def body(handle: Any, _: Any) -> None:
        for _ in range(1 if handle.side is own.side else 2):
            handle.scale(np.array([2.0]), 3.0)

    def load(files: dict[str, bytes]) -> LocalSide:
        return _side(kata, tmp_path, files["scaling.py"])

    for _ in range(2):  # the second time with cached values
        own = Program(kata, lambda: _side(kata, tmp_path, ADDED.encode()))
        case = Case("a", "x", body, "visible/test_a", (0,))
        assert alike(kata, variants, [case], own, load, cache, Budget()) == []


# ------------------------------------------------------------------------------------------- diagnosing


@pytest.fixture
def kata(repository: Path) -> Kata:
    return catalogue.load(repository, "scaling")


def _side(kata: Kata, place: Path, text: bytes) -> LocalSide:
    folder = place / str(len(list(place.iterdir())))
    folder.mkdir()
    (folder / "scaling.py").write_bytes(text)
    return LocalSide(kata, folder)


@pytest.fixture
def asked(kata: Kata, tmp_path: Path) -> Asked:
    """Return a function: `asked(text, cache[, size])` returns a diagnosis and the first lines of the loaded files."""

    side = partial(_side, kata, tmp_path)

    def ask(text: str, cache: ObservationCache, size: int = 3) -> tuple[str, list[str]]:
        def body(handle: Any, draw: Any) -> None:
            handle.scale(draw.normal(size), draw.normal())

        def load(files: dict[str, bytes]) -> LocalSide:
            loaded.append(files["scaling.py"].decode().splitlines()[0])
            return side(files["scaling.py"])

        loaded: list[str] = []
        cases = [Case("a", "x", body, "visible/test_a", (0, 1)), Case("b", "x", body, "visible/test_b", (0, 1, 2))]
        tasks = [task.name for task in kata.tasks]
        own = Program(kata, lambda: side(text.encode()))
        return diagnose(kata, tasks, cases, own, load, cache, Budget())[1], loaded

    return ask


ADDED = "import numpy as np\n\ndef scale(x, factor):\n    return x + x.dtype.type(factor)\n"
SENTENCE = "The factor is added instead of multiplied."


def test_no_variant_runs_twice(asked: Asked, kata: Kata) -> None:
    cache = ObservationCache()
    first, loaded = asked(ADDED, cache)
    assert first == SENTENCE
    assert len(loaded) == len(kata.wrong) + 1  # the variants and the solution
    assert asked(ADDED, cache) == (SENTENCE, [])
    other = ADDED.replace("x + ", "x - ")
    assert len(asked(other, cache)[1]) == 1  # the solution, to see which of all calls are wrong
    assert asked(other, cache) == ("", [])


def test_no_case_of_the_submission_runs_twice(kata: Kata, tmp_path: Path) -> None:
    """All comparisons look at the same cases, and none of them finds the mistake."""
    ran: list[int] = []

    def body(handle: Any, draw: Any) -> None:
        ran.extend([draw.case] * (handle.side is own.side))
        assert_close(handle.scale(draw.normal(3), draw.normal()), np.ones(3))

    own = Program(kata, lambda: _side(kata, tmp_path, ADDED.replace("x + ", "x - ").encode()))
    cases = [Case("a", "x", body, "visible/test_a", (0, 1, 2, 3))]
    tasks = [task.name for task in kata.tasks]

    def load(files: dict[str, bytes]) -> LocalSide:
        return _side(kata, tmp_path, files["scaling.py"])

    assert diagnose(kata, tasks, cases, own, load, ObservationCache(), Budget()) == ("", "")
    assert observation(kata, cases, own, Budget()) == ([], "")
    assert sorted(ran) == [0, 1, 2, 3]


def test_a_test_of_a_variant_ends_after_the_first_other_value(kata: Kata, tmp_path: Path) -> None:
    """Its first values alone don't rule out other submissions that return them, too."""
    late = "    if x[0] > 1:\n        return x\n"  # right for the first call, and like no variant for the second
    late = ADDED.replace("    return", f"{late}    return")
    variants = [variant for variant in kata.wrong if variant.path.stem == "added"]
    cache, calls = ObservationCache(), 0

    def body(handle: Any, _: Any) -> None:
        nonlocal calls
        for x in (1.0, 2.0, 3.0, 4.0):
            calls += handle.side is not own.side
            handle.scale(np.array([x]), 3.0)

    def load(files: dict[str, bytes]) -> LocalSide:
        return _side(kata, tmp_path, files["scaling.py"])

    for text, found, count in ((late, [], 4 + 3), (late, [], 0), (ADDED, variants, 4), (ADDED, variants, 0)):
        own = Program(kata, lambda text=text: _side(kata, tmp_path, text.encode()))  # type: ignore[misc]
        case, calls = Case("a", "x", body, "visible/test_a", (0,)), 0
        assert alike(kata, variants, [case], own, load, cache, Budget()) == found
        assert calls == count


def test_tests_of_one_name_are_two_cases(kata: Kata, tmp_path: Path) -> None:
    """In learner mode, hidden tests of two files may have the same name."""

    def body(value: float) -> Callable[[Any, Any], None]:
        return lambda handle, _: handle.scale(np.array([value]), 2.0)

    own = Program(kata, lambda: _side(kata, tmp_path, ADDED.encode()))
    first, second = (Case("a", "x", body(value), "hidden/test_a", (0,)) for value in (1.0, 5.0))
    assert [own.run(case, 0).values for case in (first, second, first)] == [[3.0], [7.0], [3.0]]


def test_an_observation_includes_what_is_too_large_to_keep(kata: Kata, tmp_path: Path) -> None:
    def body(handle: Any, draw: Any) -> None:
        x = draw.normal(3)
        assert_close(handle.scale(x, 2.0), -x)

    opposite = "def scale(x, factor):\n    return x\n"
    cases = [Case("a", "x", body, "visible/test_a", (0, 1, 2))]
    for room in (1e9, 100):
        own = Program(kata, lambda: _side(kata, tmp_path, opposite.encode()), room)
        assert "opposite sign" in observation(kata, cases, own, Budget())[1], room


def test_variants_with_equal_samples_run_again(asked: Asked) -> None:
    cache = ObservationCache()
    asked(ADDED, cache, 3000)
    sentence, loaded = asked(ADDED, cache, 3000)
    assert sentence == SENTENCE
    assert len(loaded) == 1
    hidden = ADDED.replace("    return", "    x[2] = 0\n    return")  # not among the sampled entries
    sentence, loaded = asked(hidden, cache, 3000)
    assert sentence == ""
    assert len(loaded) == 2  # the variant, and the solution, to see which calls are wrong


def test_returning_a_sample_does_not_match_the_large_array(asked: Asked) -> None:
    cache = ObservationCache()
    asked(ADDED, cache, 3000)
    keep = f"""    right = np.linspace(0, x.size - 1, {ENTRIES}).astype(int)
    y = x + x.dtype.type(factor)
    return "float64", y.shape, np.append(y[right], np.max(np.abs(y)))
"""
    forged = ADDED[: ADDED.index("    return")] + keep
    assert asked(forged, cache, 3000)[0] == ""
    assert asked(forged, cache, 3000)[0] == ""
