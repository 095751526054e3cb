"""Exercise 13: words as vectors, and the simplest language model."""

import numpy as np


def embed(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the row of table (n_words, features) for each of the ids (…), as an array (…, features)."""
    _check(ids, len(table))
    return table[ids]


def embed_gradient(dy: np.ndarray, ids: np.ndarray, n_words: int) -> np.ndarray:
    """Return the gradient (n_words, features) of the table: row i sums dy (…, features) over the places of word i."""
    _check(ids, n_words)
    dtable = np.zeros((n_words, dy.shape[-1]), dtype=dy.dtype)
    np.add.at(dtable, ids, dy)  # dtable[ids] += dy would keep only one of a repeated word's rows
    return dtable


def bigram_counts(ids: np.ndarray, n_words: int) -> np.ndarray:
    """Return how often word j comes directly after word i in ids (…, tokens), as an array (n_words, n_words)."""
    _check(ids, n_words)
    counts = np.zeros((n_words, n_words), dtype=np.int64)
    np.add.at(counts, (ids[..., :-1], ids[..., 1:]), 1)
    return counts


def bigram_probabilities(counts: np.ndarray, smoothing: float = 1.0) -> np.ndarray:
    """Return p(j | i) = (counts[i, j] + smoothing) / (sum of row i + n_words · smoothing)."""
    smoothed = counts + smoothing
    total = smoothed.sum(axis=-1, keepdims=True)
    if not total.all():
        raise ValueError("a row without counts has no probabilities; use a smoothing above 0")
    return smoothed / total


def perplexity(probabilities: np.ndarray, ids: np.ndarray) -> float:
    """Return exp(mean of -log p(next | previous)) over all neighbours in ids (…, tokens)."""
    _check(ids, len(probabilities))
    p = probabilities[ids[..., :-1], ids[..., 1:]]
    if p.size == 0:
        raise ValueError("a perplexity needs at least two words in a row")
    return float(np.exp(-np.log(p).mean()))


def _check(ids: np.ndarray, n_words: int) -> None:
    """Raise ValueError for ids that aren't in the table; NumPy would take -1 as the last row."""
    if ((ids < 0) | (ids >= n_words)).any():
        raise ValueError("ids must be at least 0 and below the number of words")


if __name__ == "__main__":
    from neighbours import main

    main(embed, embed_gradient)
