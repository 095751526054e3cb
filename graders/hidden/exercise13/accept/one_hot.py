# One-hot vectors and matrix products for everything.
# core only
import numpy as np


def one_hot(ids, n_words):
    return (ids[..., None] == np.arange(n_words)).astype(float)


def embed(table, ids):
    return one_hot(ids, len(table)) @ table


def embed_gradient(dy, ids, n_words):
    H = one_hot(ids, n_words).reshape(-1, n_words)
    return H.T @ dy.reshape(-1, dy.shape[-1])


def bigram_counts(ids, n_words):
    before = one_hot(ids[..., :-1], n_words).reshape(-1, n_words)
    after = one_hot(ids[..., 1:], n_words).reshape(-1, n_words)
    return before.T @ after


def bigram_probabilities(counts, smoothing=1.0):
    smoothed = counts + smoothing
    return smoothed / (smoothed @ np.ones((len(counts), 1)))


def perplexity(probabilities, ids):
    counts = bigram_counts(ids, len(probabilities))
    seen = counts > 0
    return np.exp(-(counts[seen] * np.log(probabilities[seen])).sum() / counts.sum())
