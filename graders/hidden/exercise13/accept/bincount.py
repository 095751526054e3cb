# np.bincount for counts and for each feature of the gradient; np.take for the look-up.
import numpy as np


def known(ids, n_words):
    if ids.size and (ids.min() < 0 or ids.max() >= n_words):
        raise ValueError("unknown word")
    return ids


def embed(table, ids):
    return np.take(table, known(ids, table.shape[0]), axis=0)


def embed_gradient(dy, ids, n_words):
    flat = known(ids, n_words).ravel()
    columns = dy.reshape(flat.size, -1).T
    return np.stack([np.bincount(flat, column, n_words) for column in columns], axis=1).astype(dy.dtype)


def bigram_counts(ids, n_words):
    known(ids, n_words)
    pairs = n_words * ids[..., :-1] + ids[..., 1:]
    return np.bincount(pairs.ravel(), minlength=n_words * n_words).reshape(n_words, n_words)


def bigram_probabilities(counts, smoothing=1.0):
    total = counts.sum(1) + smoothing * counts.shape[1]
    if np.any(total == 0):
        raise ValueError("a row of zeros")
    return ((counts + smoothing).T / total).T


def perplexity(probabilities, ids):
    V = len(probabilities)
    counts = bigram_counts(ids, V)
    if counts.sum() == 0:
        raise ValueError("no pair")
    i, j = np.nonzero(counts)
    return np.exp(-np.average(np.log(probabilities[i, j]), weights=counts[i, j]))
