# collections.Counter, dictionaries and zip over lists; errors are checked in a decorator.
import math
from collections import Counter, defaultdict
from functools import wraps

import numpy as np


def checked(function):
    @wraps(function)
    def wrapper(first, second, *rest):
        if function.__name__ in ("embed", "perplexity"):
            ids, n = second, len(first)
        else:
            ids, n = (second, *rest) if rest else (first, second)
        for i in ids.ravel().tolist():
            if i not in range(n):
                raise ValueError(i)
        return function(first, second, *rest)

    return wrapper


def pairs(ids):
    for sentence in np.atleast_2d(ids).tolist():
        yield from zip(sentence, sentence[1:])


@checked
def embed(table, ids):
    vectors = dict(enumerate(table))
    return np.stack([vectors[i] for i in ids.ravel().tolist()]).reshape(*ids.shape, -1)


@checked
def embed_gradient(dy, ids, n_words):
    rows = defaultdict(lambda: np.zeros(dy.shape[-1], dy.dtype))
    for place in np.ndindex(ids.shape):
        rows[ids[place]] = rows[ids[place]] + dy[place]
    return np.array([rows[i] for i in range(n_words)])


@checked
def bigram_counts(ids, n_words):
    seen = Counter(pairs(ids))
    return np.array([[seen[i, j] for j in range(n_words)] for i in range(n_words)])


def bigram_probabilities(counts, smoothing=1.0):
    rows = [[c + smoothing for c in row] for row in counts.tolist()]
    if not all(map(sum, rows)):
        raise ValueError("nothing comes after this word")
    return np.array([[c / sum(row) for c in row] for row in rows])


@checked
def perplexity(probabilities, ids):
    losses = [-math.log(probabilities[pair]) for pair in pairs(ids)]
    if not losses:
        raise ValueError("a single word")
    return math.exp(math.fsum(losses) / len(losses))
