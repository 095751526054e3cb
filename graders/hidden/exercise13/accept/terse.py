# as few characters as possible
# independent
import numpy as n


def embed(table, ids):
    return table[ids]


def embed_gradient(dy, ids, n_words):
    d = n.zeros((n_words, dy.shape[-1]), dy.dtype)
    n.add.at(d, ids, dy)
    return d


def bigram_counts(ids, n_words):
    return n.bincount((ids[..., :-1] * n_words + ids[..., 1:]).ravel(), minlength=n_words**2).reshape(n_words, -1)


def bigram_probabilities(counts, smoothing=1):
    c = counts + smoothing
    return (c.T / c.sum(1)).T


def perplexity(probabilities, ids):
    return n.exp(-n.log(probabilities[ids[..., :-1], ids[..., 1:]]).mean())
