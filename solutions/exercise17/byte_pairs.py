"""Exercise 17: byte-pair encoding."""

from collections import Counter
from itertools import pairwise


def train(text: str, n_merges: int) -> list[tuple[int, int]]:
    """Return up to n_merges pairs of ids: each is the most frequent pair after the merges before it."""
    ids, merges = list(text.encode()), []
    while len(merges) < n_merges:
        counts = Counter(pairwise(ids))
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)  # ties go to the smaller pair
        if best is None or counts[best] < 2:
            break
        ids = _merge(ids, best, 256 + len(merges))
        merges.append(best)
    return merges


def encode(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """Return the bytes of the text, after all merges were applied in the order in which they were learned."""
    ids = list(text.encode())
    for new, pair in enumerate(merges, start=256):
        ids = _merge(ids, pair, new)
    return ids


def decode(ids: list[int], merges: list[tuple[int, int]]) -> str:
    """Return the text of these ids, where invalid UTF-8 becomes the replacement character."""
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    if any(not 0 <= each < len(tokens) for each in ids):
        raise ValueError("ids must be at least 0 and below 256 + the number of merges")
    return b"".join(tokens[each] for each in ids).decode(errors="replace")


def _merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return the ids with every occurrence of the pair replaced by `new`, from left to right."""
    merged, place = [], 0
    while place < len(ids):
        found = tuple(ids[place : place + 2]) == tuple(pair)
        merged.append(new if found else ids[place])
        place += 2 if found else 1
    return merged


if __name__ == "__main__":
    from pieces import main

    main(train, encode, decode)
