# A generator that holds back one id; the merges are returned as an array.
import codecs
from collections import Counter

import numpy as np


def merged(ids, pair, new):
    held = None
    for i in ids:
        if held is not None and (held, i) == pair:
            yield new
            held = None
        else:
            if held is not None:
                yield held
            held = i
    if held is not None:
        yield held


def train(text, n_merges):
    ids = list(text.encode())
    merges = np.zeros((0, 2), dtype=int)
    for step in range(n_merges):
        ranking = sorted(Counter(zip(ids[:-1], ids[1:])).items())
        ranking.sort(key=lambda item: item[1], reverse=True)  # stable, so equal counts stay sorted by pair
        if not ranking or ranking[0][1] < 2:
            break
        ids = list(merged(ids, ranking[0][0], 256 + step))
        merges = np.vstack([merges, ranking[0][0]])
    return merges if len(merges) else []


def encode(text, merges):
    ids = iter(text.encode())
    for step, pair in enumerate(merges):
        ids = merged(ids, tuple(pair), 256 + step)
    return list(ids)


def decode(ids, merges):
    ids = [int(i) for i in ids]
    if ids and not 0 <= min(ids) <= max(ids) < 256 + len(merges):
        raise ValueError(ids)
    for step in range(len(merges) - 1, -1, -1):
        ids = [part for i in ids for part in (merges[step] if i == 256 + step else (i,))]
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return "".join(decoder.decode(bytes([i])) for i in ids) + decoder.decode(b"", final=True)
