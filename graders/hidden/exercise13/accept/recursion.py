# Recursion over the axes of ids; the roots are taken before the product.
# core only
import numpy as np


def embed(table, ids):
    if ids.ndim == 0:
        return table[ids]
    return np.array([embed(table, each) for each in ids])


def embed_gradient(dy, ids, n_words):
    if ids.ndim == 0:
        gradient = np.zeros((n_words, len(dy)))
        gradient[ids] = dy
        return gradient
    return sum(embed_gradient(g, i, n_words) for g, i in zip(dy, ids))


def bigram_counts(ids, n_words):
    if ids.ndim == 2:
        return sum(bigram_counts(sentence, n_words) for sentence in ids)
    counts = np.zeros((n_words, n_words), dtype=int)
    if len(ids) > 1:
        counts[ids[0], ids[1]] = 1
        for a, b in zip(ids[1:], ids[2:]):
            counts[a, b] += 1
    return counts


def bigram_probabilities(counts, smoothing=1.0):
    return np.array([(row + smoothing) / np.sum(row + smoothing) for row in counts])


def perplexity(probabilities, ids):
    ids = ids.reshape(-1, ids.shape[-1])
    n = ids.shape[0] * (ids.shape[1] - 1)
    answer = 1.0
    for row in ids:
        for a, b in zip(row, row[1:]):
            answer *= probabilities[a, b] ** (-1 / n)
    return answer
