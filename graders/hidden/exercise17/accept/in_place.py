# Slices of the list of ids are replaced in place, from left to right.
# core only
def count(ids):
    counts = {}
    for i in range(len(ids) - 1):
        pair = (ids[i], ids[i + 1])
        if pair in counts:
            counts[pair] += 1
        else:
            counts[pair] = 1
    return counts


def replace(ids, pair, new):
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new]
        i += 1


def train(text, n_merges):
    ids = list(bytes(text, "utf8"))
    merges = []
    new = 256
    while n_merges > 0:
        best, best_count = None, 1
        counts = count(ids)
        for pair in sorted(counts):
            if counts[pair] > best_count:
                best, best_count = pair, counts[pair]
        if best is None:
            return merges
        replace(ids, best, new)
        merges.append(best)
        new += 1
        n_merges -= 1
    return merges


def encode(text, merges):
    ids = list(bytes(text, "utf8"))
    for i in range(len(merges)):
        replace(ids, merges[i], 256 + i)
    return ids


def decode(ids, merges):
    todo = list(ids)[::-1]
    result = bytearray()
    while todo:
        i = todo.pop()
        if i < 256:
            result.append(i)
        else:
            left, right = merges[i - 256]
            todo.append(right)
            todo.append(left)
    return result.decode(errors="replace")
