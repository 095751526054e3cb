# As in the transformers library: a class for each option that changes logits, and a cache of pieces.
# independent
import math

import numpy as np

FILTER_VALUE = -float("Inf")


def softmax(scores, dim=-1):
    scores = scores - scores.max(axis=dim, keepdims=True)
    e = np.exp(scores)
    return e / e.sum(axis=dim, keepdims=True)


class TemperatureLogitsWarper:
    def __init__(self, temperature):
        self.temperature = temperature

    def __call__(self, scores):
        if self.temperature == 0:
            out = np.full(scores.shape, FILTER_VALUE)
            out[np.argmax(scores)] = 0.0
            return out
        return scores / self.temperature


class TopKLogitsWarper:
    def __init__(self, top_k):
        self.top_k = top_k

    def __call__(self, scores):
        top_k = min(self.top_k, scores.shape[-1])
        kth = np.partition(scores, -top_k)[-top_k]
        return np.where(scores < kth, FILTER_VALUE, scores)


class TopPLogitsWarper:
    def __init__(self, top_p):
        self.top_p = top_p

    def __call__(self, scores):
        sorted_indices = np.argsort(scores)[::-1]
        cumulative_probs = np.cumsum(softmax(scores)[sorted_indices])
        sorted_indices_to_remove = cumulative_probs >= self.top_p
        sorted_indices_to_remove[1:] = sorted_indices_to_remove[:-1].copy()
        sorted_indices_to_remove[0] = False
        out = np.array(scores)
        out[sorted_indices[sorted_indices_to_remove]] = FILTER_VALUE
        return out


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    warpers = [TemperatureLogitsWarper(temperature)]
    if top_k is not None:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p is not None:
        warpers.append(TopPLogitsWarper(top_p))
    scores = logits
    for warper in warpers:
        scores = warper(scores)
    return softmax(scores)


def sample(probabilities, rng):
    return int(np.argmax(rng.multinomial(1, probabilities)))


class DynamicCache:
    def __init__(self):
        self.key_cache = []
        self.value_cache = []

    def update(self, key_states, value_states):
        new = DynamicCache()
        new.key_cache = self.key_cache + [key_states.copy()]
        new.value_cache = self.value_cache + [value_states.copy()]
        return new

    def get_seq_length(self):
        return sum(k.shape[-2] for k in self.key_cache)


def attend_with_cache(q, k, v, cache=None):
    past_key_values = cache if cache is not None else DynamicCache()
    past_len = past_key_values.get_seq_length()
    past_key_values = past_key_values.update(k, v)
    key = np.concatenate(past_key_values.key_cache, axis=-2)
    value = np.concatenate(past_key_values.value_cache, axis=-2)
    L, S = q.shape[-2], key.shape[-2]
    attn_bias = np.zeros((L, S))
    attn_bias[~np.tril(np.ones((L, S), dtype=bool), k=past_len)] = float("-inf")
    attn_weight = softmax(q @ key.transpose(0, 2, 1) / math.sqrt(q.shape[-1]) + attn_bias)
    return attn_weight @ value, past_key_values


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    input_ids = np.array(ids)
    past = None
    logits = None
    unread = input_ids
    for _ in range(n_new):
        logits, past = step(unread, past)
        next_token = sample(next_probabilities(logits[-1, :], temperature, top_k, top_p), rng)
        input_ids = np.concatenate([input_ids, [next_token]])
        unread = input_ids[-1:]
    return list(input_ids)
