# Logits that are set to minus infinity, sums searched with one random number, and the prompt token by token.
import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature < 0:
        raise ValueError("temperature must be at least 0")
    if top_k is not None and top_k <= 0:
        raise ValueError("top_k must be positive")
    if top_p is not None and (top_p <= 0 or top_p > 1):
        raise ValueError("top_p must be in (0, 1]")
    if temperature == 0:
        p = np.zeros(len(logits))
        p[np.argmax(logits)] = 1.0
        return p
    z = logits / temperature
    if top_k is not None:
        z[z < np.sort(z)[-top_k]] = -np.inf
    if top_p is not None:
        order = np.argsort(z)[::-1]
        p = softmax(z[order])
        remove = np.cumsum(p) >= top_p
        remove[1:] = remove[:-1].copy()
        remove[0] = False
        z[order[remove]] = -np.inf
    return softmax(z)


def sample(probabilities, rng):
    sums = np.cumsum(probabilities)
    return int(np.searchsorted(sums / sums[-1], rng.random(), side="right"))


def attend_with_cache(q, k, v, cache=None):
    past = 0
    if cache is not None:
        past = cache["k"].shape[1]
        k = np.concatenate((cache["k"], k), axis=1)
        v = np.concatenate((cache["v"], v), axis=1)
    scores = np.einsum("hqd,hkd->hqk", q, k) / q.shape[2] ** 0.5
    mask = np.triu(np.ones(scores.shape[1:]), past + 1)
    weights = softmax(np.where(mask == 1, -np.inf, scores))
    return np.einsum("hqk,hkd->hqd", weights, v), {"k": k, "v": v}


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    if not len(ids):
        raise ValueError("no prompt")
    cache = None
    for i in ids:
        logits, cache = step([i], cache)
    text = [int(i) for i in ids]
    while len(text) < len(ids) + n_new:
        text.append(sample(next_probabilities(logits[0], temperature, top_k, top_p), rng))
        logits, cache = step(text[-1:], cache)
    return text
