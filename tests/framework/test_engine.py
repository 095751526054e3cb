"""The graph: what it remembers, how it is walked, what it lets go, and what it notices."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
import your_framework
from hypothesis import given, settings
from hypothesis import strategies as st
from your_framework import Tensor, no_grad, ones, tensor

from tests.framework.sides import assert_as_torch
from tests.late import torch

STEPS = [
    "a + b",
    "a * b.tanh()",
    "a - b",
    "a.maximum(b)",
    "a.tanh()",
    "a * 0.5",
    "a.sum(0, keepdim=True) + b",
    "(a @ b.T).tanh() @ a",
]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12))
def test_any_graph_has_the_gradients_that_torch_finds(steps: list[tuple[str, int, int]]) -> None:
    def program(_, *leaves):
        values = list(leaves)
        for step, i, j in steps:
            values.append(eval(step, {"a": values[-1 - i % len(values)], "b": values[-1 - j % len(values)]}))
        return values[-1]

    rng = np.random.default_rng(1)
    assert_as_torch(program, rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), rtol=1e-9, atol=1e-11)


def test_backward_lets_go_of_what_it_has_used() -> None:
    x = ones(1000, requires_grad=True)
    h = x.exp()
    kept = weakref.ref(h.data)
    loss = (h * h).sum()
    del h
    assert kept() is not None
    loss.backward()
    assert kept() is None


def test_a_graph_that_nobody_holds_is_gone_without_the_collector() -> None:
    x = ones(10, requires_grad=True)
    gc.disable()
    try:
        h = x.exp() * x + x
        kept = weakref.ref(h)
        h.sum().backward()
        del h
        assert kept() is None
    finally:
        gc.enable()


def test_no_grad_decorates_without_brackets_too() -> None:
    @no_grad
    def double(t: Tensor) -> Tensor:
        """Twice."""
        return t * 2

    assert (double.__name__, double.__doc__) == ("double", "Twice.")
    assert not double(ones(2, requires_grad=True)).requires_grad


CHANGED = """a.exp() a.log() a.sqrt() a.tanh() a.sigmoid() a.relu() abs(a) -a a+1 a*2 a/3 a*a a/a a**2 a**1.5 2**a
    a.sum() a.mean() a.max() a.max(0).values a.var() a.std() a.clip(0,1) a.softmax(0) a.log_softmax(0) a.maximum(a*1)
    a[a>0] a[[0,1]] a@b b@a lib.cat([a,b]) lib.stack([a,a]) lib.where(a>0,a,b) a.clone() a.double()"""


@pytest.mark.parametrize("which", ["operand", "result"])
def test_a_value_that_backward_needs_is_guarded_where_torch_guards_it(which: str) -> None:
    def refusal(lib, code: str) -> str:
        leaf = lib.tensor([1.0, 2.0, 3.0], requires_grad=True)
        a, b = leaf * 1, lib.tensor([1.0, 1.0, 2.0], requires_grad=True) * 1
        result = eval(code, {"a": a, "b": b, "lib": lib})
        with lib.no_grad():
            (a if which == "operand" else result).add_(1)
        try:
            (result * 1).sum().backward()
        except RuntimeError as error:
            modified = "modified by an inplace operation"
            return modified if modified in str(error) else str(error)
        return "nothing"

    ours, theirs = ({code: refusal(lib, code) for code in CHANGED.split()} for lib in (your_framework, torch))
    assert ours == theirs


def test_the_text_of_a_tensor_says_what_it_is() -> None:
    x = tensor([[1.0, 2.0]], requires_grad=True)
    assert repr(x) == "tensor([[1., 2.]], requires_grad=True)"
    assert repr(x * 2) == "tensor([[2., 4.]], grad_fn=<mul>)"
    assert repr(Tensor(np.arange(2.0))) == "tensor([0., 1.], dtype=float64)"
    assert f"{Tensor(1.5):.2f} {Tensor(2)}" == "1.50 tensor(2)"


def test_importing_needs_numpy_alone() -> None:
    program = "import sys, your_framework; print(sorted({'torch', 'cupy', 'scipy', 'pandas'} & set(sys.modules)))"
    folder = Path(your_framework.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
