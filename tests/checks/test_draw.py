"""Tests of drawn inputs: they follow from the seed, are recorded and can be replayed."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks import recipes
from graders.checks.draw import ArrayDrawn, Draw, Size, Unreplayable, plain

SEED = bytes(range(16))


def everything(draw: Draw) -> list:
    n, width = draw.sizes("n width")
    return [
        n,
        width,
        draw.normal(n, width, scale=2.0, dtype=np.float32),
        draw.normal(3),
        draw.normal(),
        draw.uniform(-1, 1, n),
        draw.uniform(0, 0.9),
        draw.integers(0, width, n),
        draw.integers(2, 5),
        draw.mask(n, width, keep=0.3),
        draw.choice(["xavier", "he"]),
        draw.seed(),
    ]


def equal(one: list, other: list) -> bool:
    return all(np.array_equal(a, b) and type(a) is type(b) for a, b in zip(one, other, strict=True))


@given(st.binary(min_size=16, max_size=16), st.text(max_size=20), st.integers(0, 30))
def test_a_recording_is_replayed_as_it_was_drawn(seed: bytes, test: str, case: int) -> None:
    first = Draw(seed, test, case)
    drawn = everything(first)
    again = Draw(b"another", "test", case, first.script)
    assert equal(everything(again), drawn)
    assert equal(everything(Draw(seed, test, case)), drawn)
    assert len(again.script) == len(first.script)


@pytest.mark.parametrize("other", [(b"x" * 16, "a", 1), (SEED, "b", 1), (SEED, "a", 2)])
def test_another_seed_test_or_case_draws_something_else(other: tuple[bytes, str, int]) -> None:
    assert Draw(*other).normal() != Draw(SEED, "a", 1).normal()


@given(st.binary(min_size=16, max_size=16))
def test_case_0_has_distinct_sizes_above_1(seed: bytes) -> None:
    draw = Draw(seed, "a", 0)
    sizes = [*draw.sizes("n fan_in fan_out"), draw.sizes("classes")]
    assert len(set(sizes)) == 4
    assert min(sizes) > 1


def test_later_cases_include_sizes_of_1_and_the_highest() -> None:
    assert Draw(SEED, "a", 0).sizes("n m", low=1, high=1) == (1, 1)  # too narrow for distinct sizes
    drawn = {int(Draw(SEED, "a", case).sizes("n", high=4)) for case in range(1, 60)}
    assert drawn == {1, 2, 3, 4}


def test_a_size_is_an_int_in_every_use() -> None:
    n = Size(3, "n")
    assert n == 3
    assert repr(n) == str(n) == f"{n}" == "3"
    assert type(n + 0) is type(pickle.loads(pickle.dumps(n))) is type(copy.deepcopy(n)) is int
    assert np.zeros((n, 2)).shape == (3, 2)
    assert list(range(n)) == [0, 1, 2]


def test_plain_turns_sizes_at_any_depth_into_ints() -> None:
    value = plain({"shape": (Size(2, "n"), [Size(3, "m")]), "x": 1.5})
    assert value == {"shape": (2, [3]), "x": 1.5}
    assert type(value["shape"][0]) is type(value["shape"][1][0]) is int


def test_a_name_drawn_again_is_another_size() -> None:
    draw = Draw(SEED, "a", 0)
    assert [draw.sizes("n").name for _ in range(3)] == ["n", "n 2", "n 3"]


def test_changing_a_drawn_array_does_not_change_the_recording() -> None:
    draw = Draw(SEED, "a", 0)
    array = draw.normal(3)
    array[:] = 0
    node = draw.script[0]
    assert isinstance(node, ArrayDrawn)
    assert node.value.all()
    assert not node.value.flags.writeable


def test_kinds_have_the_types_that_are_promised() -> None:
    draw = Draw(SEED, "a", 0)
    assert draw.normal(2, dtype=np.float32).dtype == np.float32
    assert draw.integers(0, 9, 4).dtype == np.int64
    assert set(np.unique(draw.mask(50))) == {0.0, 1.0}
    assert [type(draw.normal()), type(draw.uniform(0, 1)), type(draw.integers(0, 3))] == [float, float, int]


def test_a_recording_that_does_not_fit_is_refused() -> None:
    first = Draw(SEED, "a", 0)
    n = first.sizes("n", low=2)
    first.normal(n, 3)
    size, array = first.script
    assert isinstance(array, ArrayDrawn)
    assert array.axes == ("n", None)
    for script, draws in (
        ((array,), lambda draw: draw.normal(4)),
        ((array,), lambda draw: draw.uniform(0, 1, *array.value.shape)),
        ((array,), lambda draw: draw.seed()),
        ((replace(size, value=1),), lambda draw: draw.sizes("n", low=2)),
        ((), lambda draw: draw.normal(3)),
    ):
        with pytest.raises(Unreplayable):
            draws(Draw(SEED, "a", 0, script))


def test_a_large_array_is_drawn_again_by_its_expression() -> None:
    recipes.forget()
    draw = Draw(SEED, "large", 0)
    n = draw.sizes("n", low=300, high=400)
    low = np.float64(-1)
    large = [
        draw.normal(n, 2, scale=0.1, dtype=np.float32),
        draw.normal(n),
        draw.uniform(low, 1.5, 20, n),
        draw.integers(0, n, n),
        draw.mask(n, n, keep=0.25),
    ]
    draw.normal(20)
    made = recipes.recipes()[::-1]
    assert equal([recipe.value for recipe in made], large)
    assert equal([eval(recipe.expression, {"np": np}) for recipe in made], large)

    recipes.forget()
    changed = tuple(
        replace(node, value=0 * node.value) if node.value is made[1].value else node for node in draw.script
    )
    again = Draw(SEED, "large", 0, changed)
    again.sizes("n", low=300, high=400)
    again.normal(n, 2, scale=0.1, dtype=np.float32)
    again.normal(n)
    assert [recipe.expression for recipe in recipes.recipes()] == [made[0].expression]
