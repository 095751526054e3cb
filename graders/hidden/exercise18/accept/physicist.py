# Boltzmann factors, repeated maxima instead of sorting, and the prompt token by token.
# independent
import math

import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    n = len(logits)
    p = np.zeros(n)
    best = 0
    for i in range(n):
        if logits[i] > logits[best]:
            best = i
    if temperature == 0:
        p[best] = 1.0
    else:
        beta = 1.0 / temperature
        Z = 0.0
        for i in range(n):
            p[i] = math.exp(beta * (logits[i] - logits[best]))
            Z += p[i]
        for i in range(n):
            p[i] /= Z

    if top_k is not None:
        kept = np.zeros(n)
        for _ in range(top_k):
            i = int(np.argmax(p))
            kept[i] = max(p[i], 0.0)
            p[i] = -1.0
        p = kept / kept.sum()

    if top_p is not None:
        kept = np.zeros(n)
        total = 0.0
        for _ in range(n):
            i = int(np.argmax(p))
            kept[i] = max(p[i], 0.0)
            total += kept[i]
            p[i] = -1.0
            if total >= top_p:
                break
        p = kept / kept.sum()
    return p


def sample(probabilities, rng):
    u = rng.uniform()
    acc = 0.0
    last = 0
    for i in range(len(probabilities)):
        if probabilities[i] > 0:
            last = i
            acc += probabilities[i]
            if u < acc:
                return i
    return last


def attend_with_cache(q, k, v, cache=None):
    if cache is None:
        K, V = k.copy(), v.copy()
    else:
        K = np.concatenate([cache[0], k], axis=1)
        V = np.concatenate([cache[1], v], axis=1)
    H, N, d = q.shape
    past = K.shape[1] - N
    y = np.zeros((H, N, d))
    for h in range(H):
        for i in range(N):
            t = past + i
            s = np.zeros(t + 1)
            for j in range(t + 1):
                s[j] = np.dot(q[h, i], K[h, j]) / np.sqrt(d)
            w = np.exp(s - s.max())
            Z = w.sum()
            for j in range(t + 1):
                y[h, i] += w[j] / Z * V[h, j]
    return y, (K, V)


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    text = []
    cache = None
    for i in ids:
        logits, cache = step([i], cache)
        text.append(i)
    for _ in range(n_new):
        i = sample(next_probabilities(logits[0], temperature, top_k, top_p), rng)
        text.append(i)
        logits, cache = step([i], cache)
    return text
