# Frozen dataclasses, protocols and checks of shapes.
# independent
"""Milestone 1: your own network learns to read digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, Self, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt
import training  # supplied
from affine_gradient import affine_backward  # yours, from exercise 5
from relu import relu_derivative  # yours, from exercise 2
from softmax_cross_entropy import softmax  # yours, from exercise 4

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
IntArray: TypeAlias = npt.NDArray[np.int64]


class Gradients(TypedDict):
    W1: FloatArray
    b1: FloatArray
    W2: FloatArray
    b2: FloatArray


class AffineGradient(NamedTuple):
    weights: FloatArray
    input: FloatArray
    bias: FloatArray


@dataclass(frozen=True, slots=True)
class Activations:
    x: FloatArray
    z1: FloatArray
    h: FloatArray
    logits: FloatArray

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, FloatArray]) -> Self:
        return cls(**{field.name: mapping[field.name] for field in fields(cls)})

    def __post_init__(self) -> None:
        if len({len(getattr(self, field.name)) for field in fields(self)}) != 1:
            raise ValueError("all activations must have the same number of rows")


class Node(Protocol):
    """Something that a gradient can flow through, from its output to its input."""

    def pull_back(self, upstream: FloatArray) -> FloatArray: ...


@dataclass(frozen=True)
class CrossEntropy:
    logits: FloatArray
    labels: IntArray

    def gradient(self) -> FloatArray:
        dlogits: Final = softmax(self.logits).copy()
        rows: Final = np.arange(len(self.labels))
        dlogits[rows, self.labels] -= 1
        return dlogits / len(self.labels)


@dataclass(frozen=True)
class ReLU:
    z: FloatArray

    @cached_property
    def slope(self) -> FloatArray:
        return relu_derivative(self.z)

    def pull_back(self, upstream: FloatArray) -> FloatArray:
        return upstream * self.slope


@dataclass(frozen=True)
class Affine:
    x: FloatArray
    weights: FloatArray

    def gradients(self, upstream: FloatArray) -> AffineGradient:
        return AffineGradient(*affine_backward(upstream, self.x, self.weights))

    def pull_back(self, upstream: FloatArray) -> FloatArray:
        return self.gradients(upstream).input


def backward(
    parameters: dict[str, np.ndarray], activations: dict[str, np.ndarray], labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the gradients of the loss L with respect to all four parameters of a two-layer network."""
    acts = Activations.from_mapping(activations)
    first, second = Affine(acts.x, parameters["W1"]), Affine(acts.h, parameters["W2"])
    between: Node = ReLU(acts.z1)

    dlogits = CrossEntropy(acts.logits, labels).gradient()
    of_second = second.gradients(dlogits)
    of_first = first.gradients(between.pull_back(of_second.input))
    return Gradients(W1=of_first.weights, b1=of_first.bias, W2=of_second.weights, b2=of_second.bias)


@dataclass(frozen=True, slots=True)
class GradientDescent:
    learning_rate: float

    def step(self, parameter: FloatArray, gradient: FloatArray) -> FloatArray:
        if parameter.shape != gradient.shape:
            raise ValueError(f"shapes differ: {parameter.shape} and {gradient.shape}")
        return parameter - self.learning_rate * gradient


def update(
    parameters: dict[str, np.ndarray], gradients: dict[str, np.ndarray], learning_rate: float
) -> dict[str, np.ndarray]:
    """Return the parameters after one step of gradient descent: every p becomes p - learning_rate · dL/dp."""
    optimiser = GradientDescent(learning_rate)
    return {name: optimiser.step(parameter, gradients[name]) for name, parameter in parameters.items()}


if __name__ == "__main__":
    training.main(backward, update)
