"""Operations: any index, and what is infinite, empty or undefined, against PyTorch."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import your_framework
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from your_framework import Tensor, layers

from tests.framework.sides import assert_as_torch, codes, naming, outcome, refusal
from tests.late import torch

RNG = np.random.default_rng(5)


def program(code: str):
    return lambda lib, *tensors: eval(code, {"lib": lib, **dict(zip("abc", tensors, strict=False))})


def test_truths_of_a_whole_tensor_and_its_one_number() -> None:
    for code in codes("(a > 0).all(); (a > 0).any(1); a.all(0, keepdim=True); lib.tensor(float(a.detach().sum()))"):
        with naming(code):
            assert_as_torch(program(code), RNG.standard_normal((3, 4)))
    assert (Tensor([1.0]) == None) is False  # noqa: E711


def test_erf_is_exact_to_the_last_digits() -> None:
    x = np.linspace(-7, 7, 4001)
    expected = np.vectorize(math.erf)(x)
    assert np.abs(layers.F.erf(x) - expected).max() < 4e-16
    assert np.abs(layers.F.erf(x.astype(np.float32)) - expected).max() < 2e-7


def test_gelu_of_a_number_has_its_gradient() -> None:
    for dtype in (np.float32, np.float64):
        x = Tensor(np.array(0.5, dtype), requires_grad=True)
        layers.F.gelu(x).backward()
        density = math.exp(-0.125) / math.sqrt(2 * math.pi)
        assert x.grad.item() == pytest.approx(0.5 * (1 + math.erf(0.5 * math.sqrt(0.5))) + 0.5 * density, rel=1e-6)


# ----------------------------------------------------------------------------------------------- indices


@st.composite
def indexed(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple]:
    """A shape, and an index of all kinds that fits it; arrays broadcast to one shape."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    common = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    index: list = []
    axis = 0
    stop = draw(st.integers(0, len(shape)))
    while axis < stop:
        kind = draw(st.sampled_from(["int", "slice", "array", "list", "mask", "None", "tuple"]))
        size = shape[axis]
        if kind == "int":
            index.append(draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            ends = st.none() | st.integers(-size - 1, size + 1)
            index.append(slice(draw(ends), draw(ends), draw(st.none() | st.integers(1, 3))))
        elif kind in ("array", "list", "tuple"):
            values = draw(npst.arrays(np.int64, common, elements=st.integers(-size, size - 1)))
            values = values if values.ndim or kind == "array" else values[None]
            index.append(
                {"array": np.array, "list": np.ndarray.tolist, "tuple": lambda v: tuple(v.tolist())}[kind](values)
            )
        elif kind == "mask" and not any(isinstance(i, (np.ndarray, list, tuple)) for i in index) and len(common) < 1:
            index.append(draw(npst.arrays(bool, (size,))))
        elif kind == "None":
            index.append(None)
            continue
        else:
            continue
        axis += 1
    if draw(st.booleans()):
        index.append(...)
    return shape, tuple(index)


def for_torch(index: tuple) -> tuple:
    return tuple(torch.tensor(i) if isinstance(i, np.ndarray) else i for i in index)


@settings(max_examples=150)
@given(indexed())
def test_any_index_takes_what_torch_takes(case: tuple) -> None:
    shape, index = case
    array = RNG.standard_normal(shape)
    assert_as_torch(lambda lib, a: (a * 1)[index if lib is your_framework else for_torch(index)], array)


@settings(max_examples=80)
@given(indexed(), st.booleans())
def test_any_index_can_be_assigned_to(case: tuple, number: bool) -> None:
    shape, index = case
    array = np.zeros(shape)
    places = np.arange(array.size).reshape(shape)[
        tuple(np.array(i) if isinstance(i, (list, tuple)) else i for i in index)
    ]
    if np.unique(places).size < places.size:
        return  # which of several values stays is nobody's promise

    def assigned(lib, a, *values):
        h = a * 1
        h[index if lib is your_framework else for_torch(index)] = values[0] if values else 2.5
        return h * h

    taken = outcome(torch, lambda _, a: (a * 1)[for_torch(index)], [array])[0].shape
    values = [] if number else [RNG.standard_normal(taken)]
    assert_as_torch(assigned, RNG.standard_normal(shape), *values)


# ------------------------------------------------------------------------------------------------- edges

UNBOUNDED = codes(
    "a.exp(); a.sigmoid(); a.tanh(); a.log(); a.sqrt(); 1 / a; a / a; a ** -1; a ** 0.5; a.softmax(0); "
    "a.log_softmax(0); a.relu(); a.clip(-1, 1); abs(a); a ** 2.0; a.maximum(a * 0)"
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("array", [[0.0, -1.0, 1e4, -1e4], [np.inf, 1.0], [-np.inf, 1.0], [np.nan, 1.0]], ids=str)
def test_infinities_and_nan_are_results_without_a_warning(array: list[float], dtype: str) -> None:
    for code in UNBOUNDED:
        if ("softmax" in code or "* 0" in code or code == "a ** 2.0") and not np.isfinite(array[0]):
            continue
        if code in ("a.relu()", "abs(a)") and np.isnan(array[0]):  # nan has no side: its gradient is left open
            continue
        with naming(code):
            assert_as_torch(program(code), np.array(array, dtype), rtol=1e-5, atol=1e-7)


def test_a_variance_without_freedom_is_no_number() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "var|std")  # PyTorch's
        for code in ("a.var()", "a.std()", "a.var(0)", "a.std(0, correction=1)"):
            assert_as_torch(program(code), np.array([2.0]))
    assert np.isnan(layers.F.gelu(Tensor([math.nan, 1.0])).data).tolist() == [True, False]


OF_NOTHING = codes(
    "a.sum(); a.sum(0); a.sum(1); a.reshape(0, 6); a.exp() + 1; a.softmax(1); a @ a.T; a.T @ a; "
    "a[a > 0]; lib.cat([a, a]); a.flatten(); a[[]]; a.mean(0); a.max(1).values; a * 2; "
    "a.unsqueeze(0) @ a.T"
)


def test_tensors_without_elements() -> None:
    for code in OF_NOTHING:
        with naming(code):
            assert_as_torch(program(code), np.zeros((0, 3)))
    assert_as_torch(lambda _, a, b: a @ b, np.zeros((2, 3, 0)), np.zeros((0, 4)))


REFUSED = codes(
    "x[2]; x[0, 0, 0]; x[[0, 2]]; x[lib.tensor([True, False, True])]; x[[0, 1], [0, 1, 2]]; x[::0]; "
    "x[::-1]; x.sum(2); x.squeeze(2); x.unsqueeze(3); x.transpose(0, 2); x.softmax(2); x.flatten(2); "
    "x.max(2); len(x[0, 0]); x.reshape(4); x.reshape(-1, -1); x.expand(3, 3); x.permute(0, 0); "
    "x.view(5); x.T.view(6); lib.cat([x, x[0]]); lib.stack([x, x[0]]); x.item(); x.clip(); x @ x; "
    "x.flatten(1, 0); lib.where(x > 0, x, lib.zeros(5)); lib.where(x, x, x); x.long() ** -1; x[1.5]; "
    "x.add_(lib.zeros(3, 3)); x + '1'; x.long().mean(); x.long().var(); x.long().std(0)"
)


def test_what_torch_refuses_is_refused_with_the_same_exception() -> None:
    def raised(lib, code: str) -> str:
        kind = refusal(lambda: eval(code, {"lib": lib, "x": lib.ones(2, 3)})).split()[0]
        return {"AxisError": "IndexError"}.get(kind, kind)  # an AxisError is an IndexError

    ours, theirs = ({code: raised(lib, code) for code in REFUSED} for lib in (your_framework, torch))
    assert ours == theirs
    assert "nothing" not in ours.values()
