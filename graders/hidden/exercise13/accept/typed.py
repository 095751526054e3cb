# typed, with a dataclass for the pairs
# independent
from __future__ import annotations
from dataclasses import dataclass
from typing import Final
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.integer]
TOO_FEW: Final = "a text needs two words to have a pair"


@dataclass(frozen=True)
class Pairs:
    before: Ids
    after: Ids

    @classmethod
    def of(cls, ids: Ids) -> Pairs:
        return cls(ids[..., :-1].reshape(-1), ids[..., 1:].reshape(-1))

    def __len__(self) -> int:
        return self.before.size


def checked(ids: Ids, n_words: int) -> Ids:
    if np.any((ids < 0) | (ids >= n_words)):
        raise ValueError(f"every id must be from 0 to {n_words - 1}")
    return ids


def embed(table: Floats, ids: Ids) -> Floats:
    return np.take(table, checked(ids, len(table)), axis=0)


def embed_gradient(dy: Floats, ids: Ids, n_words: int) -> Floats:
    features = dy.shape[-1]
    flat, rows = checked(ids, n_words).reshape(-1), dy.reshape(-1, features)
    columns = [np.bincount(flat, weights=rows[:, f], minlength=n_words) for f in range(features)]
    return np.stack(columns, axis=-1).astype(dy.dtype)


def bigram_counts(ids: Ids, n_words: int) -> npt.NDArray[np.int64]:
    pairs = Pairs.of(checked(ids, n_words))
    counts = np.zeros((n_words, n_words), dtype=np.int64)
    np.add.at(counts, (pairs.before, pairs.after), 1)
    return counts


def bigram_probabilities(counts: npt.NDArray[np.number], smoothing: float = 1.0) -> Floats:
    smoothed = counts.astype(np.float64) + smoothing
    totals = smoothed.sum(axis=-1, keepdims=True)
    if np.any(totals == 0):
        raise ValueError("without smoothing, every row needs a count above 0")
    return smoothed / totals


def perplexity(probabilities: Floats, ids: Ids) -> float:
    pairs = Pairs.of(checked(ids, len(probabilities)))
    if len(pairs) == 0:
        raise ValueError(TOO_FEW)
    return float(np.exp(-np.log(probabilities[pairs.before, pairs.after]).mean()))
