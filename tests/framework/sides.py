"""One program on two sides, ours and PyTorch's: what they share in names is run on both and compared."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import your_framework

from tests.late import torch

Program = Callable[..., Any]  # of a library and tensors of it, as in lambda lib, x, y: lib.cat([x, y])


def codes(text: str) -> list[str]:
    """Programs in one text, with semicolons between them."""
    return text.split("; ")


@contextlib.contextmanager
def naming(code: str) -> Iterator[None]:
    """Name the program in what pytest shows of a failure in it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"program: {code}")
        raise


def outcome(lib: Any, program: Program, arrays: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """The result, and the gradient of each floating array for a random gradient of the result, if it takes any."""
    tensors = [lib.tensor(a.copy(), requires_grad=a.dtype.kind == "f") for a in arrays]
    result = program(lib, *tensors)
    if not result.requires_grad:
        return [result.numpy()]
    shape = tuple(result.shape)
    gradient = np.random.default_rng(seed).standard_normal(shape).astype(result.detach().numpy().dtype)
    result.backward(lib.tensor(gradient))
    grads = [t.grad for t in tensors if t.requires_grad]
    zeros = [np.zeros(a.shape, a.dtype) for a in arrays if a.dtype.kind == "f"]
    found = [zero if g is None else g.numpy() for g, zero in zip(grads, zeros, strict=True)]
    return [result.detach().numpy(), *found]


def assert_as_torch(program: Program, *arrays: np.ndarray, rtol: float = 1e-12, atol: float = 1e-12) -> None:
    """Values, dtypes, shapes and gradients are PyTorch's."""
    ours, theirs = (outcome(lib, program, arrays) for lib in (your_framework, torch))
    assert len(ours) == len(theirs)
    for got, expected in zip(ours, theirs, strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        largest = np.abs(expected).max(initial=1, where=np.isfinite(expected))
        np.testing.assert_allclose(got, expected, rtol, atol * float(largest))


def refusal(program: Callable[[], object]) -> str:
    """The name of the exception and its numbers, without words: what is raised, and of which sizes it speaks."""
    try:
        program()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__} {' '.join(re.findall(r'[0-9]+', str(error)))}"
    return "nothing"
