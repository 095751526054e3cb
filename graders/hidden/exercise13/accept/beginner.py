# masks for each word, as in a groupby
# independent
import numpy as np


def embed(table, ids):
    return table[ids]


def embed_gradient(dy, ids, n_words):
    flat_ids = ids.flatten()
    flat_dy = dy.reshape(len(flat_ids), -1)
    result = np.zeros((n_words, flat_dy.shape[1]))
    for word in np.unique(flat_ids):
        result[word] = flat_dy[flat_ids == word].sum(axis=0)
    return result


def bigram_counts(ids, n_words):
    before = ids[..., :-1].flatten()
    after = ids[..., 1:].flatten()
    counts = np.zeros((n_words, n_words), dtype=int)
    for i in range(n_words):
        for j in range(n_words):
            counts[i, j] = ((before == i) & (after == j)).sum()
    return counts


def bigram_probabilities(counts, smoothing=1.0):
    counts = counts + smoothing
    result = counts.copy().astype(float)
    for i in range(len(counts)):
        result[i] = counts[i] / counts[i].sum()
    return result


def perplexity(probabilities, ids):
    before = ids[..., :-1].flatten()
    after = ids[..., 1:].flatten()
    p = [probabilities[i, j] for i, j in zip(before, after)]
    return np.exp(-np.mean(np.log(p)))
