# The README's formulas, word for word
# independent
from collections import Counter


def replace(ids, pair, new):
    # "Where the pair starts, append the new id and move on by two; elsewhere, append the old id and move on by one."
    result = []
    index = 0
    while index < len(ids):
        if tuple(ids[index : index + 2]) == tuple(pair):
            result.append(new)
            index += 2
        else:
            result.append(ids[index])
            index += 1
    return result


def train(text, n_merges):
    ids = list(text.encode())
    merges = []
    for i in range(n_merges):
        # "zip(ids, ids[1:]) lists all that has to be counted"
        counts = Counter(zip(ids, ids[1:]))
        # "train stops after n_merges merges, or earlier if no pair is in two places"
        if not counts or max(counts.values()) < 2:
            break
        # "a tuple of minus the count, and the pair"
        pair = min(counts, key=lambda each: (-counts[each], each))
        ids = replace(ids, pair, 256 + i)
        merges.append(pair)
    return merges


def encode(text, merges):
    ids = list(text.encode())
    for i, pair in enumerate(merges):
        ids = replace(ids, pair, 256 + i)
    return ids


def decode(ids, merges):
    bytes_of_ids = [bytes([i]) for i in range(256)]
    for left, right in merges:
        bytes_of_ids.append(bytes_of_ids[left] + bytes_of_ids[right])
    joined = b"".join(bytes_of_ids[i] for i in ids)
    return joined.decode(errors="replace")
