# Typed classes and named tuples
# independent
"""Byte-pair encoding: a typed vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

FIRST_MERGED_ID: Final[int] = 256


class Pair(NamedTuple):
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    merges: tuple[Pair, ...] = field(default=())

    @classmethod
    def of(cls, merges: Iterable[Sequence[int]]) -> Vocabulary:
        return cls(tuple(Pair(left, right) for left, right in merges))

    def __len__(self) -> int:
        return FIRST_MERGED_ID + len(self.merges)

    def bytes_of_ids(self) -> list[bytes]:
        table: list[bytes] = [bytes((byte,)) for byte in range(FIRST_MERGED_ID)]
        for pair in self.merges:
            table.append(table[pair.left] + table[pair.right])
        return table


def _merged(ids: Sequence[int], pair: Pair, new: int) -> Iterator[int]:
    remaining: Iterator[int] = iter(ids)
    waiting: int | None = None
    for current in remaining:
        if waiting is None:
            waiting = current
        elif (waiting, current) == pair:
            yield new
            waiting = None
        else:
            yield waiting
            waiting = current
    if waiting is not None:
        yield waiting


def _most_frequent(ids: Sequence[int]) -> Pair | None:
    counts: Counter[tuple[int, int]] = Counter(pairwise(ids))
    if not counts:
        return None
    highest: int = max(counts.values())
    return Pair(*min(pair for pair, count in counts.items() if count == highest)) if highest > 1 else None


def train(text: str, n_merges: int) -> list[Pair]:
    ids: list[int] = list(text.encode("utf-8"))
    merges: list[Pair] = []
    while len(merges) < n_merges and (pair := _most_frequent(ids)) is not None:
        ids = list(_merged(ids, pair, FIRST_MERGED_ID + len(merges)))
        merges.append(pair)
    return merges


def encode(text: str, merges: Iterable[Sequence[int]]) -> list[int]:
    ids: list[int] = list(text.encode("utf-8"))
    for new, pair in enumerate(Vocabulary.of(merges).merges, start=FIRST_MERGED_ID):
        ids = list(_merged(ids, pair, new))
    return ids


def decode(ids: Iterable[int], merges: Iterable[Sequence[int]]) -> str:
    vocabulary = Vocabulary.of(merges)
    table = vocabulary.bytes_of_ids()
    data = bytearray()
    for each in ids:
        if not 0 <= each < len(vocabulary):
            raise ValueError(f"there is no id {each}; there are {len(vocabulary)} ids")
        data += table[each]
    return data.decode("utf-8", errors="replace")
