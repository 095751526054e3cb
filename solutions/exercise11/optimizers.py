"""Exercise 11: optimisers."""

import math
from typing import Any

import numpy as np


def sgd(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.01,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, Any]:
    """Return (param - lr v, v) with the velocity v = momentum v + grad, which is the whole state."""
    grad = grad + weight_decay * param
    velocity = grad if state is None else momentum * state + grad
    return param - lr * velocity, velocity


def adam(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, Any]:
    """Return param after a step of Adam, and the state (number of steps, m, v)."""
    return _adam_step(param, grad + weight_decay * param, state, lr, betas, eps)


def adamw(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[np.ndarray, Any]:
    """Shrink param by the factor 1 - lr weight_decay, then return it after a step of Adam, and the state."""
    return _adam_step(param * (1 - lr * weight_decay), grad, state, lr, betas, eps)


def _adam_step(param, grad, state, lr, betas, eps):
    beta1, beta2 = betas
    t, m, v = (0, 0.0, 0.0) if state is None else state
    t = t + 1
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    mean, mean_square = m / (1 - beta1**t), v / (1 - beta2**t)  # both averages started from 0
    return param - lr * mean / (np.sqrt(mean_square) + eps), (t, m, v)


def clip_by_norm(grads: list[np.ndarray], max_norm: float) -> tuple[list[np.ndarray], float]:
    """Scale all arrays by one factor, so that their common norm is at most max_norm; return them and the old norm."""
    norm = math.sqrt(sum((grad**2).sum() for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [grad * factor for grad in grads], norm


def warmup_cosine(step: int, lr: float, warmup: int, total: int, lr_min: float = 0.0) -> float:
    """Return the learning rate: a line up to lr for `warmup` steps, then half a cosine down to lr_min."""
    if step < warmup:
        return lr * (step + 1) / warmup
    if step >= total:
        return lr_min
    progress = (step - warmup) / (total - warmup)
    return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * progress)) / 2
