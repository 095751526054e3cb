# loops over every number, with math.log
# independent
import math
import numpy as np


def embed(table, ids):
    y = np.zeros((*ids.shape, table.shape[1]))
    for place in np.ndindex(ids.shape):
        for k in range(table.shape[1]):
            y[(*place, k)] = table[ids[place], k]
    return y


def embed_gradient(dy, ids, n_words):
    dtable = np.zeros((n_words, dy.shape[-1]))
    for place in np.ndindex(ids.shape):
        for k in range(dy.shape[-1]):
            dtable[ids[place], k] += dy[(*place, k)]
    return dtable


def bigram_counts(ids, n_words):
    counts = np.zeros((n_words, n_words))
    if ids.ndim == 1:
        ids = ids[np.newaxis, :]
    for sentence in range(ids.shape[0]):
        for t in range(1, ids.shape[1]):
            counts[ids[sentence, t - 1], ids[sentence, t]] += 1
    return counts


def bigram_probabilities(counts, smoothing=1.0):
    V = len(counts)
    p = np.zeros((V, V))
    for i in range(V):
        Z = 0.0
        for k in range(V):
            Z += counts[i, k] + smoothing
        for j in range(V):
            p[i, j] = (counts[i, j] + smoothing) / Z
    return p


def perplexity(probabilities, ids):
    if ids.ndim == 1:
        ids = ids[np.newaxis, :]
    entropy, pairs = 0.0, 0
    for sentence in range(ids.shape[0]):
        for t in range(1, ids.shape[1]):
            entropy -= math.log(probabilities[ids[sentence, t - 1], ids[sentence, t]])
            pairs += 1
    return math.exp(entropy / pairs)
