# Stages put together with reduce, Gumbel noise, and a linked list for the cache.
# independent
from functools import reduce
from itertools import accumulate, takewhile

import numpy as np


def normalised(p):
    return p / np.sum(p)


def keep(p, ids):
    kept = frozenset(ids)
    return normalised(np.array([x if i in kept else 0.0 for i, x in enumerate(p)]))


def ranked(p):
    return sorted(range(len(p)), key=lambda i: p[i], reverse=True)


def heat(temperature):
    if temperature == 0:
        return lambda z: normalised(np.isclose(z, max(z), rtol=0, atol=0).astype(float))
    return lambda z: normalised(np.exp((z - max(z)) / temperature))


def keep_k(k):
    return lambda p: keep(p, ranked(p)[:k])


def keep_p(limit):
    def f(p):
        order = ranked(p)
        sums = accumulate(p[i] for i in order)
        return keep(p, order[: 1 + len(list(takewhile(lambda s: s < limit, sums)))])

    return f


def identity(x):
    return x


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    stages = (
        heat(temperature),
        keep_k(top_k) if top_k is not None else identity,
        keep_p(top_p) if top_p is not None else identity,
    )
    return reduce(lambda x, stage: stage(x), stages, logits)


def sample(probabilities, rng):
    noise = rng.gumbel(size=len(probabilities))
    return max((i for i, p in enumerate(probabilities) if p > 0), key=lambda i: np.log(probabilities[i]) + noise[i])


def unrolled(cache):
    return () if cache is None else unrolled(cache[0]) + (cache[1:],)


def attend_one(cache, qkv):
    q, k, v = qkv
    cache = (cache, k.copy(), v.copy())
    keys, values = map(np.array, zip(*unrolled(cache)))
    scores = (keys * q).sum(-1) / q.shape[-1] ** 0.5
    weights = np.exp(scores - scores.max(0))
    return cache, (weights[..., None] * values).sum(0) / weights.sum(0)[:, None]


def attend_with_cache(q, k, v, cache=None):
    tokens = zip(*(np.moveaxis(a, 1, 0) for a in (q, k, v)))
    cache, ys = reduce(
        lambda state, qkv: (lambda c, y: (c, state[1] + (y,)))(*attend_one(state[0], qkv)), tokens, (cache, ())
    )
    return np.stack(ys, axis=1), cache


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    def more(state, _):
        text, new, cache = state
        logits, cache = step(list(new), cache)
        token = sample(next_probabilities(logits[-1], temperature, top_k, top_p), rng)
        return text + (token,), (token,), cache

    return list(reduce(more, range(n_new), (tuple(ids), tuple(ids), None))[0])
