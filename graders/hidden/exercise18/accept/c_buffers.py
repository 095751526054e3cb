# Insertion sort, buffers that double in size and are filled in place, and a preallocated text.
# independent
from math import exp, sqrt

import numpy as np


class KV:
    def __init__(self, heads, d):
        self.len = 0
        self.cap = 4
        self.k = np.empty((heads, self.cap, d))
        self.v = np.empty((heads, self.cap, d))

    def push(self, k, v):
        n = k.shape[1]
        while self.len + n > self.cap:
            self.cap *= 2
            for name in ("k", "v"):
                old = getattr(self, name)
                new = np.empty((old.shape[0], self.cap, old.shape[2]))
                new[:, : self.len] = old[:, : self.len]
                setattr(self, name, new)
        self.k[:, self.len : self.len + n] = k
        self.v[:, self.len : self.len + n] = v
        self.len += n


def normalise(p, n):
    total = 0.0
    for i in range(n):
        total += p[i]
    for i in range(n):
        p[i] /= total


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    n = len(logits)
    p = np.zeros(n)
    idx = list(range(n))
    for i in range(1, n):
        j = i
        while j > 0 and logits[idx[j - 1]] < logits[idx[j]]:
            idx[j - 1], idx[j] = idx[j], idx[j - 1]
            j -= 1
    if temperature == 0.0:
        p[idx[0]] = 1.0
    else:
        for i in range(n):
            p[i] = exp((logits[i] - logits[idx[0]]) / temperature)
        normalise(p, n)
    if top_k is not None:
        for r in range(top_k, n):
            p[idx[r]] = 0.0
        normalise(p, n)
    if top_p is not None:
        total = 0.0
        r = 0
        while r < n and total < top_p:
            total += p[idx[r]]
            r += 1
        while r < n:
            p[idx[r]] = 0.0
            r += 1
        normalise(p, n)
    return p


def sample(probabilities, rng):
    u = int(rng.integers(0, 1 << 53)) / float(1 << 53)
    n = len(probabilities)
    i = 0
    while i < n - 1 and u >= probabilities[i]:
        u -= probabilities[i]
        i += 1
    while probabilities[i] == 0.0:
        i -= 1
    return i


def attend_with_cache(q, k, v, cache=None):
    heads, new, d = q.shape
    kv = cache if cache is not None else KV(heads, d)
    past = kv.len
    kv.push(k, v)
    y = np.zeros((heads, new, d))
    w = np.zeros(kv.len)
    for h in range(heads):
        for i in range(new):
            total = 0.0
            for j in range(past + i + 1):
                s = 0.0
                for c in range(d):
                    s += q[h, i, c] * kv.k[h, j, c]
                w[j] = exp(s / sqrt(d))
                total += w[j]
            for j in range(past + i + 1):
                for c in range(d):
                    y[h, i, c] += w[j] / total * kv.v[h, j, c]
    return y, kv


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    n = len(ids)
    text = np.zeros(n + n_new, dtype=np.int64)
    text[:n] = ids
    read = 0
    cache = None
    for t in range(n, n + n_new):
        logits, cache = step(text[read:t], cache)
        read = t
        text[t] = sample(next_probabilities(logits[len(logits) - 1], temperature, top_k, top_p), rng)
    return text.tolist()
