# the formulas of the README, counted from 1
# independent
import numpy as np


def embed(table, ids):
    E = table
    if ids.ndim > 1:
        return np.array([embed(E, sentence) for sentence in ids])
    w = [None, *ids]
    T = len(ids)
    y = np.zeros((T, E.shape[1]))
    for t in range(1, T + 1):
        y[t - 1] = E[w[t]]
    return y


def embed_gradient(dy, ids, n_words):
    w, dL_dy = ids.reshape(-1), dy.reshape(-1, dy.shape[-1])
    dL_dE = np.zeros((n_words, dy.shape[-1]))
    for i in range(n_words):
        dL_dE[i] = sum((dL_dy[t] for t in range(len(w)) if w[t] == i), np.zeros(dy.shape[-1]))
    return dL_dE


def bigram_counts(ids, n_words):
    if ids.ndim == 2:
        return sum(bigram_counts(sentence, n_words) for sentence in ids)
    c = np.zeros((n_words, n_words))
    for i in range(n_words):
        for j in range(n_words):
            c[i, j] = sum(1 for t in range(1, len(ids)) if ids[t - 1] == i and ids[t] == j)
    return c


def bigram_probabilities(counts, smoothing=1.0):
    c, s = counts, smoothing
    V = c.shape[0]
    p = np.zeros((V, V))
    for i in range(V):
        for j in range(V):
            p[i, j] = (c[i, j] + s) / sum(c[i, k] + s for k in range(V))
    return p


def perplexity(probabilities, ids):
    p = probabilities
    if ids.ndim == 2:
        return np.exp(np.mean([np.log(perplexity(p, sentence)) for sentence in ids]))
    w = [None, *ids]
    T = len(ids)
    return np.exp(-1 / (T - 1) * sum(np.log(p[w[t - 1], w[t]]) for t in range(2, T + 1)))
