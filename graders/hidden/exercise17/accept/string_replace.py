# The ids as one string with a character for each id, merged by str.replace.
from collections import Counter


def train(text, n_merges):
    ids = "".join(map(chr, text.encode("utf-8")))
    merges = []
    for new in range(256, 256 + n_merges):
        counts = Counter(map("".join, zip(ids, ids[1:])))
        most = max(counts.values(), default=0)
        if most < 2:
            break
        pair = min(p for p in counts if counts[p] == most)
        ids = ids.replace(pair, chr(new))
        merges.append((ord(pair[0]), ord(pair[1])))
    return merges


def encode(text, merges):
    ids = "".join(map(chr, text.encode("utf-8")))
    for new, (a, b) in enumerate(merges, 256):
        ids = ids.replace(chr(a) + chr(b), chr(new))
    return [ord(c) for c in ids]


def decode(ids, merges):
    if not set(ids) <= set(range(256 + len(merges))):
        raise ValueError("unknown id")
    text = "".join(map(chr, ids))
    for new in reversed(range(256, 256 + len(merges))):
        a, b = merges[new - 256]
        text = text.replace(chr(new), chr(a) + chr(b))
    return text.encode("latin-1").decode("utf-8", "replace")
