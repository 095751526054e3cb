"""Generates a test's inputs from the seed of the grading run, records them, and replays them to reduce a failure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from graders.checks.recipes import Recipe, made

Array: TypeAlias = npt.NDArray[Any]
Kind: TypeAlias = Literal["normal", "uniform", "integers", "mask"]
Fresh: TypeAlias = Callable[[np.random.Generator, tuple[int, ...] | None], Any]  # draws numbers of this shape
Option = TypeVar("Option")

LARGE = 200  # entries; an array with more has a random generator of its own, so that a program can draw it again


class Unreplayable(Exception):
    """Raised when a reduced recording no longer fits what the test draws."""


class Size(int):
    """A named int, so that drawn arrays can record which of their axes belong together."""

    name: str

    def __new__(cls, value: int, name: str) -> Size:
        size = super().__new__(cls, value)
        size.name = name
        return size

    def __repr__(self) -> str:
        return int.__repr__(self)

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)  # pickled as a plain int


@dataclass(frozen=True)
class SizeDrawn:
    """A recorded size and its name. The reducer never makes the size smaller than `low`."""

    name: str
    value: int
    low: int


@dataclass(frozen=True, eq=False)
class ArrayDrawn:
    """A recorded array, which has no axes for a Python float or int. `axes` names the Size of each axis, if any.

    Every entry lies in [low, high], or in [low, high) for integers. `high_size` names the size given as `high`. The
    `recipe` draws a large array as it was before any change.
    """

    kind: Kind
    axes: tuple[str | None, ...]
    value: Array
    low: float | None = None
    high: float | None = None
    high_size: str | None = None
    recipe: Recipe | None = None


@dataclass(frozen=True)
class ChoiceDrawn:
    """The recorded index of the option that was drawn."""

    index: int


@dataclass(frozen=True)
class SeedDrawn:
    """A recorded seed for the submission's random generator."""

    value: int


Node: TypeAlias = SizeDrawn | ArrayDrawn | ChoiceDrawn | SeedDrawn
Drawn = TypeVar("Drawn", SizeDrawn, ArrayDrawn, ChoiceDrawn, SeedDrawn)
Script: TypeAlias = tuple[Node, ...]


class Draw:
    """The random inputs of one case of one test, which depend only on the seed, the test and the case.

    If `script` is given, the methods return its recorded values instead of fresh ones, and raise Unreplayable if the
    values do not fit.
    """

    def __init__(self, seed: bytes, test: str, case: int, script: Script | None = None) -> None:
        self.case = case
        self.entropy = _entropy(seed, test, case)  # not recorded, so it stays the same while a case is reduced
        self._rng = np.random.Generator(np.random.PCG64(self.entropy))
        self._replayed = script
        self._recorded: list[Node] = []

    @property
    def script(self) -> Script:
        """The values drawn so far, in order."""
        return tuple(self._recorded)

    def sizes(self, names: str, low: int = 1, high: int = 8) -> Any:
        """Draw a size in [low, high] for each space-separated name.

        Return a tuple, or a single Size if there is only one name. Case 0 has distinct sizes above 1, if the range
        allows it, so that no transposed shape fits by accident.
        """
        listed = names.split()
        if not listed or not 0 <= low <= high:
            raise ValueError(f"sizes({names!r}, low={low}, high={high}): expected names, and 0 <= low <= high")
        drawn = tuple(self._size(name, int(low), int(high)) for name in listed)
        return drawn[0] if len(drawn) == 1 else drawn

    @overload
    def normal(self, *, scale: float = ..., dtype: npt.DTypeLike = ...) -> float: ...
    @overload
    def normal(self, first: int, /, *shape: int, scale: float = ..., dtype: npt.DTypeLike = ...) -> Array: ...
    def normal(self, *shape: int, scale: float = 1.0, dtype: npt.DTypeLike = np.float64) -> Any:
        """Draw normal deviates with mean 0 and standard deviation `scale`, or a Python float if no shape is given."""
        text = f"{scale} * {{}}.standard_normal({{}})"
        return self._array("normal", shape, dtype, lambda rng, size: scale * rng.standard_normal(size), text)

    @overload
    def uniform(self, low: float, high: float, /, *, dtype: npt.DTypeLike = ...) -> float: ...
    @overload
    def uniform(self, low: float, high: float, first: int, /, *shape: int, dtype: npt.DTypeLike = ...) -> Array: ...
    def uniform(self, low: float, high: float, *shape: int, dtype: npt.DTypeLike = np.float64) -> Any:
        """Draw uniform deviates between `low` and `high`, or a Python float if no shape is given."""
        text = f"{{}}.uniform({low}, {high}, {{}})"
        return self._array("uniform", shape, dtype, lambda rng, size: rng.uniform(low, high, size), text, low, high)

    @overload
    def integers(self, low: int, high: int, /) -> int: ...
    @overload
    def integers(self, low: int, high: int, first: int, /, *shape: int) -> Array: ...
    def integers(self, low: int, high: int, *shape: int) -> Any:
        """Draw int64 integers from `low` up to, but not including, `high`, or a Python int if no shape is given."""
        text = f"{{}}.integers({low}, {high}, {{}})"
        return self._array(
            "integers", shape, np.int64, lambda rng, size: rng.integers(low, high, size), text, low, high
        )

    def mask(self, *shape: int, keep: float = 0.5, dtype: npt.DTypeLike = np.float64) -> Array:
        """Draw an array of zeros and ones, in which each entry is 1 with probability `keep`."""
        text = f"{{}}.random({{}}) < {keep}"
        mask: Array = self._array("mask", shape, dtype, lambda rng, _: rng.random(shape) < keep, text, 0, 1)
        return mask

    def choice(self, options: Sequence[Option]) -> Option:
        """Draw one of the options, all equally likely."""
        node = self._next(ChoiceDrawn)
        if node is None:
            node = ChoiceDrawn(int(self._rng.integers(len(options))))
        if not 0 <= node.index < len(options):
            raise Unreplayable(f"option {node.index} of {len(options)}")
        self._recorded.append(node)
        return options[node.index]

    def seed(self) -> int:
        """Draw an int below 2**31 for `generator()`."""
        node = self._next(SeedDrawn) or SeedDrawn(int(self._rng.integers(2**31)))
        self._recorded.append(node)
        return node.value

    def _size(self, name: str, low: int, high: int) -> Size:
        namesakes = sum(isinstance(node, SizeDrawn) and node.name.split(" ")[0] == name for node in self._recorded)
        if namesakes:
            name = f"{name} {namesakes + 1}"  # if a loop draws this size again, the two are reduced separately
        node = self._next(SizeDrawn) or SizeDrawn(name, self._fresh_size(low, high), low)
        if node.name != name or not low <= node.value <= high:
            raise Unreplayable(f"expected a size {name} in [{low}, {high}], recorded {node.name} = {node.value}")
        self._recorded.append(node)
        return Size(node.value, name)

    def _fresh_size(self, low: int, high: int) -> int:
        if self.case == 0:
            taken = {node.value for node in self._recorded if isinstance(node, SizeDrawn)} | {0, 1}
            distinct = [value for value in range(low, high + 1) if value not in taken]
            if distinct:
                return distinct[int(self._rng.integers(len(distinct)))]
        return int(self._rng.integers(low, high + 1))

    def _array(
        self, kind: Kind, shape: tuple[int, ...], dtype: npt.DTypeLike, fresh: Fresh, text: str, *bounds: float
    ) -> Any:
        """Return a recorded array or a fresh one. Without a shape, return a Python number of full precision.

        `text` is `fresh` as code, with {} in the places of the generator and the shape.
        """
        low, high = bounds or (None, None)
        is_number = not shape and kind != "mask"
        dtype = np.dtype(dtype) if not is_number else np.dtype(np.int64 if kind == "integers" else np.float64)
        node, recipe = self._next(ArrayDrawn), None
        if node is not None:
            value, recipe = node.value, node.recipe
        elif math.prod(shape) > LARGE:
            seed = int(self._rng.integers(2**31))
            value = np.asarray(fresh(np.random.default_rng(seed), shape)).astype(dtype)
            drawn = text.format(f"np.random.default_rng({seed})", tuple(map(int, shape)))
            recipe = Recipe(value, f"({drawn}).astype(np.{dtype.name})")
        else:
            value = np.asarray(fresh(self._rng, shape or None)).astype(dtype)
        if node is not None and (node.kind != kind or value.shape != shape or value.dtype != dtype):
            raise Unreplayable(f"expected {kind} of shape {shape}, recorded {node.kind} of shape {value.shape}")
        if node is not None and not within(value, kind, low, high).all():
            raise Unreplayable(f"expected {kind} between {low} and {high}")
        value.flags.writeable = False
        axes = tuple(axis.name if isinstance(axis, Size) else None for axis in shape)
        name = high.name if isinstance(high, Size) else None
        self._recorded.append(ArrayDrawn(kind, axes, value, plain(low), plain(high), name, recipe))
        if recipe is not None and recipe.value is value:
            made(value, recipe.expression)
        return value.item() if is_number else value.copy()

    def _next(self, kind: type[Drawn]) -> Drawn | None:
        """Return the next recorded node, or None if a fresh value must be drawn."""
        if self._replayed is None:
            return None
        if len(self._recorded) >= len(self._replayed):
            raise Unreplayable("the test draws more values than were recorded")
        node = self._replayed[len(self._recorded)]
        if not isinstance(node, kind):
            raise Unreplayable(f"expected {kind.__name__}, recorded {type(node).__name__}")
        return node


def within(value: Array, kind: Kind, low: float | None, high: float | None) -> Array:
    """Return whether each entry lies in [low, high], or in [low, high) for integers. None means no bound."""
    above = np.full(value.shape, True) if low is None else value >= low
    if high is None:
        return np.asarray(above)
    return np.asarray(above & (value < high if kind == "integers" else value <= high))


def plain(value: Any) -> Any:
    """Turn each Size in a value into a plain int, however deeply it is nested in lists, tuples and dicts."""
    kind = type(value)
    if kind is Size:
        return int(value)
    if kind is list or kind is tuple:
        return kind(plain(item) for item in value)
    if kind is dict:
        return {plain(key): plain(item) for key, item in value.items()}
    return value


def _entropy(seed: bytes, test: str, case: int) -> int:
    """Return a 256-bit keyed hash of the three arguments, which reveals nothing about the seed."""
    key = hashlib.blake2b(seed, digest_size=32).digest()
    digest = hashlib.blake2b(f"{case}\0{test}".encode(), key=key, digest_size=32).digest()
    return int.from_bytes(digest, "little")
