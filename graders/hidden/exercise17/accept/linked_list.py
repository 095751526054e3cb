# A linked list of the ids and a heap of the pairs that can be merged; decode follows the pairs recursively.
# core only
import heapq
from collections import Counter


def encode(text, merges):
    ids = list(text.encode())
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    after = [*range(1, len(ids)), None]
    before = [None, *range(len(ids) - 1)]
    alive = [True] * len(ids)
    heap = []

    def offer(i):
        if i is not None and after[i] is not None and (ids[i], ids[after[i]]) in ranks:
            heapq.heappush(heap, (ranks[ids[i], ids[after[i]]], i))

    for i in range(len(ids)):
        offer(i)
    while heap:
        rank, i = heapq.heappop(heap)
        j = after[i] if alive[i] else None
        if j is None or ranks.get((ids[i], ids[j])) != rank:
            continue
        ids[i], alive[j], after[i] = 256 + rank, False, after[j]
        if after[i] is not None:
            before[after[i]] = i
        offer(before[i])
        offer(i)
    return [id for id, living in zip(ids, alive) if living]


def train(text, n_merges):
    merges = []
    for _ in range(n_merges):
        ids = encode(text, merges)
        counts = Counter(zip(ids, ids[1:]))
        if not counts or max(counts.values()) < 2:
            break
        merges.append(max(counts, key=lambda p: (counts[p], -p[0], -p[1])))
    return merges


def decode(ids, merges):
    def expand(i):
        if i < 256:
            yield i
        else:
            for half in merges[i - 256]:
                yield from expand(half)

    return bytes(byte for i in ids for byte in expand(i)).decode(errors="replace")
