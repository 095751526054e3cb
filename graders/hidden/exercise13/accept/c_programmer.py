# flat buffers and bounds checks, int32 counts
# independent
import math
import numpy as np


def _check(buf, n, n_words):
    for k in range(n):
        if buf[k] < 0 or buf[k] >= n_words:
            raise ValueError("word id out of range: %d" % buf[k])


def embed(table, ids):
    n_words, features = table.shape
    buf = ids.ravel()
    n = buf.size
    _check(buf, n, n_words)
    out = np.empty(n * features, dtype=table.dtype)
    for k in range(n):
        out[k * features : (k + 1) * features] = table[buf[k]]
    return out.reshape(*ids.shape, features)


def embed_gradient(dy, ids, n_words):
    features = dy.shape[dy.ndim - 1]
    buf, src = ids.ravel(), dy.ravel()
    n = buf.size
    _check(buf, n, n_words)
    out = np.zeros(n_words * features, dtype=dy.dtype)
    for k in range(n):
        dst = int(buf[k]) * features
        for f in range(features):
            out[dst + f] += src[k * features + f]
    return out.reshape(n_words, features)


def _rows(ids):
    """Number of sentences and their length."""
    if ids.ndim == 1:
        return 1, ids.shape[0]
    return ids.shape[0], ids.shape[1]


def bigram_counts(ids, n_words):
    sentences, tokens = _rows(ids)
    buf = ids.ravel()
    _check(buf, buf.size, n_words)
    out = np.zeros(n_words * n_words, dtype=np.int32)
    for s in range(sentences):
        for t in range(s * tokens, (s + 1) * tokens - 1):
            out[int(buf[t]) * n_words + int(buf[t + 1])] += 1
    return out.reshape(n_words, n_words)


def bigram_probabilities(counts, smoothing=1.0):
    n = counts.shape[0]
    out = np.empty((n, n), dtype=np.float64)
    for i in range(n):
        total = 0.0
        for j in range(n):
            out[i, j] = float(counts[i, j]) + smoothing
            total += out[i, j]
        if total == 0.0:
            raise ValueError("row %d has nothing to divide by" % i)
        for j in range(n):
            out[i, j] /= total
    return out


def perplexity(probabilities, ids):
    sentences, tokens = _rows(ids)
    buf = ids.ravel()
    _check(buf, buf.size, probabilities.shape[0])
    n, acc = 0, 0.0
    for s in range(sentences):
        for t in range(s * tokens, (s + 1) * tokens - 1):
            acc += math.log(probabilities[buf[t], buf[t + 1]])
            n += 1
    if n == 0:
        raise ValueError("no pairs")
    return math.exp(-acc / n)
