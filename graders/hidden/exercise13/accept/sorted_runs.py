# Words are sorted, and each run of equal words is added up by reduceat; counts by np.unique.
import numpy as np


def within(ids, n_words):
    if not np.isin(ids, np.arange(n_words)).all():
        raise ValueError("not a word")


def embed(table, ids):
    within(ids, len(table))
    return table[ids, :]


def embed_gradient(dy, ids, n_words):
    within(ids, n_words)
    flat, dy = ids.reshape(-1), dy.reshape(ids.size, -1)
    order = np.argsort(flat, kind="stable")
    found, starts = np.unique(flat[order], return_index=True)
    gradient = np.zeros_like(dy, shape=(n_words, dy.shape[1]))
    gradient[found] = np.add.reduceat(dy[order], starts, axis=0)
    return gradient


def bigram_counts(ids, n_words):
    within(ids, n_words)
    windows = np.lib.stride_tricks.sliding_window_view(ids, 2, axis=-1).reshape(-1, 2)
    pairs, times = np.unique(windows, axis=0, return_counts=True)
    counts = np.zeros((n_words, n_words), int)
    counts[tuple(pairs.T)] = times
    return counts


def bigram_probabilities(counts, smoothing=1.0):
    counts = np.asarray(counts, dtype=float)
    counts = counts + smoothing
    totals = counts.sum(1)
    if 0 in totals:
        raise ValueError("empty row")
    return counts / totals[:, np.newaxis]


def perplexity(probabilities, ids):
    within(ids, len(probabilities))
    windows = np.lib.stride_tricks.sliding_window_view(ids, 2, axis=-1).reshape(-1, 2)
    if len(windows) == 0:
        raise ValueError("too short")
    return np.exp(np.log(1 / probabilities[windows[:, 0], windows[:, 1]]).mean())
