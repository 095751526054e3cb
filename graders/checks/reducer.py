"""Finds a small failing input by greedily simplifying a recorded case as long as it still fails.

A move drops entries along a named size (such as a row or a column), or sets entries to 0 or 1, or rounds or halves
entries. If a case has many numbers, its arrays first repeat a few. The moves are repeated until none of them helps or
the budget is spent. A candidate is accepted only if it is simpler and still fails, so the result is never more
complicated than the original. The search is deterministic.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from graders.checks.draw import Array, ArrayDrawn, Node, Script, SeedDrawn, SizeDrawn, Unreplayable, within
from graders.errors import WorkerError

MANY = 200  # if a case has more numbers, its arrays repeat their first few
FEW = 7

Fails = Callable[[Script], bool]
Move = Callable[[Array], Array]


def reduce(script: Script, fails: Fails, budget: int = 200) -> tuple[Script, int]:
    """Return the simplest failing script that was found, and the number of calls to `fails` (at most `budget`).

    A script for which `fails` raises Unreplayable does not fail. A WorkerError ends the search. If the result does not
    fail again, the submission's answers vary, and the original script is returned.
    """
    search = _Search(script, fails, budget - 1)
    rounded = script
    for i, node in enumerate(script):
        rounded = (_moved(rounded, i, _to_tenths) or rounded) if isinstance(node, ArrayDrawn) else rounded
    search.accepts(rounded)  # first, because it makes arrays short to write, however soon the search ends
    sizes = {i: node.value.size for i, node in enumerate(script) if isinstance(node, ArrayDrawn)}
    if sum(sizes.values()) > MANY and not search.accepts(_repeating(search.best, [*sizes])):
        for i in sizes:
            search.accepts(_repeating(search.best, [i]))
    before = None
    while before is not search.best and not search.over:
        before = search.best
        _drop(search)
        _simplify(search)
    if search.best is not script and not search.stopped and not search.asks(search.best, if_stopped=True):
        return script, search.calls
    return search.best, search.calls


class _Search:
    """The state of a search, with the best script so far, the scripts tried and the remaining budget."""

    def __init__(self, script: Script, fails: Fails, budget: int) -> None:
        self.best = script
        self.calls = 0
        self.stopped = False
        self._fails = fails
        self._budget = budget
        self._tried = {_key(script)}

    @property
    def over(self) -> bool:
        return self.stopped or self.calls >= self._budget

    def accepts(self, candidate: Script | None) -> bool:
        """Return whether the candidate still fails. If it does, make it the best script."""
        if candidate is None or self.over or (key := _key(candidate)) in self._tried:
            return False
        self._tried.add(key)
        if not self.asks(candidate):
            return False
        self.best = candidate
        return True

    def asks(self, candidate: Script, if_stopped: bool = False) -> bool:
        self.calls += 1
        try:
            return self._fails(candidate)
        except Unreplayable:
            return False
        except WorkerError:
            self.stopped = True
            return if_stopped


def _key(script: Script) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for node in script:
        if isinstance(node, ArrayDrawn):
            digest.update(f"{node.axes} {node.value.shape}".encode() + node.value.tobytes())
        else:
            digest.update(repr(node).encode())
    return digest.digest()


# ------------------------------------------------------------------------------------------------- sizes


def _drop(search: _Search) -> None:
    """Shrink each size on its own, then shrink equal sizes together, because a failure may need a square matrix."""
    sizes = {node.name: node.value for node in search.best if isinstance(node, SizeDrawn)}
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        _drop_along(search, (name,))
    sizes = {node.name: node.value for node in search.best if isinstance(node, SizeDrawn)}
    for value in sorted({*sizes.values()} - {0, 1}, reverse=True):
        group = tuple(name for name in sizes if sizes[name] == value)
        if len(group) > 1:
            _drop_along(search, group)


def _drop_along(search: _Search, names: tuple[str, ...]) -> None:
    """Remove index ranges of the named sizes, in pieces that start large and shrink to a single index."""
    size, low = _size(search.best, names)
    if size <= low:
        return
    if low < size - 1 and search.accepts(_keeping(search.best, names, range(low))):
        return
    piece = (size + 1) // 2
    while piece and not search.over:
        start = 0
        while start < (size := _size(search.best, names)[0]) and not search.over:
            kept = [i for i in range(size) if not start <= i < start + piece]
            if len(kept) < low or not search.accepts(_keeping(search.best, names, kept)):
                start += piece
        piece //= 2


def _size(script: Script, names: tuple[str, ...]) -> tuple[int, int]:
    nodes = [node for node in script if isinstance(node, SizeDrawn) and node.name in names]
    return nodes[0].value, max(node.low for node in nodes)


def _keeping(script: Script, names: tuple[str, ...], kept: Sequence[int]) -> Script:
    """Return the script in which every array keeps only these indices along the axes with the named sizes."""
    return tuple(_node_keeping(node, names, kept) for node in script)


def _node_keeping(node: Node, names: tuple[str, ...], kept: Sequence[int]) -> Node:
    if isinstance(node, SizeDrawn) and node.name in names:
        return replace(node, value=len(kept))
    if not isinstance(node, ArrayDrawn):
        return node
    value, high = node.value, node.high
    if node.high_size in names:  # renumber class labels; a label whose class is gone becomes 0
        position = {old: new for new, old in enumerate(kept)}
        renamed = [position.get(label, 0) for label in value.reshape(-1).tolist()]
        value, high = np.asarray(renamed, dtype=value.dtype).reshape(value.shape), len(kept)
    for axis, name in enumerate(node.axes):
        if name in names:
            value = np.take(value, np.asarray(kept, dtype=np.intp), axis=axis)
    return replace(node, value=value, high=high)


# ------------------------------------------------------------------------------------------------ values


def _repeating(script: Script, places: Sequence[int]) -> Script:
    """Return the script in which the arrays at these places repeat their first few entries."""
    for i in places:
        node = script[i]
        if isinstance(node, ArrayDrawn):
            script = _with(script, i, replace(node, value=np.resize(node.value.ravel()[:FEW], node.value.shape)))
    return script


def _halved(values: Array) -> Array:
    return np.where(np.rint(values) == values, np.trunc(values / 2), values)


def _to_tenths(values: Array) -> Array:
    return np.round(values, 1)


# The moves with the simplest results come first. Halving moves an integer towards 0.
_MOVES: tuple[Move, ...] = (np.zeros_like, np.ones_like, np.rint, _to_tenths, _halved)


def _simplify(search: _Search) -> None:
    """Simplify whole arrays first, then smaller and smaller blocks down to single entries."""
    for i, node in enumerate(search.best):
        if isinstance(node, SeedDrawn):
            search.accepts(_with(search.best, i, replace(node, value=0)))
    arrays = [i for i, node in enumerate(search.best) if isinstance(node, ArrayDrawn)]
    for move in _MOVES:
        for i in arrays:
            search.accepts(_moved(search.best, i, move))
    for move in _MOVES:
        for i in arrays:
            _move_blocks(search, i, move)


def _move_blocks(search: _Search, i: int, move: Move) -> None:
    """Apply the move to all entries of node i that it simplifies. If the case then passes, try each half of them."""
    queue = [_simplified(search.best[i], move)[1]]
    while queue and not search.over:
        block = queue.pop(0)
        if block.size and not search.accepts(_moved(search.best, i, move, block)) and block.size > 1:
            queue += np.array_split(block, 2)


def _moved(script: Script, i: int, move: Move, block: Array | None = None) -> Script | None:
    """Return the script with the move applied to a block (flat positions) of array i, or None if it changes nothing."""
    moved, positions = _simplified(script[i], move)
    if block is not None:
        positions = np.intersect1d(positions, block)
    if not positions.size:
        return None
    new = np.array(script[i].value)  # type: ignore[union-attr]  # an array
    new.reshape(-1)[positions] = moved.reshape(-1)[positions]
    return _with(script, i, replace(script[i], value=new))  # type: ignore[arg-type]


@functools.lru_cache(maxsize=32)  # the blocks of a node ask for the same entries again and again
def _simplified(node: ArrayDrawn, move: Move) -> tuple[Array, Array]:
    """Return a node's entries after the move, and the flat positions of those that it simplifies."""
    old = node.value
    new = np.asarray(move(old) + 0).astype(old.dtype)  # + 0 turns -0.0 into 0.0
    before, after = _rank(old), _rank(new)
    simpler = (after < before) | ((after == before) & (abs(new) < abs(old)) & (np.rint(new) == new))
    return new, np.flatnonzero(simpler & within(new, node.kind, node.low, node.high))


def _rank(values: Array) -> Array:
    """Rank entries by how easy they are to read: 0, 1, other integers, numbers with one decimal, and the rest."""
    whole = np.rint(values) == values
    tenths = whole | (np.round(values, 1) == values)
    return np.asarray(4 - tenths.astype(int) - whole - ((values == 0) | (values == 1)) - (values == 0))


def _with(script: Script, i: int, node: Node) -> Script:
    return (*script[:i], node, *script[i + 1 :])
