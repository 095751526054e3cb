# The perplexity as exp of a mean cross-entropy over rows of log probabilities, by take_along_axis.
# independent
import numpy as np


def embed(table, ids):
    vecs = [table[i] for i in ids.reshape(-1)]
    return np.stack(vecs).reshape(list(ids.shape) + [-1])


def embed_gradient(dy, ids, n_words):
    D = dy.shape[-1]
    g = np.zeros((n_words, D))
    np.add.at(g, ids.reshape(-1), dy.reshape(-1, D))
    return g


def bigram_counts(ids, n_words):
    c = np.zeros((n_words, n_words), dtype=np.float32)
    x = ids[..., :-1].flatten()
    y = ids[..., 1:].flatten()
    for i in range(x.size):
        c[x[i], y[i]] += 1.0
    return c


def bigram_probabilities(counts, smoothing=1.0):
    c = counts.astype(float)
    c += smoothing
    c /= c.sum(axis=1)[:, None]
    return c


def perplexity(probabilities, ids):
    x, y = ids[..., :-1].reshape(-1), ids[..., 1:].reshape(-1)
    logp = np.log(probabilities)[x]
    nll = -np.take_along_axis(logp, y[:, None], axis=1)[:, 0]
    return np.exp(nll.mean())
