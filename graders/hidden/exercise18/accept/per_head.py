# One head at a time, a dict of heads for the cache, sets of ids to keep, and a permuted draw.
import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and (top_p <= 0 or top_p > 1)):
        raise ValueError(f"{temperature}, {top_k}, {top_p}")
    best = int(np.argmax(logits))
    if temperature == 0:
        keep, z = {best}, logits - logits[best]
    else:
        keep, z = set(range(len(logits))), (logits - logits[best]) / temperature
    while top_k is not None and len(keep) > top_k:
        keep.remove(min(keep, key=lambda i: z[i]))

    def shares():
        p = np.zeros(len(z))
        for i in keep:
            p[i] = np.exp(z[i])
        return p / np.sum(p)

    p = shares()
    if top_p is not None:
        for i in sorted(keep, key=lambda i: z[i]):  # smallest first: drop it if the others are enough
            if len(keep) > 1 and sum(p[j] for j in keep if j != i) >= top_p:
                keep.remove(i)
            else:
                break
    return shares()


def sample(probabilities, rng):
    order = rng.permutation(len(probabilities))
    ends = np.cumsum(probabilities[order])
    return int(order[min(np.count_nonzero(ends <= rng.random()), len(order) - 1)])


def attend_with_cache(q, k, v, cache=None):
    heads, new, features = q.shape
    y, later = np.empty((heads, new, features)), {}
    for h in range(heads):
        keys, values = (
            (k[h], v[h]) if cache is None else (np.vstack([cache[h][0], k[h]]), np.vstack([cache[h][1], v[h]]))
        )
        past = len(keys) - new
        for row in range(new):
            seen = slice(past + row + 1)
            e = np.exp(keys[seen] @ q[h, row] / np.sqrt(features))
            y[h, row] = e @ values[seen] / e.sum()
        later[h] = keys, values
    return y, later


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    if len(ids) < 1:
        raise ValueError("ids: give at least one id")
    *first, new = ids
    cache = step(first, None)[1] if first else None
    text = [*first, new]
    for _ in range(n_new):
        rows, cache = step((new,), cache)
        new = sample(next_probabilities(rows[0], temperature=temperature, top_k=top_k, top_p=top_p), rng)
        text = text + [new]
    return text
