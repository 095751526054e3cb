# Typed dataclasses for options, distributions and the cache, and a generator of tokens.
# independent
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Step = Callable[..., tuple[np.ndarray, Any]]
NOTHING: Final = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], got {self.top_p}")


@dataclass(frozen=True)
class Distribution:
    p: Floats

    @classmethod
    def from_logits(cls, logits: Floats, temperature: float) -> Distribution:
        if temperature == 0:
            p = np.zeros(logits.shape, dtype=np.float64)
            p[int(np.argmax(logits))] = 1.0
            return cls(p)
        shifted = (logits - np.max(logits)) / temperature
        return cls(np.exp(shifted)).normalised()

    def normalised(self) -> Distribution:
        return Distribution(self.p / self.p.sum())

    def keep(self, ids: NDArray[np.intp]) -> Distribution:
        p = np.zeros_like(self.p)
        p[ids] = self.p[ids]
        return Distribution(p).normalised()

    @property
    def order(self) -> NDArray[np.intp]:
        return np.argsort(self.p, kind="stable")[::-1]

    def top_k(self, k: int) -> Distribution:
        return self.keep(self.order[:k])

    def top_p(self, p: float) -> Distribution:
        sums = np.cumsum(self.p[self.order])
        count = int(np.searchsorted(sums, p, side="left")) + 1
        return self.keep(self.order[:count])


@dataclass(frozen=True, eq=False)
class KVCache:
    keys: Floats
    values: Floats

    @property
    def length(self) -> int:
        return self.keys.shape[1]

    def extended(self, keys: Floats, values: Floats) -> KVCache:
        return KVCache(np.concatenate((self.keys, keys), axis=1), np.concatenate((self.values, values), axis=1))

    @staticmethod
    def empty(like: Floats) -> KVCache:
        heads, _, features = like.shape
        return KVCache(np.empty((heads, 0, features)), np.empty((heads, 0, features)))


@dataclass
class Writer:
    step: Step
    rng: np.random.Generator
    options: Options
    cache: Any = field(default=None, init=False)

    def __call__(self, unread: list[int]) -> int:
        logits, self.cache = self.step(unread, self.cache)
        o = self.options
        return sample(next_probabilities(logits[-1], o.temperature, o.top_k, o.top_p), self.rng)

    def tokens(self, prompt: list[int]) -> Iterator[int]:
        unread = list(prompt)
        while True:
            token = self(unread)
            yield token
            unread = [token]


def next_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    options = Options(temperature=temperature, top_k=top_k, top_p=top_p)
    distribution = Distribution.from_logits(logits, options.temperature)
    if options.top_k is not None:
        distribution = distribution.top_k(options.top_k)
    if options.top_p is not None:
        distribution = distribution.top_p(options.top_p)
    return distribution.p


def sample(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    edges = np.cumsum(probabilities)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))


def attend_with_cache(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, cache: KVCache | None = None
) -> tuple[Floats, KVCache]:
    old = KVCache.empty(k) if cache is None else cache
    now = old.extended(k, v)
    positions = old.length + np.arange(q.shape[1])
    visible = np.arange(now.length)[None, :] <= positions[:, None]
    scores = np.where(visible, q @ now.keys.swapaxes(1, 2) / math.sqrt(q.shape[2]), NOTHING)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ now.values, now


def write(
    step: Step,
    ids: list[int],
    n_new: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[int]:
    if len(ids) == 0:
        raise ValueError("the text is empty: write needs at least one id")
    tokens = Writer(step, rng, Options(temperature=temperature, top_k=top_k, top_p=top_p)).tokens(ids)
    return [*ids, *(next(tokens) for _ in range(n_new))]
