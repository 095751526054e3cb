"""Exercise 18: writing text with a language model."""

from collections.abc import Callable
from typing import Any

import numpy as np


def next_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Return softmax(logits / temperature), cut to the k largest, then to the fewest that reach top_p together."""
    check_options(temperature, top_k, top_p)
    if temperature == 0:
        return np.eye(len(logits))[np.argmax(logits)]
    p = softmax(logits / temperature)
    largest_first = np.argsort(-logits)
    if top_k is not None:
        p[largest_first[top_k:]] = 0
        p = p / p.sum()
    if top_p is not None:
        kept = 1 + np.searchsorted(np.cumsum(p[largest_first]), top_p)  # 1 + the place of the one that reaches top_p
        p[largest_first[kept:]] = 0
    return p / p.sum()


def sample(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw the id i with probability probabilities[i]."""
    return int(rng.choice(len(probabilities), p=probabilities))


def attend_with_cache(q: np.ndarray, k: np.ndarray, v: np.ndarray, cache: Any = None) -> tuple[np.ndarray, Any]:
    """Attend to all keys so far; the cache is a tuple of all keys and all values."""
    if cache is not None:
        k = np.concatenate([cache[0], k], axis=1)
        v = np.concatenate([cache[1], v], axis=1)
    new, total = q.shape[1], k.shape[1]
    positions = np.arange(total)
    seen = positions <= positions[total - new :, None]  # (new, total)
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    return softmax(np.where(seen, scores, -np.inf)) @ v, (k, v)


def write(
    step: Callable[..., tuple[np.ndarray, Any]],
    ids: list[int],
    n_new: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[int]:
    """Pass the text to step, then each new token; the cache knows the rest."""
    if len(ids) == 0:
        raise ValueError("ids is empty: the model needs at least one token to continue")
    text, new, cache = list(ids), ids, None
    for _ in range(n_new):
        logits, cache = step(new, cache)
        new = [sample(next_probabilities(logits[-1], temperature, top_k, top_p), rng)]
        text += new
    return text


def softmax(z: np.ndarray) -> np.ndarray:
    """Return the softmax over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def check_options(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Reject options that mean nothing."""
    if temperature < 0:
        raise ValueError(f"temperature = {temperature} is less than 0")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k = {top_k} keeps nothing")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p = {top_p} is not in (0, 1]")
