# typed, with a frozen dataclass as the state
# independent
from __future__ import annotations
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
DEFAULT_BETAS: Final[tuple[float, float]] = (0.9, 0.999)


@dataclass(frozen=True, slots=True)
class Momentum:
    velocity: Array


@dataclass(frozen=True, slots=True)
class Moments:
    mean: Array
    square: Array
    mean_power: float = 1.0
    square_power: float = 1.0

    @classmethod
    def zeros(cls, like: Array) -> Moments:
        return cls(np.zeros_like(like), np.zeros_like(like))

    def updated(self, grad: Array, betas: tuple[float, float]) -> Moments:
        beta1, beta2 = betas
        return replace(
            self,
            mean=beta1 * self.mean + (1 - beta1) * grad,
            square=beta2 * self.square + (1 - beta2) * np.square(grad),
            mean_power=self.mean_power * beta1,
            square_power=self.square_power * beta2,
        )

    def direction(self, eps: float) -> Array:
        mean = self.mean / (1 - self.mean_power)
        square = self.square / (1 - self.square_power)
        return mean / (np.sqrt(square) + eps)


def sgd(
    param: Array,
    grad: Array,
    state: Momentum | None = None,
    lr: float = 0.01,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> tuple[Array, Momentum]:
    previous = state if state is not None else Momentum(np.zeros_like(param))
    current = Momentum(momentum * previous.velocity + (grad + weight_decay * param))
    return param - lr * current.velocity, current


def adam(
    param: Array,
    grad: Array,
    state: Moments | None = None,
    lr: float = 0.001,
    betas: tuple[float, float] = DEFAULT_BETAS,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, Moments]:
    moments = (state or Moments.zeros(param)).updated(grad + weight_decay * param, betas)
    return param - lr * moments.direction(eps), moments


def adamw(
    param: Array,
    grad: Array,
    state: Moments | None = None,
    lr: float = 0.001,
    betas: tuple[float, float] = DEFAULT_BETAS,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Array, Moments]:
    moments = (state or Moments.zeros(param)).updated(grad, betas)
    return (1 - lr * weight_decay) * param - lr * moments.direction(eps), moments


def clip_by_norm(grads: Sequence[Array], max_norm: float) -> tuple[list[Array], float]:
    norm: float = math.hypot(*(float(np.linalg.norm(grad)) for grad in grads))
    factor: float = max_norm / norm if norm > max_norm else 1.0
    return [grad * factor for grad in grads], norm


def warmup_cosine(step: int, lr: float, warmup: int, total: int, lr_min: float = 0.0) -> float:
    match step:
        case s if s < warmup:
            return lr * (s + 1) / warmup
        case s if s < total:
            progress = (s - warmup) / (total - warmup)
            return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * progress)) / 2
        case _:
            return lr_min
