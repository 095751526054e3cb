# typed, with a dataclass for the places and a named tuple as the result
# independent
from __future__ import annotations
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


class Gradients(NamedTuple):
    dx: Array
    dweight: Array
    dbias: Array


@dataclass(frozen=True)
class Grid:
    """The places of a window of kh by kw numbers on a picture."""

    height: int
    width: int
    kh: int
    kw: int
    stride: int

    @property
    def rows(self) -> int:
        return (self.height - self.kh) // self.stride + 1

    @property
    def columns(self) -> int:
        return (self.width - self.kw) // self.stride + 1

    def cells(self) -> Iterator[tuple[int, int, tuple[slice, slice]]]:
        """Yield each cell of the kernel, and the numbers that it meets in all places."""
        for a in range(self.kh):
            for b in range(self.kw):
                down = slice(a, a + (self.rows - 1) * self.stride + 1, self.stride)
                right = slice(b, b + (self.columns - 1) * self.stride + 1, self.stride)
                yield a, b, (down, right)


def _pad(x: Array, padding: int) -> Array:
    return np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])


def conv2d(x: Array, weight: Array, bias: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    padded = _pad(x, padding)
    grid = Grid(*padded.shape[2:], *weight.shape[2:], stride)
    y = np.zeros((x.shape[0], weight.shape[0], grid.rows, grid.columns), dtype=np.result_type(x, weight))
    for a, b, (down, right) in grid.cells():
        y += np.einsum("ncij,oc->noij", padded[:, :, down, right], weight[:, :, a, b])
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)
    return y


def conv2d_gradient(dy: Array, x: Array, weight: Array, stride: int = 1, padding: int = 0) -> Gradients:
    padded = _pad(x, padding)
    grid = Grid(*padded.shape[2:], *weight.shape[2:], stride)
    dpadded = np.zeros_like(padded)
    dweight = np.zeros_like(weight)
    for a, b, (down, right) in grid.cells():
        dpadded[:, :, down, right] += np.einsum("noij,oc->ncij", dy, weight[:, :, a, b])
        dweight[:, :, a, b] = np.einsum("noij,ncij->oc", dy, padded[:, :, down, right])
    height, width = x.shape[2:]
    dx = dpadded[:, :, padding : padding + height, padding : padding + width].copy()
    return Gradients(dx, dweight, dy.sum(axis=(0, 2, 3)))


def max_pool2d(x: Array, size: int, stride: int | None = None) -> Array:
    grid = Grid(*x.shape[2:], size, size, size if stride is None else stride)
    return np.maximum.reduce([x[:, :, down, right] for _, _, (down, right) in grid.cells()])


def max_pool2d_gradient(dy: Array, x: Array, size: int, stride: int | None = None) -> Array:
    grid = Grid(*x.shape[2:], size, size, size if stride is None else stride)
    y = max_pool2d(x, size, stride)
    dx = np.zeros_like(x)
    unclaimed = np.ones(y.shape, dtype=bool)
    for _, _, (down, right) in grid.cells():
        here = unclaimed & (x[:, :, down, right] == y)
        dx[:, :, down, right] += np.where(here, dy, 0)
        unclaimed &= ~here
    return dx
