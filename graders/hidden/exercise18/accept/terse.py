# As short as possible: an exponential race for the id, a closure for the cache, and recursion for the text.
# independent
import numpy as np

n_ = lambda p: p / p.sum()


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    z = logits
    o = (-z).argsort()
    p = n_(np.exp((z - z.max()) / temperature)) if temperature else (z == z.max()) * 1.0
    p[o[top_k or len(p) :]] = 0
    p = n_(p)
    if top_p:
        p[o[sum(p[o].cumsum() < top_p) + 1 :]] = 0
    return n_(p)


sample = lambda probabilities, rng: int(
    (rng.exponential(size=len(probabilities)) / np.maximum(probabilities, 1e-300)).argmin()
)


def attend_with_cache(q, k, v, cache=None):
    if cache:
        K, V = cache()
        k = np.hstack([K, k])
        v = np.hstack([V, v])
    n, m = q.shape[1], k.shape[1]
    w = np.tril(np.exp(q @ k.swapaxes(1, 2) / q.shape[2] ** 0.5), m - n)
    return w @ v / w.sum(2, keepdims=1), lambda: (k, v)


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None, cache=None, new=None):
    if n_new < 1:
        return [*ids]
    l, c = step(new or ids, cache)
    i = sample(next_probabilities(l[-1], temperature, top_k, top_p), rng)
    return write(step, [*ids, i], n_new - 1, rng, temperature, top_k, top_p, c, [i])
