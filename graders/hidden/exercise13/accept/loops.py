# Loops over flattened arrays, and Python floats for the logarithms.
# core only
import math

import numpy as np


def embed(table, ids):
    rows = []
    for i in ids.flatten():
        rows.append(table[i])
    return np.array(rows).reshape(ids.shape + (table.shape[1],))


def embed_gradient(dy, ids, n_words):
    features = dy.shape[-1]
    gradient = np.zeros((n_words, features))
    for i, g in zip(ids.flatten(), dy.reshape(-1, features)):
        gradient[i] += g
    return gradient


def sentences(ids):
    return [ids] if ids.ndim == 1 else list(ids)


def bigram_counts(ids, n_words):
    counts = np.zeros((n_words, n_words))
    for sentence in sentences(ids):
        for t in range(len(sentence) - 1):
            counts[sentence[t], sentence[t + 1]] += 1
    return counts


def bigram_probabilities(counts, smoothing=1.0):
    n = len(counts)
    p = np.zeros((n, n))
    for i in range(n):
        total = sum(counts[i]) + n * smoothing
        for j in range(n):
            p[i][j] = (counts[i][j] + smoothing) / total
    return p


def perplexity(probabilities, ids):
    total, n = 0.0, 0
    for sentence in sentences(ids):
        for t in range(1, len(sentence)):
            total -= math.log(probabilities[sentence[t - 1], sentence[t]])
            n += 1
    return math.exp(total / n)
