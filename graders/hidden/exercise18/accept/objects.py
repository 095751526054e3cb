# Classes for the cache and the writer, masks with large negative numbers, and thresholds from sorted copies.
# core only
import numpy as np


class KeysAndValues:
    def __init__(self):
        self.keys, self.values = [], []

    def joined(self):
        return np.concatenate(self.keys, axis=1), np.concatenate(self.values, axis=1)

    def __len__(self):
        return sum(k.shape[1] for k in self.keys)


class Writer:
    def __init__(self, step, rng, **options):
        self.step, self.rng, self.options = step, rng, options
        self.text, self.cache, self.logits = [], None, None

    def read(self, ids):
        self.logits, self.cache = self.step(ids, self.cache)
        self.text += [int(i) for i in ids]

    def choose(self):
        return sample(next_probabilities(self.logits[-1], **self.options), self.rng)


def softmax(z):
    z = np.exp(z - z.max(-1)[..., None])
    return z / z.sum(-1)[..., None]


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if not temperature:
        return np.where(logits == max(logits), 1, 0)
    scaled = logits / temperature
    if top_k:
        threshold = sorted(scaled, reverse=True)[top_k - 1]
        scaled = np.where(scaled < threshold, -1e9, scaled)
    probs = softmax(scaled)
    if top_p:
        descending = np.sort(probs)[::-1]
        total = 0.0
        for threshold in descending:
            total += threshold
            if total >= top_p:
                break
        probs = np.where(probs >= threshold, probs, 0)
        probs = probs / probs.sum()
    return probs


def sample(probabilities, rng):
    return rng.multinomial(1, probabilities).argmax()


def attend_with_cache(q, k, v, cache=None):
    if cache is None:
        cache = KeysAndValues()
    past = len(cache)
    cache.keys.append(k)
    cache.values.append(v)
    keys, values = cache.joined()
    scores = (q[:, :, None, :] * keys[:, None, :, :]).sum(-1) / np.sqrt(q.shape[-1])
    for i in range(q.shape[1]):
        scores[:, i, past + i + 1 :] = -1e9
    return softmax(scores) @ values, cache


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    writer = Writer(step, rng, temperature=temperature, top_k=top_k, top_p=top_p)
    writer.read(ids)
    for _ in range(n_new):
        writer.read([writer.choose()])
    return writer.text
