"""Operations: every value and gradient against PyTorch, types, broadcasting, indices, edges."""

from __future__ import annotations

import inspect
import math
import re
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


def normal(*shape: int) -> np.ndarray:
    """Numbers of both signs, no two of them equal."""
    return RNG.permutation(np.linspace(-2.2, 2.1, math.prod(shape) + 5))[: math.prod(shape)].reshape(shape)


def positive(*shape: int) -> np.ndarray:
    return RNG.uniform(0.4, 2, shape)


A, B, P, Q = normal(3, 4), normal(3, 4), positive(3, 4), positive(3, 4)
CASES = {  # code for both libraries: its operands
    "a + b; a - b; a * b; a / b; a.maximum(b); a.minimum(b); a.add(b); a.sub(b); a.mul(b); a.div(b)": (A, B),
    "a + b; a - b; b - a; a * b; a.maximum(b); lib.where(a > 0, a, b)": (normal(2, 3, 4), normal(3, 1)),
    "a / b; b / a; a ** b; b ** a": (positive(2, 1, 4), positive(3, 1)),
    "a ** 2; a ** 3; a ** 1; a ** 0; a * 2; 3 - a; a / 4; -a; a.neg(); abs(a); a.abs(); a.pow(2); 2.0 ** a": (A,),
    "a ** 0.5; a ** -1.5; 1 / a; a.exp(); a.log(); a.sqrt(); a ** b; a.pow(b)": (P, Q),
    "a.tanh(); a.sigmoid(); a.relu(); a.clip(-0.5, 1); a.clamp(min=0); a.clip(max=0.5); a.clone(); a.double()": (A,),
    "a.softmax(0); a.softmax(-1); a.log_softmax(1); a.softmax(dim=0) * a": (A,),
    "a @ b; a.matmul(b); a.mm(b)": (normal(3, 4), normal(4, 2)),
    "a @ b; (a.unsqueeze(0) @ b.unsqueeze(-1)).squeeze()": (normal(4), normal(4)),
    "a @ b; (a * 2) @ b.T.T": (normal(2, 3, 4), normal(4, 2)),
    "a @ b; b.transpose(-1, -2) @ a.transpose(1, 2)": (normal(2, 3, 4), normal(2, 4, 2)),
    "a @ b; a @ (b * 2)": (normal(4, 5, 2), normal(3, 1, 2, 5)),
    "a @ b": (normal(4), normal(2, 4, 3)),
    "a @ b; b @ a[0, :, 0:1]": (normal(2, 4, 4), normal(4)),
    "a.sum(); a.mean(); a.max(); a.min(); a.var(); a.std(); a.var(unbiased=False); a.std(correction=2)": (
        normal(2, 3, 4),
    ),
    "a.sum(1); a.mean(axis=-1); a.var(1, keepdim=True); a.std(0); a.sum((0, 2)); a.mean(dim=(1, 2), keepdim=True)": (
        normal(2, 3, 4),
    ),
    "a.var(dim=(0, 2), correction=0); a.std(dim=(0, 1), unbiased=True); a.sum(axis=(0,)); a.mean((0, 1, 2))": (
        normal(2, 3, 4),
    ),
    "a.max(1).values; a.min(-1)[0]; a.max(0, keepdim=True).values; a.min(dim=2, keepdim=True)[0]": (normal(2, 3, 4),),
    "a.max(1).indices; a.min(0).indices; a.argmax(); a.argmin(1); a.argmax(2, keepdim=True)": (normal(2, 3, 4),),
    "a.reshape(6, 4); a.reshape((4, -1)); a.view(2, 12); a.flatten(); a.flatten(1); a.flatten(0, 1)": (
        normal(2, 3, 4),
    ),
    "a.transpose(0, 2); a.permute(1, 2, 0); a.permute((2, 0, 1)); a.transpose(-1, 1).reshape(8, 3)": (normal(2, 3, 4),),
    "a.squeeze(); a.squeeze(0); a.squeeze(1); a.squeeze((0, 1)); a.unsqueeze(0); a.unsqueeze(-1); a.T": (normal(1, 3),),
    "a.expand(2, 4, 3); a.expand(-1, 3); a.expand((4, 3))": (normal(4, 1),),
    "lib.cat([a, b]); lib.cat((a, b, a), 1); lib.cat([a, b], dim=-1); lib.stack([a, b]); lib.stack((a, b), -1)": (A, B),
    "a[1]; a[-1, 2]; a[:, 1:3]; a[::2]; a[..., None, 1]; a[None]; a[[0, 0, 2]]; a[:, [1, 1]]; a[[0, 1], [2, 2]]": (A,),
    "a[a > 0]; a[lib.tensor([True, False, True])]; a[(0, 0),]; a[1, [0, 0, 1]]; a[lib.tensor(1)]": (A,),
    "a > b; a >= b; a < 0; a <= b; a == a; a != b; (a > 0) & (b > 0); (a > 0) | (b > 0); (a > 0) ^ (b > 0)": (A, B),
    "~(a > 0); (a > 0).all(); (a > 0).any(1); a.detach(); a.long(); a.float() > 0; a.to(a.dtype).detach()": (A,),
}


def program(code: str):
    return lambda lib, *tensors: eval(code, {"lib": lib, **dict(zip("abc", tensors, strict=False))})


@pytest.mark.parametrize(("dtype", "rtol", "atol"), [("float64", 1e-9, 1e-11), ("float32", 1e-4, 1e-5)])
@pytest.mark.parametrize("several", CASES)
def test_values_and_gradients(several: str, dtype: str, rtol: float, atol: float) -> None:
    """In the precision of the operands."""
    for code in codes(several):
        with naming(code):
            assert_as_torch(program(code), *[a.astype(dtype) for a in CASES[several]], rtol=rtol, atol=atol)


FUNCTIONS = ["F.leaky_relu(a, 0.2)", "F.elu(a, 1.5)", "F.gelu(a)", "F.gelu(a, approximate='tanh')"]


@pytest.mark.parametrize("code", FUNCTIONS)
def test_functions_without_a_method(code: str) -> None:
    def either(lib, a):
        return eval(code, {"F": layers.F if lib is your_framework else torch.nn.functional, "a": a})

    wide = np.concatenate([normal(20), [-40.0, -7.0, -0.5, 6.3, 30.0]])
    assert_as_torch(either, wide, rtol=1e-9, atol=1e-12)


def test_every_method_that_records_is_in_the_table() -> None:
    """A new operation cannot be forgotten."""
    code = " ".join(CASES)
    words = "add_ sub_ mul_ div_ zero_ requires_grad_ backward numpy item tolist numel size"  # elsewhere
    public = {name for name, value in vars(Tensor).items() if inspect.isfunction(value) and name[0] != "_"}
    assert {name for name in public if f".{name}(" not in code} == set(words.split())


def test_erf_is_exact_to_the_last_digits() -> None:
    x = np.linspace(-7, 7, 4001)
    expected = np.vectorize(math.erf)(x)
    assert np.abs(layers.F.erf(x) - expected).max() < 4e-16
    assert np.abs(layers.F.erf(x.astype(np.float32)) - expected).max() < 2e-7


# ------------------------------------------------------------------------------------------------ types

NUMBERS = (True, 3, 2.5)
DTYPES = ("bool", "uint8", "int16", "int32", "int64", "float16", "float32", "float64")


def operands(lib):
    """(name, value) of all kinds of operands."""
    for name in DTYPES:
        yield f"{name} (2,)", lib.tensor(np.ones(2, name))
        yield f"{name} ()", lib.tensor(np.ones((), name))
    for number in NUMBERS:
        yield repr(number), number


@pytest.mark.parametrize("sign", ["+", "*", "/", "<", "**"])
def test_the_type_of_a_result_is_that_of_torch(sign: str) -> None:
    def types(lib) -> dict[str, str]:
        found = {}
        for (left, a), (right, b) in [(x, y) for x in operands(lib) for y in operands(lib)]:
            if not (isinstance(a, NUMBERS_TYPES) and isinstance(b, NUMBERS_TYPES)):
                try:
                    found[f"{left} {sign} {right}"] = str(eval(f"a {sign} b").numpy().dtype)
                except RuntimeError:
                    found[f"{left} {sign} {right}"] = "refused"
        return found

    ours, theirs = types(your_framework), types(torch)
    if sign == "**":  # NumPy has no power of bools
        ours = {key: kind for key, kind in ours.items() if not re.fullmatch(r"(bool .*|True) \*\* (bool .*|True)", key)}
    differ = {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key] and theirs[key] != "refused"}
    assert differ == {}


NUMBERS_TYPES = (bool, int, float)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float16", "float64"])
def test_the_type_of_one_operand(dtype: str) -> None:
    for code in codes("a.sum(); a.exp(); a.sqrt(); a.tanh(); a.max(); abs(a); a.relu()"):
        with naming(code):
            assert_as_torch(
                lambda lib, code=code: eval(code, {"a": lib.tensor(np.arange(1, 4).astype(dtype))}), rtol=1e-3
            )


def test_what_a_tensor_is_made_of() -> None:
    array = np.arange(3.0)
    x = Tensor(array)
    array[0] = 9
    assert (x.dtype, x.tolist()) == (np.float64, [0.0, 1.0, 2.0])
    made = [
        Tensor(1.5),
        Tensor([[1, 2]]),
        Tensor([True]),
        Tensor([]),
        Tensor(np.float64(2)),
        Tensor([1, 2.5]),
        Tensor(x),
    ]
    assert [t.dtype.name for t in made] == ["float32", "int64", "bool", "float32", "float64", "float32", "float64"]
    assert Tensor([1, 2], dtype="float32").dtype == Tensor([1.5], dtype=np.float32).dtype == np.float32
    assert Tensor(np.arange(3, dtype=">i4")).dtype.isnative
    for data, error in ((["a"], TypeError), ([[1], [2, 3]], ValueError), ([1j], TypeError), ([None], TypeError)):
        with pytest.raises(error):
            Tensor(data)


def test_arrays_and_numbers_may_stand_on_either_side() -> None:
    array, x = np.array([1.0, 2.0], np.float32), Tensor([3.0, 4.0], requires_grad=True)
    for result in (array + x, array * x, array - x, array / x, array @ x, np.float32(2) * x, 2**x, array < x):
        assert isinstance(result, Tensor)
    with pytest.raises(TypeError):
        x + "1"
    assert (x == None) is False  # noqa: E711


# ------------------------------------------------------------------------------------------ broadcasting

SHAPES = npst.mutually_broadcastable_shapes(num_shapes=3, min_dims=0, max_dims=4, min_side=0, max_side=3)


@settings(max_examples=80)
@given(SHAPES, st.sampled_from(["a + b * c", "a * b / c", "lib.where(a > 0, b, c)", "a.maximum(b) - c"]))
def test_any_shapes_that_broadcast(shapes: npst.BroadcastableShapes, code: str) -> None:
    arrays = [positive(*shape) for shape in shapes.input_shapes]
    assert_as_torch(program(code), *arrays)


@settings(max_examples=60)
@given(*[st.lists(st.integers(0, 3), max_size=3).map(tuple)] * 2)
def test_any_shapes_are_taken_or_refused_as_by_torch(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    for code in ("a + b", "a @ b", "a.maximum(b)"):
        said = []
        for lib in (your_framework, torch):
            try:
                said.append(tuple(eval(code, {"a": lib.zeros(first), "b": lib.zeros(second)}).shape))
            except RuntimeError as error:
                named = lib is torch or (str(first) in str(error) and str(second) in str(error))
                said.append("refused" if named else str(error))
        assert said[0] == said[1], code


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


def test_plain_indices_and_shapes_are_views() -> None:
    x = Tensor(np.zeros((2, 3, 4)))
    for view in (
        x[1],
        x[:, ::2],
        x[..., None],
        x.T,
        x.permute(2, 0, 1),
        x.view(6, 4),
        x.transpose(0, 1),
        x.expand(5, 2, 3, 4),
    ):
        assert np.shares_memory(view.data, x.data)
    assert not np.shares_memory(x[[0, 1]].data, x.data)
    with pytest.raises(RuntimeError, match="view"):
        x.T.view(24)


REFUSED = codes(
    "x[2]; x[0, 0, 0]; x[[0, 2]]; x[lib.tensor([True, False, True])]; x[[0, 1], [0, 1, 2]]; x[::0]; "
    "x[::-1]; x.sum(2); x.squeeze(2); x.unsqueeze(3); x.transpose(0, 2); x.softmax(2); x.flatten(2); "
    "x.max(2); len(x[0, 0]); x.reshape(4); x.reshape(-1, -1); x.expand(3, 3); x.permute(0, 0); "
    "x.view(5); x.T.view(6); lib.cat([x, x[0]]); lib.stack([x, x[0]]); x.item(); x.clip(); x @ x; "
    "x.flatten(1, 0); lib.where(x > 0, x, lib.zeros(5)); lib.where(x, x, x); x.long() ** -1; x[1.5]; "
    "x.add_(lib.zeros(3, 3)); x.long().mean(); x.long().var(); x.long().std(0)"
)


def test_what_torch_refuses_is_refused_with_the_same_exception() -> None:
    def raised(lib, code: str) -> str:
        kind = refusal(lambda: eval(code, {"lib": lib, "x": lib.ones(2, 3)})).split()[0]
        return {"AxisError": "IndexError"}.get(kind, kind)  # an AxisError is an IndexError

    ours, theirs = ({code: raised(lib, code) for code in REFUSED} for lib in (your_framework, torch))
    assert ours == theirs
    assert "nothing" not in ours.values()


# ------------------------------------------------------------------------------------------------- edges

TIES = np.array([[1.0, 1.0, 0.0], [-1.0, 0.0, -1.0]])


WITHOUT_GRADIENT = codes(
    "a.max(); a.min(); a.max(1).values; a.min(1).values; a.max(0).values; a.maximum(a * 1); "
    "a.minimum(-a); a.relu(); abs(a); a.clip(-1, 1); a.clip(0, 1); a ** 2; a ** 0; a ** 1; "
    "(a * 0).std(); a.std(1); a.maximum(lib.zeros(2, 3).double()); a.clip(min=0); (a * 0) ** a.exp(); "
    "a.abs() ** (a * 0)"
)


def test_gradients_where_there_is_none() -> None:
    for code in WITHOUT_GRADIENT:
        with naming(code):
            assert_as_torch(program(code), TIES)


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
