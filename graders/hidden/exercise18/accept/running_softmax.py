# A softmax that runs over the keys one at a time, a tuple for the text, and a child generator for each id.
import numpy as np


def valid(condition, name):
    if not condition:
        raise ValueError(f"{name} is impossible")


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    valid(temperature >= 0, "temperature")
    valid(top_k is None or top_k >= 1, "top_k")
    valid(top_p is None or 0 < top_p <= 1, "top_p")
    rank = np.argsort(np.argsort(-logits))  # 0 for the largest
    keep = rank < (1 if temperature == 0 else len(logits) if top_k is None else top_k)
    z = (logits - logits.max()) / (temperature or 1)
    p = np.exp(z) * keep
    p = p / p.sum()
    if top_p is not None:
        sums = np.cumsum(p[np.argsort(rank)])
        needed = 1 + np.count_nonzero(sums < top_p)
        p = p * (rank < needed)
    return p / p.sum()


def sample(probabilities, rng):
    child = np.random.default_rng(rng.integers(2**63, size=4))
    return int(child.choice(len(probabilities), p=probabilities))


def attend_with_cache(q, k, v, cache=None):
    pairs = list(cache or [])
    y = []
    for t in range(q.shape[1]):
        pairs.append((np.array(k[:, t]), np.array(v[:, t])))
        largest, total, mean = -np.inf, 0.0, 0.0
        for key, value in pairs:
            score = (q[:, t] * key).sum(axis=1, keepdims=True) / np.sqrt(q.shape[2])
            new = np.maximum(largest, score)
            shrink, weight = np.exp(largest - new), np.exp(score - new)
            largest, total, mean = new, total * shrink + weight, mean * shrink + weight * value
        y.append(mean / total)
    return np.stack(y, axis=1), pairs


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    valid(len(ids) > 0, "an empty text")
    text, passed, cache = tuple(ids), 0, None
    goal = len(text) + n_new
    while len(text) < goal:
        logits, cache = step(text[passed:], cache)
        passed = len(text)
        text += (sample(next_probabilities(logits[-1], temperature, top_k, top_p), rng),)
    return text
