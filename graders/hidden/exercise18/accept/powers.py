# The temperature as a power of the probabilities, and attention computed again for the whole text, queries included.
# core only
import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    probs = np.exp(logits) / np.exp(logits).sum()
    if temperature == 0:
        result = np.zeros_like(probs)
        result[probs.argmax()] = 1
        return result
    probs = probs ** (1 / temperature)
    probs = probs / probs.sum()
    if top_k is not None:
        keep = np.argsort(probs)[-top_k:]
        new = np.zeros_like(probs)
        new[keep] = probs[keep]
        probs = new / new.sum()
    if top_p is not None:
        new, total = np.zeros_like(probs), 0
        rest = probs.copy()
        while total < top_p and rest.max() > 0:
            i = rest.argmax()
            new[i] = probs[i]
            total += probs[i]
            rest[i] = 0
        probs = new / new.sum()
    return probs


def sample(probabilities, rng):
    return rng.choice(np.arange(len(probabilities)), p=probabilities)


def attend_with_cache(q, k, v, cache=None):
    new = q.shape[1]
    if cache is not None:
        q, k, v = (np.concatenate(pair, axis=1) for pair in zip(cache, (q, k, v), strict=True))
    scores = q @ np.moveaxis(k, 1, 2) / np.sqrt(q.shape[2])
    weights = np.exp(scores) * np.tril(np.ones((q.shape[1], q.shape[1])))
    weights = weights / weights.sum(axis=2, keepdims=True)
    return (weights @ v)[:, -new:], [q, k, v]


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    result = list(ids)
    logits, cache = step(ids, None)
    for i in range(n_new):
        if i > 0:
            logits, cache = step([result[-1]], cache)
        result.append(sample(next_probabilities(logits[-1, :], temperature, top_k, top_p), rng))
    return result
