# Thresholds from sorted copies, a dict with the length for the cache, and a list of all ids.
# independent
import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        probabilities = np.zeros(len(logits))
        probabilities[np.argmax(logits)] = 1
    else:
        scaled = logits / temperature
        scaled = scaled - scaled.max()
        probabilities = np.exp(scaled)
        probabilities = probabilities / probabilities.sum()

    if top_k is not None:
        smallest_kept = np.sort(probabilities)[::-1][top_k - 1]
        probabilities = np.where(probabilities >= smallest_kept, probabilities, 0)
        probabilities = probabilities / probabilities.sum()

    if top_p is not None:
        values = sorted(probabilities.tolist(), reverse=True)
        total = 0
        for value in values:
            total = total + value
            if total >= top_p:
                break
        probabilities = np.where(probabilities >= value, probabilities, 0)
        probabilities = probabilities / probabilities.sum()

    return probabilities


def sample(probabilities, rng):
    all_ids = list(range(len(probabilities)))
    return int(rng.choice(all_ids, 1, p=probabilities)[0])


def attend_with_cache(q, k, v, cache=None):
    if cache is None:
        cache = {"keys": k, "values": v, "length": 0}
    else:
        cache = {
            "keys": np.concatenate([cache["keys"], k], axis=1),
            "values": np.concatenate([cache["values"], v], axis=1),
            "length": cache["length"],
        }
    outputs = []
    for row in range(q.shape[1]):
        seen = cache["length"] + row + 1
        keys = cache["keys"][:, :seen]
        values = cache["values"][:, :seen]
        heads = []
        for head in range(q.shape[0]):
            scores = keys[head].dot(q[head, row]) / np.sqrt(q.shape[2])
            weights = np.exp(scores)
            weights = weights / weights.sum()
            heads.append(weights.dot(values[head]))
        outputs.append(heads)
    cache["length"] = cache["length"] + q.shape[1]
    return np.array(outputs).swapaxes(0, 1), cache


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    text = ids.copy()
    new = ids
    cache = None
    while len(text) < len(ids) + n_new:
        logits, cache = step(new, cache)
        probabilities = next_probabilities(logits[-1], temperature, top_k, top_p)
        new = [sample(probabilities, rng)]
        text.extend(new)
    return text
