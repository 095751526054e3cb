# functional: reduce, Counter and pairwise
# independent
from collections import Counter
from functools import reduce
from itertools import chain, pairwise
from math import exp, fsum, log
import numpy as np


def pairs(ids):
    return list(chain.from_iterable(map(pairwise, np.atleast_2d(ids).tolist())))


def embed(table, ids):
    return np.array([table[i] for i in ids.flat]).reshape(ids.shape + table.shape[1:])


def embed_gradient(dy, ids, n_words):
    places = list(zip(ids.flat, dy.reshape(-1, dy.shape[-1])))
    zero = np.zeros(dy.shape[-1], dy.dtype)
    return np.array([reduce(np.add, (d for i, d in places if i == word), zero) for word in range(n_words)])


def bigram_counts(ids, n_words):
    found = Counter(pairs(ids))
    return np.array([[found[i, j] for j in range(n_words)] for i in range(n_words)])


def bigram_probabilities(counts, smoothing=1.0):
    normalised = lambda row: row / row.sum()
    return np.apply_along_axis(normalised, 1, counts + float(smoothing))


def perplexity(probabilities, ids):
    logs = [log(probabilities[pair]) for pair in pairs(ids)]
    return exp(-fsum(logs) / len(logs))
