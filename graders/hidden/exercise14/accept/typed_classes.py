# Typed dataclasses and named tuples, and the weights computed again for the gradient.
# independent
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]


class Attended(NamedTuple):
    y: FloatArray
    weights: FloatArray


class Gradients(NamedTuple):
    dq: FloatArray
    dk: FloatArray
    dv: FloatArray


@dataclass(frozen=True, slots=True)
class HeadLayout:
    leading: tuple[int, ...]
    tokens: int
    heads: int
    head_features: int

    def split(self, x: np.ndarray) -> np.ndarray:
        cut = x.reshape(*self.leading, self.tokens, self.heads, self.head_features)
        return np.moveaxis(cut, -2, -3).copy()

    def merge(self, x: np.ndarray) -> np.ndarray:
        return np.moveaxis(x, -3, -2).reshape(*self.leading, self.tokens, self.heads * self.head_features)


@dataclass(frozen=True)
class Head:
    q: FloatArray
    k: FloatArray
    v: FloatArray
    causal: bool

    @property
    def root(self) -> float:
        return math.sqrt(self.q.shape[-1])

    @property
    def mask(self) -> NDArray[np.bool_]:
        queries, keys = self.q.shape[-2], self.k.shape[-2]
        if not self.causal:
            return np.zeros((queries, keys), dtype=bool)
        return np.triu(np.ones((queries, keys), dtype=bool), 1)

    @property
    def weights(self) -> FloatArray:
        scores = np.where(self.mask, -np.inf, np.matmul(self.q, np.swapaxes(self.k, -1, -2)) / self.root)
        scores = scores - scores.max(axis=-1, keepdims=True)
        exponentials = np.exp(scores)
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    def forward(self) -> Attended:
        weights = self.weights
        return Attended(y=np.matmul(weights, self.v), weights=weights)

    def backward(self, dy: FloatArray) -> Gradients:
        weights = self.weights
        dweights = np.matmul(dy, np.swapaxes(self.v, -1, -2))
        dscores = weights * (dweights - np.sum(weights * dweights, axis=-1, keepdims=True))
        return Gradients(
            dq=np.matmul(dscores, self.k) / self.root,
            dk=np.matmul(np.swapaxes(dscores, -1, -2), self.q) / self.root,
            dv=np.matmul(np.swapaxes(weights, -1, -2), dy),
        )


def _float(x: np.ndarray) -> FloatArray:
    return x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    *leading, tokens, features = x.shape
    if features % n_heads:
        raise ValueError(f"{features} features can't be divided among {n_heads} heads")
    return HeadLayout(tuple(leading), tokens, n_heads, features // n_heads).split(x)


def merge_heads(x: np.ndarray) -> np.ndarray:
    *leading, heads, tokens, head_features = x.shape
    return HeadLayout(tuple(leading), tokens, heads, head_features).merge(x)


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True) -> Attended:
    return Head(_float(q), _float(k), _float(v), causal).forward()


def attention_gradient(
    dy: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, weights: np.ndarray, causal: bool = True
) -> Gradients:
    return Head(_float(q), _float(k), _float(v), causal).backward(_float(dy))
