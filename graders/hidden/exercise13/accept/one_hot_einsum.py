# one-hot vectors and einsum
# independent
import numpy as np


def one_hot(ids, n_words):
    return (ids[..., None] == np.arange(n_words)).astype(float)


def embed(table, ids):
    return np.einsum("...v,vf->...f", one_hot(ids, table.shape[0]), table)


def embed_gradient(dy, ids, n_words):
    return np.einsum("tv,tf->vf", one_hot(ids.ravel(), n_words), dy.reshape(ids.size, -1))


def bigram_counts(ids, n_words):
    words = one_hot(np.atleast_2d(ids), n_words)
    return np.einsum("sti,stj->ij", words[:, :-1], words[:, 1:])


def bigram_probabilities(counts, smoothing=1.0):
    smooth = counts + smoothing
    return np.einsum("ij,i->ij", smooth, 1 / np.einsum("ij->i", smooth))


def perplexity(probabilities, ids):
    words = one_hot(ids, probabilities.shape[0])
    p = np.einsum("...ti,ij,...tj->...t", words[..., :-1, :], probabilities, words[..., 1:, :], optimize=True)
    return np.exp(-np.einsum("i->", np.log(p).ravel()) / p.size)
